"""What each caisse of the network lends to its dossiers and to its indicators: local and administrative time."""

from collections.abc import Mapping
from functools import cache

from shared.dossiers.contributions import Lieu
from shared.indicators.statistiques import Contexte
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import Caisse, charger
from shared.network.tram import RegistreTram, charger_tram


@cache
def codes_par_slug() -> Mapping[str, int]:
    """Slug -> organism code, the number that stands for a caisse in the rows."""
    return {caisse.slug: caisse.code for caisse in charger().caisses}


@cache
def lieux() -> Mapping[int, Lieu]:
    """Organism code -> local time, working days and TRAM register of that caisse."""
    tram = charger_tram()
    return {caisse.code: _lieu(caisse, tram) for caisse in charger().caisses}


def _lieu(caisse: Caisse, tram: RegistreTram) -> Lieu:
    def prenante(process: str, jour: int) -> int:
        return tram.prenante(process, caisse.code, jour) or 0

    def cede(process: str) -> bool:
        return tram.cede(process, caisse.code)

    ouvertures = ouvertures_de(caisse)
    return Lieu(ouvertures.fuseau, ouvertures.calendrier.ouvres_entre, ouvertures.heures_ouvrees, prenante, cede)


def contexte(maintenant: int) -> Contexte:
    """Calendars of every caisse, and what day and hour it is there at Unix second ``maintenant``."""
    ouvertures = {caisse.code: ouvertures_de(caisse) for caisse in charger().caisses}
    return Contexte(
        calendriers={code: o.calendrier for code, o in ouvertures.items()},
        maintenant={code: (o.fuseau.jour(maintenant), o.fuseau.heure(maintenant)) for code, o in ouvertures.items()},
    )
