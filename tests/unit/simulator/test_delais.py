"""Delays drawn against the published figures; each is read back from the events, as a service would."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from simulator.parametres import Aleas, Incident, configurer
from simulator.simulation import Simulation, derouler

FIN = date(2026, 11, 1)
SUITE = 130
"""Days played after the period whose receptions are measured, so that nearly all are closed."""


class Dossier:
    """What the events of one dossier said."""

    def __init__(self) -> None:
        self.jalons: dict[str, datetime] = {}
        self.donnees: dict[str, Any] = {}


Dossiers = dict[str, dict[str, Dossier]]


def lire(incidents: tuple[Incident, ...] = (), mois: int = 6) -> Dossiers:
    """Every dossier but calls, per process, of a run without disorder."""
    config = configurer(FIN, mois=mois, incidents=incidents, aleas=Aleas(0, 0, 0, 0, 0, 0))
    lus: defaultdict[str, defaultdict[str, Dossier]] = defaultdict(lambda: defaultdict(Dossier))
    for journee in derouler(Simulation(config)):
        for ligne in journee.contacts + journee.claims:
            if b"vigie.appel" in ligne:
                continue
            e = msgspec.json.decode(ligne)
            _, processus, jalon, _ = e["type"].split(".")
            dossier = lus[processus][e["source"] + e["subject"]]
            dossier.jalons[jalon] = datetime.fromisoformat(e["time"])
            dossier.donnees |= e["data"]
    return {p: dict(d) for p, d in lus.items()}


@pytest.fixture(scope="module")
def calme() -> Dossiers:
    return lire()


def mesurer(
    dossiers: dict[str, Dossier], departs: tuple[str, ...], fins: tuple[str, ...], **valeurs: str
) -> list[tuple[str, int, int]]:
    """(caisse, days in whole local dates, nombre) of dossiers begun in the period measured; 999 when still open."""
    debut, limite = date(2026, 5, 2), FIN - timedelta(days=SUITE)
    mesures = []
    for d in dossiers.values():
        if any(d.donnees.get(k) != v for k, v in valeurs.items()) or not all(j in d.jalons for j in departs):
            continue
        depart = max(d.jalons[j] for j in departs).date()
        if debut <= depart < limite:
            fin = next((d.jalons[j].date() for j in fins if j in d.jalons), None)
            jours = (fin - depart).days if fin else 999
            mesures.append((d.donnees["caisse"], jours, d.donnees.get("nombre", 1)))
    return mesures


def moyenne(mesures: list[tuple[str, int, int]]) -> float:
    _, jours, nombres = zip(*mesures, strict=True)
    assert jours.count(999) < 0.01 * len(jours)
    clos = np.array(jours) < 999
    return float(np.average(np.array(jours)[clos], weights=np.array(nombres)[clos]))


@pytest.mark.parametrize(
    ("processus", "departs", "fins", "valeurs", "attendu"),
    [
        ("fse", ("recue",), ("payee", "rejetee"), {"beneficiaire": "assure"}, 6.5),
        ("fsp", ("recue",), ("payee", "rejetee"), {"beneficiaire": "assure"}, 15.9),
        ("fsp", ("recue",), ("payee", "rejetee"), {"beneficiaire": "medecin"}, 15.5),
        ("ij", ("aat_recu", "dsij_recue"), ("payee", "refusee", "annulee"), {"subrogee": "non"}, 28.9),
        ("cmuc_acs", ("recue",), ("decidee_accord", "decidee_refus", "annulee"), {}, 23.8),
    ],
    ids=["fse", "fsp-assure", "fsp-medecin", "ij", "cmuc_acs"],
)
def test_mean_delays_meet_the_published_ones(
    calme: Dossiers,
    processus: str,
    departs: tuple[str, ...],
    fins: tuple[str, ...],
    valeurs: dict[str, str],
    attendu: float,
) -> None:
    # 6 %: holidays of May and the slow swing of each caisse over two months, against yearly means.
    assert moyenne(mesurer(calme[processus], departs, fins, **valeurs)) == pytest.approx(attendu, rel=0.06)


def test_ninth_deciles_differ_between_caisses(calme: Dossiers) -> None:
    par_caisse: defaultdict[str, list[int]] = defaultdict(list)
    for caisse, jours, nombre in mesurer(calme["fsp"], ("recue",), ("payee", "rejetee")):
        par_caisse[caisse] += [jours] * nombre
    deciles = [np.percentile(j, 90, method="inverted_cdf") for j in par_caisse.values()]
    assert len(deciles) == 107
    assert np.percentile(deciles, 90) > 1.3 * np.percentile(deciles, 10)


def test_thirty_percent_of_cmuc_requests_are_incomplete_and_come_back_complete(calme: Dossiers) -> None:
    recues = [d for d in calme["cmuc_acs"].values() if d.jalons.get("recue") is not None]
    periode = [d for d in recues if date(2026, 5, 2) <= d.jalons["recue"].date() < FIN - timedelta(days=SUITE)]
    incompletes = [d for d in periode if "incomplete" in d.jalons]
    assert len(incompletes) / len(periode) == pytest.approx(0.30, abs=0.02)
    for d in incompletes:
        assert d.jalons["recue"] < d.jalons["incomplete"] < d.jalons["completee"]
        assert all(d.jalons["completee"] < t for j, t in d.jalons.items() if j.startswith("decidee"))


def test_courriels_are_answered_within_48_hours_at_the_published_rate_some_closed_without_reply(
    calme: Dossiers,
) -> None:
    heures = [
        ((d.jalons[fin] - d.jalons["recu"]).total_seconds() / 3_600, fin)
        for d in calme["courriel"].values()
        if "recu" in d.jalons and date(2026, 5, 2) <= d.jalons["recu"].date() < FIN - timedelta(days=60)
        for fin in ("repondu", "clos_sans_reponse")
        if fin in d.jalons
    ]
    a_temps = [fin for h, fin in heures if h <= 48]
    assert len(a_temps) / len(heures) == pytest.approx(0.826, abs=0.015)
    assert a_temps.count("clos_sans_reponse") / len(a_temps) == pytest.approx(0.09, abs=0.015)


@pytest.mark.parametrize(("service", "en_10j", "en_21j"), [("administratif", 0.82, 0.94), ("medical", 0.90, 0.97)])
def test_complaints_are_answered_within_10_and_21_days_at_the_published_rates(
    calme: Dossiers, service: str, en_10j: float, en_21j: float
) -> None:
    jours = [j for _, j, _ in mesurer(calme["reclamation"], ("recue",), ("repondue", "annulee"), service=service)]
    ecart = 0.02 if service == "administratif" else 0.06  # a few hundred medical complaints only
    assert np.mean(np.array(jours) <= 10) == pytest.approx(en_10j, abs=ecart)
    assert np.mean(np.array(jours) <= 21) == pytest.approx(en_21j, abs=ecart)


def test_pieces_of_an_ij_come_in_either_order_and_payment_after_both(calme: Dossiers) -> None:
    complets = [d for d in calme["ij"].values() if {"aat_recu", "dsij_recue"} <= d.jalons.keys()]
    inverses = sum(d.jalons["dsij_recue"] < d.jalons["aat_recu"] for d in complets)
    assert 0.05 < inverses / len(complets) < 0.15
    for d in complets:
        fin = d.jalons.get("payee")
        assert fin is None or fin > max(d.jalons["aat_recu"], d.jalons["dsij_recue"])


def test_sheets_paid_are_those_received_of_the_same_dossier(calme: Dossiers) -> None:
    for processus in ("fse", "fsp"):
        for d in calme[processus].values():
            assert "recue" in d.jalons
            assert all(t >= d.jalons["recue"] for t in d.jalons.values())
            assert d.donnees["nombre"] > 0


def test_incidents_lengthen_the_delays_of_their_caisse_alone(calme: Dossiers) -> None:
    incidents = (
        Incident(processus="ij", caisse="cpam-33", du="2026-05-01", au="2026-06-30", effet="delai", facteur=2),
        Incident(processus="fsp", caisse="cpam-06", du="2026-05-01", au="2026-06-30", effet="derive", facteur=2),
        Incident(processus="cmuc_acs", caisse="cpam-13", du="2026-05-11", au="2026-05-29", effet="absence"),
        Incident(
            processus="ij",
            caisse="cpam-59-hainaut",
            du="2026-05-01",
            au="2026-06-30",
            effet="entraide",
            productrice="cpam-41",
            part=0.5,
        ),
    )
    crise = lire(incidents)
    pieces, issues = ("aat_recu", "dsij_recue"), ("payee", "refusee", "annulee")
    avant = mesurer(calme["ij"], pieces, issues, caisse="cpam-33")
    apres = mesurer(crise["ij"], pieces, issues, caisse="cpam-33")
    assert np.median([j for _, j, _ in apres]) > 1.7 * np.median([j for _, j, _ in avant])
    assert mesurer(calme["ij"], pieces, issues, caisse="cpam-31") == mesurer(
        crise["ij"], pieces, issues, caisse="cpam-31"
    )
    nice = [mesurer(d["fsp"], ("recue",), ("payee", "rejetee"), caisse="cpam-06") for d in (calme, crise)]
    rapports = [b / a for (_, a, _), (_, b, _) in zip(*nice, strict=True) if a and max(a, b) < 999]
    tiers = len(rapports) // 3
    assert 1.0 < np.mean(rapports[:tiers]) < np.mean(rapports[-tiers:])
    for d in crise["cmuc_acs"].values():
        if d.donnees["caisse"] == "cpam-13":
            assert not any(
                date(2026, 5, 11) <= t.date() <= date(2026, 5, 29)
                for j, t in d.jalons.items()
                if j.startswith("decidee")
            )
    aides = [d for d in crise["ij"].values() if "productrice" in d.donnees]
    assert len(aides) > 20
    assert {(d.donnees["caisse"], d.donnees["productrice"]) for d in aides} == {("cpam-59-hainaut", "cpam-41")}
