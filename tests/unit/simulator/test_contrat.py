"""Every line is an event of the contract, checked by a reader written from its text and the catalogue alone."""

import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

import shared.catalogue
from shared.catalogue.processus import charger_processus
from shared.events.lecture import Lecteur
from shared.network.calendrier import calendrier_de
from shared.network.jours import jour_de
from shared.network.reseau import charger
from simulator.parametres import CONTACTS, PROCESSUS, Aleas, configurer
from simulator.simulation import Journee, journees

FIN = date(2026, 11, 1)
CATALOGUE = {
    fiche["process"]: fiche
    for chemin in (Path(shared.catalogue.__file__).parent / "processus").glob("*.yaml")
    for fiche in [yaml.safe_load(chemin.read_text(encoding="utf-8"))]
}
SLUGS = {c.slug: c for c in charger().caisses}
ENVELOPPE = {"specversion", "id", "source", "type", "subject", "time", "data", "revision"}
PERSONNEL = re.compile(r"\d{10}|\d[\d .-]{12,}\d|@|(?:\+33|\b0[1-9])(?:[ .-]?\d\d){4}\b")


def date_valide(texte: str) -> datetime:
    instant = datetime.fromisoformat(texte)
    assert instant.tzinfo is not None
    return instant


def verifier(evenement: dict[str, Any]) -> tuple[str, str]:
    """The (process, jalon) of an event; raises AssertionError when it breaks the contract."""
    assert evenement.keys() <= ENVELOPPE
    assert ENVELOPPE - {"revision"} <= evenement.keys()
    assert evenement["specversion"] == "1.0"
    assert re.fullmatch(r"urn:vigie:source:[a-z0-9-]+", evenement["source"])
    assert re.fullmatch(r"[a-p]{24}", evenement["id"])
    assert evenement.get("revision", 1) == 1
    assert 0 < len(evenement["subject"]) <= 200
    vigie, processus, jalon, version = evenement["type"].split(".")
    assert (vigie, version) == ("vigie", "v1")
    date_valide(evenement["time"])
    fiche, donnees = CATALOGUE[processus], dict(evenement["data"])
    assert donnees.pop("caisse") in SLUGS
    assert donnees.pop("productrice", "cpam-75") in SLUGS
    if jalon == "retrait":
        assert re.fullmatch(r"[a-p]{24}", donnees.pop("cible"))
    elif jalon == "dossier":
        for nom, valeur in donnees.pop("jalons").items():
            regle = fiche["jalons"][nom]
            for texte in valeur if regle == "multiple" else [valeur]:
                date_valide(texte)
    else:
        assert jalon in fiche["jalons"]
    if "assure" in donnees:
        assert re.fullmatch(r"k1\.[A-Za-z0-9_-]{20,64}", donnees.pop("assure"))
    if "nombre" in donnees:
        nombre = donnees.pop("nombre")
        assert isinstance(nombre, int)
        assert nombre > 0
    if "plateforme" in donnees:
        assert re.fullmatch(r"pfs-[a-z0-9-]+", donnees.pop("plateforme"))
    for grandeur, maximum in fiche.get("grandeurs", {}).items():
        if jalon != "retrait":
            assert 0 <= donnees.pop(grandeur) <= maximum
    for champ, valeur in donnees.items():
        assert valeur in fiche["attributes"][champ]
    return processus, jalon


@pytest.fixture(scope="module")
def mois() -> list[Journee]:
    """Two months with the demonstration's incidents and all the usual disorder."""
    return list(journees(configurer(FIN, mois=2)))


def test_every_line_is_an_event_of_the_contract_sent_to_the_service_of_its_process(mois: list[Journee]) -> None:
    vus: Counter[tuple[str, str]] = Counter()
    for journee in mois:
        for service, lignes in (("contacts", journee.contacts), ("claims", journee.claims)):
            for ligne in lignes:
                assert b"\n" not in ligne
                processus, jalon = verifier(json.loads(ligne))
                assert CATALOGUE[processus]["service"] == service
                assert (processus in CONTACTS) == (service == "contacts")
                vus[processus, jalon] += 1
    assert {p for p, _ in vus} == set(PROCESSUS) < set(CATALOGUE)
    assert vus["ij", "retrait"] > 0


def test_the_services_own_reader_refuses_none(mois: list[Journee]) -> None:
    lecteur = Lecteur(charger_processus().values(), {slug: c.code for slug, c in SLUGS.items()})
    for journee in mois:
        for ligne in journee.contacts + journee.claims:
            lecteur.lire(ligne, int(journee.fin.timestamp()))
    assert not lecteur.champs_inconnus
    assert not lecteur.valeurs_autres


def test_nothing_looks_like_personal_data(mois: list[Journee]) -> None:
    for journee in mois:
        for ligne in journee.contacts + journee.claims:
            assert not PERSONNEL.search(json.dumps(json.loads(ligne)["data"]))


def test_one_id_is_one_event_of_one_dossier_or_its_correction(mois: list[Journee]) -> None:
    connus: dict[tuple[str, str, int], bytes] = {}
    sujets: dict[tuple[str, str], str] = {}
    for journee in mois:
        for ligne in journee.contacts + journee.claims:
            e = json.loads(ligne)
            assert connus.setdefault((e["source"], e["id"], e.get("revision", 0)), ligne) == ligne
            assert sujets.setdefault((e["source"], e["id"]), e["subject"]) == e["subject"]


def test_closed_days_have_no_calls_and_no_work(mois: list[Journee]) -> None:
    ferme_toujours_permis = ("vigie.courriel.recu.v1", "vigie.courriel.retrait.v1", "vigie.reclamation.retrait.v1")
    for journee in mois:
        for ligne in journee.contacts + journee.claims:
            e = json.loads(ligne)
            if e["type"] not in ferme_toujours_permis:
                jour = jour_de(datetime.fromisoformat(e["time"]).date())
                assert calendrier_de(SLUGS[e["data"]["caisse"]]).est_ouvre(jour), ligne


def test_local_times_carry_the_offset_of_the_caisse_s_zone(mois: list[Journee]) -> None:
    for journee in mois[::10]:
        for ligne in journee.contacts + journee.claims:
            e = json.loads(ligne)
            instant = datetime.fromisoformat(e["time"])
            zone = ZoneInfo(SLUGS[e["data"]["caisse"]].fuseau)
            assert instant.utcoffset() == instant.astimezone(zone).utcoffset()


def test_invalid_lines_come_only_when_asked_and_break_the_contract() -> None:
    aleas = Aleas(tardifs=0, doublons=0, desordre=0, corrections=0, retraits=0, invalides=0.05)
    fautes = bonnes = 0
    for journee in journees(configurer(FIN, mois=1, fraction=1_000, aleas=aleas)):
        for ligne in journee.contacts + journee.claims:
            try:
                verifier(json.loads(ligne))
            except (AssertionError, ValueError, KeyError):
                fautes += 1
            else:
                bonnes += 1
    assert 0.03 < fautes / bonnes < 0.06
