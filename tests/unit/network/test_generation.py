"""The file of holidays is what the library gives: the calendars read the one, and never the other."""

import subprocess
import sys

import pytest

from shared.network import generation
from shared.network.calendrier import FIN, PREMIER_JOUR, jours_feries
from shared.network.heure_locale import Fuseau
from shared.network.lecture import lire_donnees
from shared.network.ouvertures import _minuits


def test_the_file_of_holidays_is_up_to_date() -> None:
    assert generation.FICHIER.read_text(encoding="utf-8") == generation.texte()


@pytest.mark.parametrize("zone", lire_donnees("feries.yaml")["zones"])
def test_the_calendars_read_the_holidays_that_were_computed(zone: str) -> None:
    assert jours_feries(zone) == generation.feries_calcules(zone)


def test_an_unknown_zone_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="Zones : Métropole, Alsace-Moselle"):
        jours_feries("Atlantide")


# Paris changes twice a year; Casablanca twice within five weeks, and in mid-week; Lord Howe by half an hour.
@pytest.mark.parametrize("nom", ["Europe/Paris", "Indian/Reunion", "Africa/Casablanca", "Australia/Lord_Howe"])
def test_midnights_are_those_of_the_zone_day_by_day(nom: str) -> None:
    zone = Fuseau(nom)
    assert list(_minuits(nom)) == [zone.instant(jour) for jour in range(PREMIER_JOUR, FIN + 1)]


def test_a_service_starts_without_the_library_of_holidays_nor_alembic() -> None:
    """They take a third of a second to import, in each of five processes."""
    programme = (
        "import sys, services.contacts.app, services.alerts.app, shared.dossiers.lieux as lieux\n"
        "lieux.lieux()\n"
        "print(sorted({'alembic', 'holidays', 'altair', 'vl_convert'} & set(sys.modules)))"
    )
    fini = subprocess.run([sys.executable, "-c", programme], check=True, capture_output=True, text=True)
    assert fini.stdout.strip() == "[]"
