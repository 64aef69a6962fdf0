"""The AsyncAPI document, the page and the command that keeps the generated files up to date."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from shared.catalogue.processus import charger_processus
from shared.dossiers.derives.fiches import Derive
from shared.dossiers.derives.messages import annoncer
from shared.events.contrat import RAISONS, Contenu
from shared.events.generation import ASYNCAPI, PAGE, RACINE, SCHEMAS, page, produits
from shared.generes import commande, ecrire, perimes
from tests.unit.events.atelier import LECTEUR, MAINTENANT
from tests.unit.events.test_schemas import VALIDEURS, references

TEXTE = (RACINE / PAGE).read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = json.loads((RACINE / ASYNCAPI).read_text(encoding="utf-8"))
CANAUX: dict[str, Any] = DOCUMENT["channels"]
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]


def blocs(langue: str) -> list[str]:
    return re.findall(rf"^```{langue}\n(.*?)^```", TEXTE, re.DOTALL | re.MULTILINE)


def vers(reference: str) -> Any:
    """What a reference within the document points at. Raises KeyError."""
    noeud: Any = DOCUMENT
    for pas in reference.removeprefix("#/").split("/"):
        noeud = noeud[pas]
    return noeud


# AsyncAPI 3.0: structure (https://www.asyncapi.com/docs/reference/specification/v3.0.0), bindings kafka 0.5.0


def test_the_asyncapi_has_only_the_members_that_version_3_0_gives_them() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT.keys() <= {"asyncapi", "id", "info", "defaultContentType", "channels", "operations", "components"}
    assert {"title", "version"} <= DOCUMENT["info"].keys() <= {"title", "version", "description", "license"}
    for canal in CANAUX.values():
        assert canal.keys() <= {"address", "title", "description", "messages", "bindings"}
        assert canal["bindings"]["kafka"].keys() <= {"topic", "topicConfiguration", "bindingVersion", "x-partition"}
    for operation in DOCUMENT["operations"].values():
        assert operation.keys() <= {"action", "channel", "summary", "messages"}
        assert operation["action"] in ("send", "receive")
    for message in MESSAGES.values():
        assert message.keys() <= {"name", "title", "contentType", "payload", "bindings", "examples"}
        assert message["bindings"]["kafka"].keys() <= {"key", "bindingVersion"}


def test_every_reference_of_the_asyncapi_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert isinstance(vers(reference), dict), reference


def test_an_operation_carries_the_messages_of_its_own_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        canal = operation["channel"]["$ref"]
        assert {m["$ref"] for m in operation["messages"]} == {f"{canal}/messages/{m}" for m in vers(canal)["messages"]}


def test_each_process_is_on_the_topic_of_its_service_and_indicators_on_theirs() -> None:
    par_topic = {canal["address"]: {m.rsplit("_", 1)[0] for m in canal["messages"]} for canal in CANAUX.values()}
    attendu: dict[str, set[str]] = {"vigie.indicateurs.v1": {"indicateur"}, "vigie.personnes.v1": {"personne"}}
    for p in charger_processus().values():
        attendu.setdefault(f"vigie.{p.service}.v1", set()).add(p.code)
    assert par_topic == attendu
    assert {"vigie.contacts.v1", "vigie.claims.v1"} <= par_topic.keys()


def test_every_channel_states_the_partition_rule_and_every_message_its_key() -> None:
    for canal in CANAUX.values():
        assert "crc32" in canal["bindings"]["kafka"]["x-partition"]
    for message in MESSAGES.values():
        cle = message["bindings"]["kafka"]["key"]
        Draft7Validator.check_schema(cle)
        assert "crc32" in cle["description"]


@pytest.mark.parametrize("nom", list(MESSAGES))
def test_payloads_are_draft_7_schemas_that_accept_their_examples(nom: str) -> None:
    message = MESSAGES[nom]
    charge = {"components": DOCUMENT["components"]} | message["payload"]
    Draft7Validator.check_schema(vers(message["payload"]["$ref"]))
    for cas in message["examples"]:
        Draft7Validator(charge).validate(cas["payload"])
    autre = next(m for n, m in MESSAGES.items() if n != nom)
    assert not Draft7Validator(charge).is_valid(autre["examples"][0]["payload"])


@given(
    st.sampled_from(["appel|essai|1", "fse|essai|2"]),
    st.sampled_from(["contact", "dossier", "retrait"]),
    st.integers(0, 9),
)
def test_what_is_announced_of_a_person_is_what_the_asyncapi_says(cle: str, genre: str, revision: int) -> None:
    jalons = {"contact": {"contact": 1_793_700_000}, "dossier": {"ouvert": 1_793_700_000, "clos": 1_793_800_000}}
    dits = jalons.get(genre, {})
    contenu = Contenu(0, cle, revision, 1_793_700_000 if dits else 0, {**dits}, 751 if dits else 0)
    clef, valeur = annoncer("contacts", Derive("k1.Zm9vYmFyYmF6cXV4cXV1eA", contenu), 20_760, 0)
    message = MESSAGES[f"personne_{genre}"]
    charge = {"components": DOCUMENT["components"]} | message["payload"]
    Draft7Validator(charge).validate(json.loads(valeur))
    assert re.match(message["bindings"]["kafka"]["key"]["pattern"], clef.decode())


# docs/evenements.md


@pytest.mark.parametrize("bloc", blocs("json"), ids=lambda bloc: json.loads(bloc)["type"])
def test_every_event_of_the_page_is_accepted_by_its_schema_and_by_the_reader(bloc: str) -> None:
    lu = LECTEUR.lire(bloc.encode(), MAINTENANT)
    VALIDEURS[lu.process].validate(json.loads(bloc))


def test_the_page_shows_every_process_and_every_reason() -> None:
    montres = {json.loads(bloc)["type"].split(".")[1] for bloc in blocs("json")}
    assert montres == set(charger_processus())
    for code, sens in RAISONS.items():
        assert f"| `{code}` | {sens} |" in TEXTE


@pytest.mark.parametrize("bloc", blocs("python"), ids=["partition", "pseudonyme"])
def test_the_reference_values_of_the_page_are_right(bloc: str) -> None:
    exec(compile(bloc, str(PAGE), "exec"), {})


def test_the_command_that_imports_makes_the_pseudonym_that_the_page_explains() -> None:
    from vigie.importation.pseudonyme import pseudonymiseur

    _, bloc = blocs("python")
    cle = re.search(r'cle = b"(.+)"', bloc)
    pseudonyme = re.search(r'== "(k.+)"', bloc)
    identifiant = re.search(r'join\("(.+)"\.split', bloc)
    assert cle and pseudonyme and identifiant
    assert pseudonymiseur(cle[1].encode())(identifiant[1]) == pseudonyme[1]


# python -m shared.events.generation


@pytest.fixture
def copie(tmp_path: Path) -> Path:
    """A tree with the generated files and nothing else."""
    for chemin in (ASYNCAPI, PAGE):
        (tmp_path / chemin).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(RACINE / chemin, tmp_path / chemin)
    shutil.copytree(RACINE / SCHEMAS, tmp_path / SCHEMAS)
    return tmp_path


def test_the_generated_files_are_up_to_date() -> None:
    assert perimes(produits(RACINE)) == []


def test_the_check_names_what_is_stale_missing_or_too_many_and_writes_nothing(
    copie: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copie / SCHEMAS / "appel.json").write_text("{}", encoding="utf-8")
    (copie / SCHEMAS / "ij.json").unlink()
    (copie / SCHEMAS / "telegramme.json").write_text("{}", encoding="utf-8")
    page_ = copie / PAGE
    page_.write_text(TEXTE.replace(RAISONS["trop_long"], "autre chose"), encoding="utf-8")
    assert commande("shared.events.generation", produits(copie), ["--verifier"]) == 1
    lignes = [ligne.split(" ")[0] for ligne in capsys.readouterr().err.splitlines()]
    assert lignes == [PAGE.name, *(f"{nom}.json" for nom in ("appel", "ij", "telegramme"))]
    assert (copie / SCHEMAS / "appel.json").read_text(encoding="utf-8") == "{}"


def test_generating_repairs_then_has_nothing_to_do(copie: Path) -> None:
    (copie / SCHEMAS / "appel.json").write_text("{}", encoding="utf-8")
    (copie / ASYNCAPI).unlink()
    (copie / SCHEMAS / "telegramme.json").write_text("{}", encoding="utf-8")
    assert len(ecrire(produits(copie))) == 3
    assert not (copie / SCHEMAS / "telegramme.json").exists()
    assert commande("shared.events.generation", produits(copie), []) == 0
    assert commande("shared.events.generation", produits(copie), ["--verifier"]) == 0
    assert (copie / PAGE).read_text(encoding="utf-8") == TEXTE


def test_what_is_written_by_hand_in_the_page_is_left_as_it_is() -> None:
    texte = "avant\n<!-- généré : raisons -->\nvieux\n<!-- fin -->\naprès"
    assert page(texte, {"raisons": "neuf"}) == texte.replace("vieux", "neuf")
    with pytest.raises(KeyError):
        page(texte, {})


def test_the_command_runs_as_a_module() -> None:
    commande = [sys.executable, "-m", "shared.events.generation", "--verifier"]
    fini = subprocess.run(commande, cwd=RACINE, capture_output=True, text=True, timeout=60, check=False)
    assert (fini.returncode, fini.stdout) == (0, "")
