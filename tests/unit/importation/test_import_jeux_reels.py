"""The mappings of examples/ give the reference figures of the public data, computed here with NumPy from the events.

The figures are those of the README beside the data: NumPy and pandas on the raw files, not Vigie.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

APPELS = "calls/anonymous_bank_1999-01.tsv.gz"
COMPTES = "calls/bank_calls_5min_2003.csv.gz"
PERMIS = "cases/receipt_events.csv.gz"
TICKETS = "cases/helpdesk_events.csv.gz"


def jalons_par_dossier(evenements: Iterable[dict[str, Any]]) -> dict[str, dict[str, list[datetime]]]:
    """Subject -> jalon -> its times, sorted."""
    dossiers: dict[str, dict[str, list[datetime]]] = defaultdict(lambda: defaultdict(list))
    for e in evenements:
        type_ = e["type"].split(".")[2]
        jalons = e["data"]["jalons"] if type_ == "dossier" else {type_: e["time"]}
        for nom, temps in jalons.items():
            dossiers[e["subject"]][nom].append(datetime.fromisoformat(temps))
    for dossier in dossiers.values():
        for liste in dossier.values():
            liste.sort()
    return dossiers


def ecarts(paires: list[tuple[datetime, datetime]], zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Delays in exact days, and in whole local dates."""
    tz = ZoneInfo(zone)

    def jour(t: datetime) -> date:
        return t.astimezone(tz).date()

    exacts = np.array([(fin - debut).total_seconds() / 86_400 for debut, fin in paires])
    return exacts, np.array([(jour(fin) - jour(debut)).days for debut, fin in paires])


def d9(valeurs: np.ndarray) -> float:
    return float(np.percentile(valeurs, 90, method="inverted_cdf"))


@pytest.fixture(scope="module")
def appels(exemple) -> Any:
    return exemple("anonymous_bank", APPELS)


def test_every_call_of_the_bank_is_counted_once(appels) -> None:
    assert not appels.rejets
    assert len(appels.ignorees) == 240
    assert len(appels.evenements) == 31_599 - 240
    assert len({e["id"] for e in appels.evenements}) == len({e["subject"] for e in appels.evenements}) == 31_359
    noms = [set(j) for j in appels.jalons]
    assert sum("presente" in n for n in noms) == 30_161
    assert sum("decroche" in n for n in noms) == 27_060
    assert sum("abandonne" in n for n in noms) == 3_101
    assert sum("serveur_vocal" in n for n in noms) == 1_198
    assert sum(len(n & {"decroche", "abandonne", "serveur_vocal"}) == 1 for n in noms) == 31_359


def test_waits_and_abandonments_of_the_bank_are_the_published_ones(appels) -> None:
    def attente(jalon: str) -> np.ndarray:
        return np.array(
            [
                (datetime.fromisoformat(j[jalon]) - datetime.fromisoformat(j["presente"])).total_seconds()
                for j in appels.jalons
                if jalon in j and "presente" in j
            ]
        )

    decroches, abandons = attente("decroche"), attente("abandonne")
    assert round(decroches.mean(), 3) == 35.028
    assert float(np.percentile(decroches, 50, method="inverted_cdf")) == 3
    assert d9(decroches) == 111
    assert decroches.min() >= 0
    assert round(100 * (decroches <= 20).sum() / 30_161, 4) == 54.3815
    assert round(100 * len(abandons) / 30_161, 4) == 10.2815
    courts = int((abandons <= 5).sum())
    assert round(100 * (len(abandons) - courts) / (30_161 - courts), 4) == 9.6977


def test_conversations_of_the_bank_never_end_before_they_begin_but_for_dirt_of_minutes(appels) -> None:
    durees = [
        (datetime.fromisoformat(j["termine"]) - datetime.fromisoformat(j["decroche"])).total_seconds()
        for j in appels.jalons
        if "termine" in j
    ]
    assert len(durees) == 27_060 - 42
    assert min(durees) > -600
    assert max(durees) < 86_400 / 2


