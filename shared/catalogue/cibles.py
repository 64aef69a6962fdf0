"""The target that a computed indicator is judged by on a day: of the convention in force, else assumed and said so."""

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from shared.catalogue.conventions import cible, convention_de, lignes_calculees
from shared.catalogue.modele_conventions import Cible
from shared.catalogue.seuils import charger_seuils
from shared.network.reseau import REGIME


@dataclass(frozen=True, slots=True)
class CibleApplicable:
    """``cible`` for the year of the day; its ``seuil_alerte`` is the watched list's where the convention has none.

    ``convention`` and ``ligne`` None: the objectif is in no source. ``reconduite``: the target of a convention that
    no longer holds, continued; ``cible.annee`` is the year it was set for. ``hypothese``: some bound, or its
    holding that day, is not in the sources.
    """

    cible: Cible
    convention: str | None
    ligne: str | None
    reconduite: bool
    hypothese: bool


@lru_cache(maxsize=4_096)
def cible_applicable(
    indicateur: str, jour: date, connu_le: date | None = None, regime: str = REGIME
) -> CibleApplicable | None:
    """The target of a computed indicator on a day, as known on the evening of ``connu_le`` (None: now); None: none.

    A convention in force with a row for the indicator decides, also when its cell is empty. Where it has no row, or
    none is in force, the target assumed in ``seuils.yaml`` applies from the day that file says, and not before; it is
    the network's, and holds for no other regime.
    """
    seuils = charger_seuils()
    surveille = seuils.surveilles.get(indicateur) if jour >= seuils.depuis else None
    trouvee = _en_vigueur(indicateur, jour, connu_le, regime)
    if trouvee is None and jour >= seuils.depuis and regime == REGIME:
        trouvee = _supposee(indicateur, jour)
    if surveille is None or (trouvee is not None and trouvee.cible.seuil_alerte is not None):
        return trouvee
    if trouvee is None:
        sans = Cible(jour.year, "absente", None, None, seuils.depuis, hypothese=True)
        trouvee = CibleApplicable(sans, None, None, reconduite=False, hypothese=True)
    return replace(trouvee, cible=replace(trouvee.cible, seuil_alerte=surveille.seuil), hypothese=True)


def _en_vigueur(indicateur: str, jour: date, connu_le: date | None, regime: str) -> CibleApplicable | None:
    convention = convention_de(regime, jour)
    rangee = next((r for c, r in lignes_calculees().get(indicateur, ()) if c is convention), None)
    if convention is None or rangee is None:
        return None
    trouvee = cible(convention.code, rangee.code, jour.year, connu_le)
    return CibleApplicable(trouvee, convention.code, rangee.code, reconduite=False, hypothese=trouvee.hypothese)


def _supposee(indicateur: str, jour: date) -> CibleApplicable | None:
    seuils = charger_seuils()
    supposee = seuils.cibles.get(indicateur)
    if supposee is None:
        return None
    if supposee.reconduite is None:
        trouvee = Cible(jour.year, "provisoire", supposee.objectif, None, seuils.depuis, socle=supposee.socle)
        return CibleApplicable(replace(trouvee, hypothese=True), None, None, reconduite=False, hypothese=True)
    convention, rangee, annee = supposee.reconduite
    origine = cible(convention.code, rangee.code, annee)
    continuee = replace(origine, statut="provisoire", socle=supposee.socle, hypothese=True)
    return CibleApplicable(continuee, convention.code, rangee.code, reconduite=True, hypothese=True)
