"""Control charts of an indicator month by month: is the last figure unusual, can this caisse ever reach its target."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.presentation import cible_le, decrire_cible
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds, bornes, connu_le, slugs
from shared.dossiers.valeurs import Demande
from shared.indicators.periodes import Periode, decouper
from shared.indicators.spc import assurance, carte_p_prime, carte_xmr
from shared.indicators.statistiques import POUR_CENT, RESEAU, Valeur
from shared.network.jours import date_de, jour_de


def mois_entiers(au: date, mois: int) -> list[Periode]:
    """The last ``mois`` whole months that end on ``au`` or before."""
    dernier = date_de(jour_de(au) + 1)
    fin = jour_de(dernier.replace(day=1)) - 1
    rang = date_de(fin).year * 12 + date_de(fin).month - mois
    return decouper(date(rang // 12, rang % 12 + 1, 1), date_de(fin), "mois")


async def cartes(fonds: Fonds, conn: AsyncConnection, demande: Demande) -> list[Document]:
    """The charts of the caisse asked, else of the network and of every caisse measured, over the periods in order.

    A chart takes the last periods measured without a gap: a month without a figure ends what comes before it. The
    objectif is that of the last period. Raises DemandeInvalide as ``Evaluateur.valeurs``.
    """
    valeurs = await fonds.evaluateur.valeurs(conn, demande)
    par_caisse: dict[int, dict[Periode, Valeur]] = {}
    for valeur in valeurs:
        if valeur.valeur is not None:
            par_caisse.setdefault(valeur.caisse, {})[valeur.periode] = valeur
    voulues = [code for code in slugs() if code in par_caisse and demande.caisse in (None, code)]
    if demande.caisse is None and RESEAU not in par_caisse:
        return []
    return [_carte(demande, code, par_caisse[code]) for code in voulues]


def _carte(demande: Demande, code: int, mesurees: Mapping[Periode, Valeur]) -> Document:
    suite = _sans_trou(demande.periodes, mesurees)
    carte = carte_xmr([v.valeur for v in suite if v.valeur is not None])
    applicable = (
        None if demande.horloge else cible_le(demande.indicateur, demande.periodes[-1], connu_le(demande), code)
    )
    objectif = applicable.cible.valeur if applicable else None
    signaux = {v.periode: s for v, s in zip(suite, carte.signaux if carte else (), strict=False)}
    return {
        "caisse": slugs()[code],
        "points": [
            {
                **bornes(periode),
                "valeur": mesurees[periode].valeur if periode in mesurees else None,
                "n": mesurees[periode].n if periode in mesurees else 0,
                "signal": signaux.get(periode),
            }
            for periode in demande.periodes
        ],
        "depuis": date_de(suite[0].periode.du),
        "limites": None if carte is None else carte.limites._asdict(),
        "provisoires": None if carte is None else carte.provisoire,
        "cible": decrire_cible(applicable),
        "assurance": None
        if carte is None or objectif is None
        else assurance(carte.limites, float(objectif), demande.indicateur.sens),
        "p_prime": _p_prime(suite) if demande.indicateur.unite == "%" else None,
    }


def _sans_trou(periodes: Sequence[Periode], mesurees: Mapping[Periode, Valeur]) -> list[Valeur]:
    """The values of the last run of periods that are all measured."""
    suite: list[Valeur] = []
    for periode in reversed(periodes):
        if periode in mesurees:
            suite.append(mesurees[periode])
        elif suite:
            break
    return suite[::-1]


def _p_prime(suite: Sequence[Valeur]) -> Document | None:
    """Laney's chart of a rate, in %; None when a value has no numerator and denominator."""
    if any(v.numerateur is None or v.denominateur is None for v in suite):
        return None
    carte = carte_p_prime(*(np.array([getattr(v, nom) for v in suite], dtype=np.int64) for nom in _PARTS))
    if carte is None:
        return None
    return {
        "moyenne": POUR_CENT * carte.moyenne,
        "sigma_z": carte.sigma_z,
        "points": [
            {
                **bornes(valeur.periode),
                "taux": POUR_CENT * point.taux,
                "bas": POUR_CENT * point.bas,
                "haut": POUR_CENT * point.haut,
                "hors_limites": point.hors_limites,
            }
            for valeur, point in zip(suite, carte.points, strict=True)
        ],
    }


_PARTS = ("numerateur", "denominateur")
