"""Reading an event: what is taken and what it becomes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.events.contrat import (
    REVISION_MAX,
    TEXTE_MAX,
)
from shared.events.lecture import Lecteur
from shared.network.reseau import charger
from tests.unit.events.atelier import HIER, LECTEUR, MAINTENANT, Lire, Refuser, ligne_bonne


def test_a_single_milestone_is_its_time(lire: Lire) -> None:
    lu = lire(data={"caisse": "cpam-75", "productrice": "cpam-13", "plateforme": "pfs-idf", "motif": "droits"})
    assert (lu.process, lu.subject, lu.enregistre) == ("appel", "A-20261103-000123", MAINTENANT)
    assert lu.contenu.jalons == {"decroche": lu.contenu.temps}
    assert lu.contenu.temps == int(datetime(2026, 11, 3, 8, 12, 44, tzinfo=UTC).timestamp())
    codes = charger().par_slug
    assert (lu.contenu.caisse, lu.contenu.productrice) == (codes["cpam-75"].code, codes["cpam-13"].code)
    assert (lu.contenu.plateforme, lu.contenu.attributs) == ("pfs-idf", {"motif": "droits"})


def test_a_multiple_milestone_is_a_list_even_alone(lire: Lire) -> None:
    lu = lire(type="vigie.cmuc_acs.incomplete.v1", data={})
    assert lu.contenu.jalons == {"incomplete": [lu.contenu.temps]}


def test_a_dossier_keeps_each_date_once_and_sorted_and_counts_from_its_latest(lire: Lire) -> None:
    dates = ["2026-10-20T10:00:00Z", "2026-10-10T10:00:00+02:00", "2026-10-10T08:00:00.75Z"]
    jalons = {"recue": "2026-10-01T00:00:00Z", "incomplete": dates, "completee": HIER, "annulee": None}
    lu = lire(type="vigie.cmuc_acs.dossier.v1", time=..., data={"jalons": jalons}).contenu
    assert lu.jalons["incomplete"] == [
        int(datetime(2026, 10, jour, heure, tzinfo=UTC).timestamp()) for jour, heure in ((10, 8), (20, 10))
    ]
    assert "annulee" not in lu.jalons
    assert lu.jalons["completee"] == [lu.temps]
    assert lu.temps == int(datetime.fromisoformat(HIER).timestamp())


def test_namespace_is_the_source_unless_said(lire: Lire) -> None:
    for absent in (..., None, ""):
        assert lire(namespace=absent).namespace == "urn:vigie:source:telephonie-pfs-idf"
    assert lire(namespace="urn:vigie:ged").namespace == "urn:vigie:ged"


@pytest.mark.parametrize(("valeur", "lue"), [(1, "1"), ("1", "1"), (1.0, "1"), (2, "2"), ("autre", "autre")])
def test_a_number_means_its_own_writing_in_a_closed_list(lire: Lire, valeur: Any, lue: str) -> None:
    assert lire(data={"niveau": valeur}).contenu.attributs == {"niveau": lue}


@pytest.mark.parametrize(("valeur", "lue"), [(True, "oui"), (False, "non"), ("oui", "oui"), (1, "autre"), (0, "autre")])
def test_true_and_false_mean_oui_and_non_and_one_does_not(lire: Lire, valeur: Any, lue: str) -> None:
    lu = lire(type="vigie.cmuc_acs.recue.v1", data={"premiere_demande": valeur})
    assert lu.contenu.attributs == {"premiere_demande": lue}


@pytest.mark.parametrize("valeur", ["telepathie", 3, True, 1.5, -1, "", "DROITS", "droits "])
def test_a_value_out_of_its_closed_list_becomes_autre_and_is_counted(lire: Lire, lecteur: Lecteur, valeur: Any) -> None:
    for _ in range(2):
        assert lire(data={"niveau": valeur}).contenu.attributs == {"niveau": "autre"}
    assert lecteur.valeurs_autres == {("appel", "niveau"): 2}


@pytest.mark.parametrize(
    "champ", ["caisse", "productrice", "plateforme", "assure", "nombre", "motif", "jalons", "cible", "inconnu"]
)
def test_null_is_not_given(lire: Lire, champ: str) -> None:
    vide = lire(data={}).contenu
    assert lire(data={champ: None}).contenu == vide


def test_null_attributes_of_the_envelope_are_not_given(lire: Lire) -> None:
    assert lire(revision=None, namespace=None, recordedtime=None, datacontenttype=None) == lire()


def test_an_unknown_field_is_let_through_and_counted(lire: Lire, lecteur: Lecteur) -> None:
    for _ in range(3):
        lire(data={"agence": "Nation", "guichet": {"n": [1, 2.5, True]}})
    assert lecteur.champs_inconnus == {("appel", "agence"): 3, ("appel", "guichet"): 3}


def test_unknown_field_names_cannot_fill_the_memory_and_the_known_still_count(lire: Lire, lecteur: Lecteur) -> None:
    lire(data={f"champ{i}": 1 for i in range(1_500)})
    assert len(lecteur.champs_inconnus) == 1_000
    lire(data={"champ0": 1})
    assert lecteur.champs_inconnus["appel", "champ0"] == 2


def test_unknown_attributes_of_the_envelope_are_let_through(lire: Lire) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert lire(traceparent=trace, dataschema="urn:x", datacontenttype="application/json") == lire()


def test_the_last_of_two_equal_keys_counts() -> None:
    ligne = ligne_bonne(b'{"nombre":2,"nombre":3}')
    assert LECTEUR.lire(ligne, MAINTENANT).contenu.nombre == 3
    assert LECTEUR.lire(ligne[:-1] + b',"id":"b"}', MAINTENANT).contenu.id == "b"


def test_recordedtime_is_kept_and_says_what_is_late(lire: Lire) -> None:
    assert lire(recordedtime="2026-11-03T09:30:00+01:00").enregistre == 1_793_694_600
    assert lire(recordedtime="2026-11-04T09:12:44+01:00").cause == 0
    assert lire(recordedtime="2026-11-04T09:12:45+01:00").cause == 1
    assert lire(recordedtime="2026-11-09T09:12:45+01:00", revision=1).cause == 2


@pytest.mark.parametrize("subject", ["A-20261103-000123", "0123456789", "é", "a b", "n°1", "x" * TEXTE_MAX, "🙂"])
def test_file_numbers_are_taken_as_they_come(lire: Lire, subject: str) -> None:
    assert lire(subject=subject).subject == subject


def test_a_retraction_is_the_empty_content_of_its_target_at_the_last_revision(lire: Lire) -> None:
    lu = lire(type="vigie.appel.retrait.v1", time=..., data={"cible": "0192-z"})
    assert (lu.contenu.id, lu.contenu.revision, lu.cause) == ("0192-z", REVISION_MAX, 3)
    assert (lu.contenu.temps, lu.contenu.jalons) == (0, {})


def test_a_retraction_may_name_its_revision(lire: Lire) -> None:
    assert lire(type="vigie.appel.retrait.v1", revision=4, data={"cible": "z"}).contenu.revision == 4


@pytest.mark.parametrize("cible", [..., None, "", 5, ["a"], "a|b", "a\x00", "x" * (TEXTE_MAX + 1)])
def test_a_retraction_without_a_proper_target_is_refused(refuser: Refuser, cible: Any) -> None:
    donnees = {} if cible is ... else {"cible": cible}
    refus = refuser(type="vigie.appel.retrait.v1", data=donnees)
    assert (refus.raison, refus.champ) == ("valeur_invalide", "data.cible")


def test_what_may_be_an_id_may_be_a_target(lire: Lire) -> None:
    assert lire(id="0612345678").contenu.id == "0612345678"
    assert lire(type="vigie.appel.retrait.v1", data={"cible": "0612345678"}).contenu.id == "0612345678"


@pytest.mark.parametrize(
    "donnees", [{"assure": "0612345678"}, {"motif": "x@y.fr"}, {"z": {"0612345678": 1}}, {"nombre": "0612345678"}]
)
def test_a_retraction_carries_nobody(refuser: Refuser, donnees: dict[str, Any]) -> None:
    assert refuser(type="vigie.appel.retrait.v1", data={"cible": "a"} | donnees).raison == "donnees_personnelles"


@pytest.mark.parametrize("revision", [0, 1, REVISION_MAX])
def test_revisions_within_the_limits_are_taken(lire: Lire, revision: int) -> None:
    assert lire(revision=revision).contenu.revision == revision


@pytest.mark.parametrize("revision", [-1, REVISION_MAX + 1, 10**30, "1", 1.5, True, [1]])
def test_revisions_out_of_the_limits_are_refused(refuser: Refuser, revision: Any) -> None:
    refus = refuser(revision=revision)
    assert (refus.raison, refus.champ) == ("enveloppe_invalide", "revision")
