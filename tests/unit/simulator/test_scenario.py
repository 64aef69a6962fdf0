from datetime import date

import msgspec
import pytest

from simulator.parametres import Incident, configurer, scenario_demo
from simulator.scenario import verifier
from simulator.territoire import Territoire

FIN = date(2026, 11, 1)


@pytest.fixture(scope="module")
def territoire() -> Territoire:
    return Territoire(date(2026, 1, 1), date(2026, 12, 31), configurer(FIN).population.milliers)


def test_the_demonstration_is_played_as_written_on_at_least_three_caisses(territoire: Territoire) -> None:
    incidents = scenario_demo()
    for incident in incidents:
        verifier(incident, territoire, FIN)
    assert {"ij", "appel", "fsp"} <= {i.processus for i in incidents}
    assert len({i.caisse for i in incidents}) >= 3


@pytest.mark.parametrize(
    ("defaut", "message"),
    [
        ({"processus": "visite"}, "processus inconnu 'visite'"),
        ({"caisse": "cpam-99"}, "caisse inconnue 'cpam-99'"),
        ({"effet": "greve"}, "effet inconnu 'greve'"),
        ({"du": "hier"}, "date illisible"),
        ({"du": "J-1", "au": "J-5"}, "du vient après au"),
        ({"facteur": 0.0}, "facteur doit être positif"),
        ({"effet": "entraide"}, "productrice inconnue ''"),
    ],
)
def test_an_incident_that_cannot_be_played_is_refused_by_name(
    territoire: Territoire, defaut: dict[str, str | float], message: str
) -> None:
    bon = Incident(processus="ij", caisse="cpam-33", du="J-20", au="2026-10-20", effet="delai", facteur=2)
    verifier(bon, territoire, FIN)
    with pytest.raises(ValueError, match=message):
        verifier(msgspec.structs.replace(bon, **defaut), territoire, FIN)
