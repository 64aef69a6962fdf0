"""Indicators and their values as people and programs read them: plain documents, names instead of codes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from shared.catalogue.cibles import CibleApplicable, cible_applicable
from shared.catalogue.indicateurs import Indicateur
from shared.indicators.couverture import Part
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU, Valeur, exacte
from shared.indicators.verdicts import SANS_CIBLE, Verdict, juge
from shared.network.jours import date_de
from shared.network.reseau import REGIME, charger

NOM_RESEAU = "reseau"
"""What the network is called where a caisse's slug would stand."""

Ligne = dict[str, object]
_Jugement = tuple[Callable[[Valeur | None], Verdict], Mapping[str, object] | None]


def presenter(
    indicateur: Indicateur,
    calculees: Sequence[Valeur],
    periodes: Sequence[Periode],
    organisme: int | None,
    horloge: str | None = None,
    connu_le: date | None = None,
    parts: Mapping[Periode, Mapping[int, Part]] | None = None,
) -> list[Ligne]:
    """Rows by period, then the network and the caisses by slug; ``organisme`` None: all, measured or not.

    Each is judged by the target that its regime has on the last day of its period, as known on the evening of
    ``connu_le`` (None: now). ``horloge``: another clock than the catalogue's; what it measures has no target.
    ``parts``: what each value is built on, by organism code; too little of it is *non mesuré*, whatever the value.
    ``rupture``: what is measured is not what it was on the eve of the period; a period across it has no value.
    """
    par_cle = {(v.caisse, v.periode): v for v in calculees}
    slugs = {RESEAU: NOM_RESEAU} | {c.code: c.slug for c in charger().caisses}
    voulus = list(slugs) if organisme is None else [organisme]
    lignes: list[Ligne] = []
    regimes = _par_regime(voulus)
    for periode in periodes:
        mesure = indicateur.mesure(date_de(periode.du), date_de(periode.au))
        rupture = indicateur.mesure(date_de(periode.du - 1), date_de(periode.au)) is None
        jugements: dict[int, _Jugement] = {}
        for membres in regimes.values():
            cible = None if horloge or mesure is None else cible_le(mesure, periode, connu_le, membres[0])
            jugements |= dict.fromkeys(membres, _jugement(mesure or indicateur, cible))
        ici = parts.get(periode, {}) if parts else {}
        lignes += [
            _ligne(slugs[caisse], periode, par_cle.get((caisse, periode)), jugements[caisse], rupture, ici.get(caisse))
            for caisse in voulus
        ]
    return lignes


def cible_le(
    indicateur: Indicateur, periode: Periode, connu_le: date | None = None, organisme: int | None = RESEAU
) -> CibleApplicable | None:
    """The target a period is judged by: that of its last day, as known on the evening of ``connu_le`` (None: now), of
    the convention that binds the regime of ``organisme`` (None: the network).

    ``indicateur``: what is measured all along it.
    """
    return cible_applicable(indicateur.code, date_de(periode.au), connu_le, _regime(organisme or RESEAU))


def _regime(organisme: int) -> str:
    return REGIME if organisme == RESEAU else charger().par_code[organisme].regime


def _par_regime(organismes: Sequence[int]) -> Mapping[str, Sequence[int]]:
    groupes: dict[str, list[int]] = {}
    for organisme in organismes:
        groupes.setdefault(_regime(organisme), []).append(organisme)
    return groupes


def verdict_de(
    indicateur: Indicateur, valeur: Valeur | None, applicable: CibleApplicable | None, part: Part | None = None
) -> Verdict:
    """The verdict on one value, None or not measured included; ``part``: what it is built on, where that is known."""
    return _jugement(indicateur, applicable)[0](None if part and part.insuffisante else valeur)


def decrire_part(part: Part | None) -> dict[str, object] | None:
    """What a value is built on, in plain values; ``taux`` between 0 and 1. None: not known."""
    if part is None:
        return None
    taux = None if part.taux is None else round(part.taux, 4)
    return {"taux": taux, "complet": part.complete, "sources_muettes": part.muettes}


def decrire_cible(applicable: CibleApplicable | None) -> dict[str, object] | None:
    """A target in plain values; None when there is none."""
    if applicable is None:
        return None
    cible = applicable.cible
    return {
        "objectif": _nombre(cible.valeur),
        "socle": _nombre(cible.socle),
        "seuil_alerte": _nombre(cible.seuil_alerte),
        "statut": cible.statut,
        "convention": applicable.convention,
        "annee": cible.annee,
        "reconduite": applicable.reconduite,
        "hypothese": applicable.hypothese,
    }


def intervalle(valeur: Valeur | None) -> list[float | None] | None:
    """``[bas, haut]`` at 95 %, a bound that does not exist being None; None when neither does."""
    if valeur is None or (valeur.bas is None and valeur.haut is None):
        return None
    return [valeur.bas, valeur.haut]


def _jugement(indicateur: Indicateur, applicable: CibleApplicable | None) -> _Jugement:
    juger = juge(applicable.cible if applicable else SANS_CIBLE, indicateur.sens)

    def rendre(valeur: Valeur | None) -> Verdict:
        exact = None if valeur is None else exacte(valeur, indicateur.unite)
        return juger(None, 1) if exact is None else juger(*exact)

    return rendre, decrire_cible(applicable)


def _ligne(
    slug: str, periode: Periode, valeur: Valeur | None, jugement: _Jugement, rupture: bool, part: Part | None
) -> Ligne:
    rendre, cible = jugement
    return {
        "caisse": slug,
        "du": date_de(periode.du),
        "au": date_de(periode.au),
        "valeur": None if valeur is None else valeur.valeur,
        "n": 0 if valeur is None else valeur.n,
        "numerateur": None if valeur is None else valeur.numerateur,
        "denominateur": None if valeur is None else valeur.denominateur,
        "intervalle": intervalle(valeur),
        "verdict": rendre(None if part and part.insuffisante else valeur),
        "cible": cible,
        "rupture": rupture,
        "completude": decrire_part(part),
    }


def _nombre(borne: Decimal | None) -> float | None:
    return None if borne is None else float(borne)


def decrire(indicateur: Indicateur) -> dict[str, object]:
    """What people and programs read of an indicator."""
    return {
        "code": indicateur.code,
        "libelle": indicateur.libelle,
        "process": indicateur.process,
        "population": dict(indicateur.population),
        "statistique": indicateur.genre,
        "parametres": dict(indicateur.parametres),
        "unite": indicateur.unite,
        "sens": indicateur.sens,
        "version": indicateur.version,
        "formule": indicateur.formule,
        "source": indicateur.source,
        "hypothese": indicateur.hypothese,
        "mesures": [
            {"indicateur": m.indicateur.code, "version": m.indicateur.version, "jusqu_au": m.jusqu_au}
            for m in indicateur.mesures
        ],
    }
