import json
from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pytest

from shared.catalogue.processus import charger_processus
from shared.events.lecture import Lecteur
from shared.network.reseau import charger
from simulator.jumeau.evenements import Journal
from simulator.jumeau.jumeau import Journee, Jumeau, Pret
from simulator.jumeau.monde import creer
from simulator.jumeau.parametres import DOSSIERS

FRACTION = 50
Ligne = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def run() -> tuple[Jumeau, list[Journee], list[list[Ligne]]]:
    """Thirty-five days with an aidante on the files and on the calls of one caisse."""
    jumeau = Jumeau(creer(4, date(2017, 1, 2), 15, amorce=20))
    rangs = {slug: i for i, slug in enumerate(jumeau.monde.slugs)}
    jumeau.preter(Pret(p, rangs["cpam-13"], rangs["cpam-33"], 8.0, 0, 34) for p in ("ij", "appel"))
    journal, jours, lignes = Journal(jumeau, FRACTION), [], []
    lecteur = Lecteur(charger_processus().values(), {c.slug: c.code for c in charger().caisses})
    for _ in range(jumeau.monde.jours):
        jours.append(jumeau.avancer())
        du_jour = []
        for service, ligne in journal.lignes(jours[-1]):
            lecteur.lire(ligne, 2_000_000_000)
            du_jour.append((service, json.loads(ligne)))
        lignes.append(du_jour)
    assert not lecteur.champs_inconnus
    assert not lecteur.valeurs_autres
    return jumeau, jours, lignes


def test_calls_are_counted_exactly(run: tuple[Jumeau, list[Journee], list[list[Ligne]]]) -> None:
    _, jours, lignes = run
    for journee, du_jour in zip(jours, lignes, strict=True):
        comptes: Counter[str] = Counter()
        for _, e in du_jour:
            if e["type"] == "vigie.appel.dossier.v1":
                comptes.update(dict.fromkeys(e["data"]["jalons"], e["data"]["nombre"]))
        assert comptes["presente"] == journee.appels.presentes.sum()
        assert comptes["decroche"] == journee.appels.decroches.sum()


def test_dossiers_open_stand_for_the_stock(run: tuple[Jumeau, list[Journee], list[list[Ligne]]]) -> None:
    _, jours, lignes = run
    ouverts: defaultdict[str, int] = defaultdict(int)
    vus: set[str] = set()
    for du_jour in lignes:
        for _, e in du_jour:
            process, jalon = e["type"].split(".")[1:3]
            if process in ("fsp", "cmuc_acs"):
                ouverts[process] += jalon == "recue"
                ouverts[process] -= jalon in ("payee", "decidee_accord")
                vus.add(jalon)
    assert {"incomplete", "completee"} <= vus
    for process in ("fsp", "cmuc_acs"):
        d = jours[-1].dossiers[process]
        attente = 2 if process == "fsp" else 1
        a_payer = sum(float(j.dossiers[process].traites.sum()) for j in jours[-attente:])
        assert FRACTION * ouverts[process] == pytest.approx(float((d.stock + d.suspendus).sum()) + a_payer, rel=0.05)


def test_every_end_has_its_beginning_and_comes_after_it(run: tuple[Jumeau, list[Journee], list[list[Ligne]]]) -> None:
    _, _, lignes = run
    debuts: dict[str, str] = {}
    for du_jour in lignes:
        for _, e in du_jour:
            jalon = e["type"].split(".")[2]
            if jalon in ("recue", "recu", "dossier"):
                assert debuts.setdefault(e["subject"], e["time"]) == e["time"]
            else:
                assert debuts[e["subject"]] <= e["time"]
    identifiants = [(e["source"], e["id"]) for du_jour in lignes for _, e in du_jour]
    assert len(identifiants) == len(set(identifiants))


def test_what_an_aidante_did_says_so(run: tuple[Jumeau, list[Journee], list[list[Ligne]]]) -> None:
    _, jours, lignes = run
    aides: Counter[str] = Counter()
    for du_jour in lignes:
        for _, e in du_jour:
            if "productrice" in e["data"]:
                assert (e["data"]["caisse"], e["data"]["productrice"]) == ("cpam-33", "cpam-13")
                aides[e["type"].split(".")[1]] += e["data"]["nombre"]
    assert set(aides) == {"ij", "appel"}
    faits = sum(int(j.dossiers["ij"].aides.sum()) for j in jours)
    # Paid within the cycle of fourteen days: the last ones are not yet.
    assert 0.4 * faits < aides["ij"] < faits


def test_each_service_gets_its_processes(run: tuple[Jumeau, list[Journee], list[list[Ligne]]]) -> None:
    _, _, lignes = run
    services = {(service, e["type"].split(".")[1]) for du_jour in lignes for service, e in du_jour}
    assert services == {("contacts", "appel"), ("contacts", "courriel")} | {("claims", p) for p in DOSSIERS[1:]}