def test_customers_of_the_bank_leave_as_pseudonyms_and_agents_not_at_all(appels) -> None:
    assures = [e["data"].get("assure") for e in appels.evenements]
    assert all(a is None or (a[0] == "k" and len(a.partition(".")[2]) == 22) for a in assures)
    assert 0.3 < sum(a is not None for a in assures) / len(assures) < 0.6
    texte = str(appels.evenements[:5_000])
    assert not any(prenom in texte for prenom in ("MICHAL", "BASCH", "VICKY", "9664491"))


def test_counted_calls_keep_their_sum_and_the_means_of_their_weekdays(exemple) -> None:
    lu = exemple("bank_calls_5min", COMPTES)
    assert len(lu.evenements) == 27_716
    par_jour: dict[date, int] = defaultdict(int)
    for e in lu.evenements:
        par_jour[datetime.fromisoformat(e["data"]["jalons"]["presente"]).date()] += e["data"]["nombre"]
    assert len(par_jour) == 164
    assert sum(par_jour.values()) == 5_323_661
    moyennes = [round(float(np.mean([n for j, n in par_jour.items() if j.weekday() == k]))) for k in (0, 3)]
    assert moyennes == [36_424, 30_770]


def test_permit_cases_have_the_reference_delays(exemple) -> None:
    lu = exemple("receipt_dossiers", PERMIS)
    assert not lu.rejets
    dossiers = jalons_par_dossier(lu.evenements)
    clos = [(d["recue"][0], d["decidee_accord"][0]) for d in dossiers.values() if "decidee_accord" in d]
    exacts, jours = ecarts(clos, "Europe/Amsterdam")
    assert (len(dossiers), len(clos)) == (1_434, 1_329)
    assert round(exacts.mean(), 4) == 58.9808
    assert round(d9(exacts), 4) == 105.6523
    assert d9(jours) == 105


def test_permit_events_make_the_dossiers_that_their_activities_say(exemple) -> None:
    lu = exemple("receipt_events", PERMIS)
    dossiers = jalons_par_dossier(lu.evenements)
    assert len(lu.evenements) == 1_434 + 1_283
    assert len(lu.ignorees) == 8_577 - 1_434 - 1_283
    assert sum("recue" in d for d in dossiers.values()) == 1_434
    decides = [(d["recue"][0], d["decidee_accord"][0]) for d in dossiers.values() if "decidee_accord" in d]
    exacts, jours = ecarts(decides, "Europe/Amsterdam")
    assert (len(decides), round(exacts.mean(), 4), d9(jours)) == (1_283, 3.6546, 12)


def test_tickets_are_taken_in_charge_in_the_reference_delays(exemple) -> None:
    dossiers = jalons_par_dossier(exemple("helpdesk_prise_en_charge", TICKETS).evenements)
    prises = [(d["recue"][0], d["decidee_accord"][0]) for d in dossiers.values() if "decidee_accord" in d]
    exacts, jours = ecarts(prises, "Europe/Paris")
    assert (len(dossiers), len(prises)) == (4_580, 4_285)
    assert round(float(np.median(exacts)), 4) == 0.6829
    assert round(d9(exacts), 4) == 14.6617
    assert (d9(jours), float(np.median(jours))) == (15, 1)


def test_tickets_are_resolved_in_the_reference_delays(exemple) -> None:
    dossiers = jalons_par_dossier(exemple("helpdesk_resolution", TICKETS).evenements)
    resolus = [(d["recue"][0], d["repondue"][-1]) for d in dossiers.values() if "repondue" in d]
    exacts, jours = ecarts(resolus, "Europe/Paris")
    assert (len(dossiers), len(resolus)) == (4_580, 4_569)
    assert round(exacts.mean(), 4) == 11.5380
    assert round(d9(exacts), 4) == 30.0459
    assert (d9(jours), float(np.median(jours))) == (30, 7)
