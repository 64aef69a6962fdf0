"""How caisses differ from each other: the spread of an indicator over the network, and the funnel plot."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.presentation import cible_le, decrire_cible
from shared.dossiers.statistiques_reseau.durees import compter_au_dela
from shared.dossiers.statistiques_reseau.fonds import (
    Document,
    Fonds,
    bornes,
    connu_le,
    fraction_de,
    nombre,
    par_periode,
    slugs,
    un_an_avant,
)
from shared.dossiers.valeurs import Demande, DemandeInvalide
from shared.indicators.dispersion import Dispersion, Evolution, dispersion, evolution
from shared.indicators.periodes import Periode
from shared.indicators.spc import entonnoir, surdispersion
from shared.indicators.statistiques import POUR_CENT, RESEAU, Valeur

Groupe = Collection[int] | None
"""The caisses that are compared (organism codes); None: all of the network."""


async def etendue(fonds: Fonds, conn: AsyncConnection, demande: Demande, groupe: Groupe) -> list[Document]:
    """Per period: the spread of the values of the caisses, and that of the same period a year before.

    Raises DemandeInvalide as ``Evaluateur.valeurs``.
    """
    avant = {periode: un_an_avant(periode) for periode in demande.periodes}
    toutes = list(dict.fromkeys((*demande.periodes, *avant.values())))
    calculees = par_periode(await fonds.evaluateur.valeurs(conn, replace(demande, periodes=toutes)), toutes)
    return [
        _etendue(demande, periode, *(_exactes(demande, calculees[p], groupe) for p in (periode, avant[periode])))
        for periode in demande.periodes
    ]


def _exactes(demande: Demande, valeurs: Mapping[int, Valeur], groupe: Groupe) -> dict[int, Fraction | None]:
    codes = [code for code in slugs() if code != RESEAU and (groupe is None or code in groupe)]
    return {code: fraction_de(valeurs.get(code), demande.indicateur.unite) for code in codes}


def _etendue(
    demande: Demande,
    periode: Periode,
    valeurs: Mapping[int, Fraction | None],
    avant: Mapping[int, Fraction | None],
) -> Document:
    applicable = None if demande.horloge else cible_le(demande.indicateur, periode, connu_le(demande))
    socle, objectif = (applicable.cible.socle, applicable.cible.valeur) if applicable else (None, None)
    sens = demande.indicateur.sens
    # Both years are held to the target of this one: the change is that of the service alone.
    ecarts = [dispersion(annee, sens, socle, objectif) for annee in (valeurs, avant)]
    return {
        **bornes(periode),
        "cible": decrire_cible(applicable),
        **_ecart(ecarts[0], valeurs),
        "un_an_avant": {**bornes(un_an_avant(periode)), **_ecart(ecarts[1], avant)},
        "evolution": _evolution(evolution(avant, valeurs, sens)),
    }


def _ecart(ecart: Dispersion | None, valeurs: Mapping[int, Fraction | None]) -> Document:
    if ecart is None:
        return {"mesurees": 0, "non_mesurees": len(valeurs)}
    noms = slugs()

    def extreme(borne: Fraction) -> Document:
        return {"valeur": float(borne), "caisses": [noms[code] for code, v in valeurs.items() if v == borne]}

    return {
        "mesurees": ecart.mesurees,
        "non_mesurees": ecart.non_mesurees,
        "minimum": extreme(ecart.minimum),
        "d1": float(ecart.d1),
        "mediane": float(ecart.mediane),
        "d9": float(ecart.d9),
        "maximum": extreme(ecart.maximum),
        "ecart_interdecile": float(ecart.ecart_interdecile),
        "sous_socle": ecart.sous_socle,
        "sous_objectif": ecart.sous_objectif,
    }


def _evolution(change: Evolution | None) -> Document | None:
    if change is None:
        return None
    exacts = {nom: nombre(getattr(change, nom)) for nom in ("d1", "mediane", "d9", "ecart_interdecile")}
    return {"communes": change.communes, "ameliorees": change.ameliorees, "degradees": change.degradees, **exacts}


async def entonnoir_des_caisses(
    fonds: Fonds, conn: AsyncConnection, demande: Demande, groupe: Groupe, seuil: Decimal | None
) -> Document:
    """The funnel plot of the caisses over the one period of ``demande``.

    A rate is plotted as it is; a delay or a wait, as the share of its items beyond ``seuil``. A caisse is named
    outside only beyond the limits widened by the overdispersion of the network: with thousands of items each, the
    binomial limits alone would name almost all. Raises DemandeInvalide: a delay without ``seuil``, a rate with one.
    """
    succes, n = await _parts(fonds, conn, demande, seuil)
    codes = [code for code, taille in n.items() if taille > 0 and (groupe is None or code in groupe)]
    k, tailles = (np.array([parts[code] for code in codes], dtype=np.int64) for parts in (succes, n))
    etroit = entonnoir(k, tailles)
    if etroit is None:
        return {**bornes(demande.periodes[0]), "centre": None, "surdispersion": None, "caisses": []}
    phi = surdispersion(k, tailles)
    large = entonnoir(k, tailles, phi=phi)
    assert large is not None
    taux = k / tailles
    noms = slugs()
    colonnes = (codes, tailles, taux, etroit.bas, etroit.haut, large.bas, large.haut)
    return {
        **bornes(demande.periodes[0]),
        "seuil": None if seuil is None else float(seuil),
        "centre": POUR_CENT * etroit.centre,
        "surdispersion": phi,
        "caisses": [
            {
                "caisse": noms[code],
                "n": taille,
                "taux": POUR_CENT * t,
                "limites_binomiales": [POUR_CENT * b, POUR_CENT * h],
                "limites": [POUR_CENT * lb, POUR_CENT * lh],
                "position": "au_dessus" if t > lh else "au_dessous" if t < lb else "dans_les_limites",
            }
            for code, taille, t, b, h, lb, lh in zip(*(_simples(c) for c in colonnes), strict=True)
        ],
    }


def _simples(colonne: Sequence[int] | np.ndarray) -> list[float]:
    return colonne.tolist() if isinstance(colonne, np.ndarray) else list(colonne)


async def _parts(
    fonds: Fonds, conn: AsyncConnection, demande: Demande, seuil: Decimal | None
) -> tuple[Mapping[int, int], Mapping[int, int]]:
    """Items that make the rate and all items, by caisse."""
    code = demande.indicateur.code
    if demande.indicateur.unite == "%":
        if seuil is not None:
            raise DemandeInvalide(f"{code} est un taux : retirez « seuil ».", "seuil")
        valeurs = [v for v in await fonds.evaluateur.valeurs(conn, demande) if v.caisse != RESEAU]
        return {v.caisse: v.numerateur or 0 for v in valeurs}, {v.caisse: v.denominateur or 0 for v in valeurs}
    if seuil is None:
        raise DemandeInvalide(f"{code} n'est pas un taux : donnez le « seuil » au-delà duquel compter.", "seuil")
    comptes = [c for c in await compter_au_dela(fonds, conn, demande, seuil) if c.caisse != RESEAU]
    return {c.caisse: c.au_dela for c in comptes}, {c.caisse: c.n for c in comptes}
