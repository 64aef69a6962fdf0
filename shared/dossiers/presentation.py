"""Indicators and their values as people and programs read them: plain documents, names instead of codes."""

from collections.abc import Sequence

from shared.catalogue.indicateurs import Indicateur
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU, Valeur
from shared.network.jours import date_de
from shared.network.reseau import charger

NOM_RESEAU = "reseau"
"""What the network is called where a caisse's slug would stand."""


def presenter(
    calculees: Sequence[Valeur], periodes: Sequence[Periode], organisme: int | None
) -> list[dict[str, object]]:
    """Rows by period, then the network and the caisses by slug; ``organisme`` None: all, measured or not."""
    par_cle = {(v.caisse, v.periode): v for v in calculees}
    slugs = {RESEAU: NOM_RESEAU} | {c.code: c.slug for c in charger().caisses}
    voulus = list(slugs) if organisme is None else [organisme]
    return [_ligne(slugs[caisse], periode, par_cle.get((caisse, periode))) for periode in periodes for caisse in voulus]


def _ligne(slug: str, periode: Periode, valeur: Valeur | None) -> dict[str, object]:
    return {
        "caisse": slug,
        "du": date_de(periode.du),
        "au": date_de(periode.au),
        "valeur": None if valeur is None else valeur.valeur,
        "n": 0 if valeur is None else valeur.n,
    }


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
    }
