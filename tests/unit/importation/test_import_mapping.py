"""A mapping is read as written, and refused with every fault at once."""

from pathlib import Path

import pytest

from vigie.importation import FichierIllisible, MappingInvalide, construire_mapping, lire_mapping, lire_yaml

DOSSIERS = """
process: cmuc_acs
shape: dossiers
source: urn:vigie:source:essai
format: csv                               # csv | tsv | ndjson | asterisk-queue-log (gz accepted)
timezone: Europe/Paris                    # used when a time has no offset
time_format: iso8601                      # or a strptime pattern
subject: case_id
jalons:
  recue: case_startdate
  decidee_accord: case_enddate
attributes: {caisse: case_department, support: case_channel}
values: {caisse: {General: cpam-75, Experts: cpam-67}}
defaults: {regime: general, caisse: cpam-75}
"""

EVENEMENTS = """
process: cmuc_acs
shape: events
source: urn:vigie:source:essai
subject: case_id
activity: activity
time: timestamp
jalons: {recue: "Confirmation of receipt", decidee_accord: [T10 Determine, T11 Create]}
"""


def fautes(texte: str) -> dict[str, str]:
    with pytest.raises(MappingInvalide) as leve:
        construire_mapping(lire_yaml(texte))
    return {f.chemin: f.message for f in leve.value.fautes}


def test_the_dossiers_example_of_the_specification_is_taken_as_written() -> None:
    lu = construire_mapping(lire_yaml(DOSSIERS))
    assert (lu.process, lu.forme, lu.format, str(lu.zone)) == ("cmuc_acs", "dossiers", "csv", "Europe/Paris")
    assert list(lu.jalons) == ["recue", "decidee_accord"]
    assert lu.constantes == {"regime": "general"}
    assert [(a.nom, a.colonne, a.defaut) for a in lu.attributs] == [
        ("caisse", "case_department", "cpam-75"),
        ("support", "case_channel", None),
    ]


def test_the_events_example_of_the_specification_is_taken_as_written() -> None:
    lu = construire_mapping(lire_yaml(EVENEMENTS))
    assert lu.activites["Confirmation of receipt"] == ("recue",)
    assert lu.activites["T11 Create"] == ("decidee_accord",)
    assert list(lu.colonnes()) == ["case_id", "timestamp", "activity"]


def test_every_fault_is_reported_at_once_with_its_path_and_what_is_accepted() -> None:
    vues = fautes(
        """
        process: cmuc_acs
        shape: dossier
        sourse: x
        format: xls
        timezone: Europe/Pari
        time_format: "%H:%M"
        encoding: utf-16
        delimiter: ";;"
        subject: ""
        jalons:
          recu: a
          decidee_accord: [{temps: b}]
        attributes: {suport: c, caisse: {column: d, valeurs: {}}}
        values: {regime: {x: general}}
        defaults: {support: couriel, caisse: CPAM 75, assure: moi}
        """
    )
    assert vues["shape"].startswith("« dossier » n'est pas accepté. Vouliez-vous dire dossiers")
    assert "source" in vues["sourse"]
    assert "il faut le nom de la source" in vues["source"]
    assert "csv" in vues["format"]
    assert "Europe/Paris" in vues["timezone"]
    assert "iso8601" in vues["time_format"]
    assert "utf-8" in vues["encoding"]
    assert "un seul caractère" in vues["delimiter"]
    assert "une colonne" in vues["subject"]
    assert "recue" in vues["jalons.recu"]
    assert "clé inconnue" in vues["jalons.decidee_accord[0].temps"]
    assert "une colonne" in vues["jalons.decidee_accord[0].time"]
    assert "support" in vues["attributes.suport"]
    assert "values" in vues["attributes.caisse.valeurs"]
    assert "aucune colonne" in vues["values.regime"]
    assert "courrier" in vues["defaults.support"]
    assert "cpam-75" in vues["defaults.caisse"]
    assert "pseudonymise" in vues["defaults.assure"]


def test_an_unknown_process_names_the_close_ones_and_the_rest_is_still_checked() -> None:
    vues = fautes("{process: reclamations, shape: dossiers, source: s, subject: a, jalons: {x: b}, timezone: Mars}")
    assert "reclamation" in vues["process"]
    assert "timezone" in vues


@pytest.mark.parametrize(
    ("ligne", "chemin"),
    [
        ("activity: a", "activity"),
        ("time: a", "time"),
        ("values: {support: {x: courier}}\nattributes: {support: c}", "values.support.x"),
        (
            "attributes: {support: {column: c, values: {x: courrier}}}\nvalues: {support: {}}",
            "attributes.support.values",
        ),
        ("attributes: {assure: {column: c, values: {x: y}}}", "attributes.assure.values"),
        ("namespace: a|b", "namespace"),
        ("when: [a]", "when"),
        ("unless: {a: {b: c}}", "unless.a"),
        ("format: [csv]", "format"),
        ("time_format: 'le %q'", "time_format"),
    ],
)
def test_one_fault_is_named_by_its_path(ligne: str, chemin: str) -> None:
    base = "process: cmuc_acs\nshape: dossiers\nsource: s\nsubject: a\njalons: {recue: b}\n"
    assert chemin in fautes(base + ligne)


@pytest.mark.parametrize("ligne", ["subject: {{ numero }}", "{}: 1", "? [a, b]\n: 1"])
def test_a_key_that_is_no_text_is_a_fault_at_its_line(ligne: str) -> None:
    assert "une clé est un texte" in fautes(f"process: fse\n{ligne}\n")["ligne 2"]


def test_a_key_given_twice_is_a_fault_and_the_last_one_does_not_win() -> None:
    assert "deux fois (ligne 3)" in fautes("process: fse\nshape: dossiers\nprocess: fsp\n")["process"]


@pytest.mark.parametrize("texte", ["", "[]", "juste un texte", "a: [", "a: &a {b: *c}", "\x01"])
def test_a_document_that_is_no_mapping_is_refused_with_a_sentence(texte: str) -> None:
    assert fautes(texte)


def test_scalars_stay_as_written_so_that_cells_compare_with_them() -> None:
    lu = construire_mapping(
        lire_yaml(EVENEMENTS + "unless: {q_start: 0:00:00, jour: 1999-01-01, ferme: no, n: [01, 1.0]}\n")
    )
    assert {c: sorted(v) for c, v in lu.filtre.exclu.items()} == {
        "q_start": ["0:00:00"],
        "jour": ["1999-01-01"],
        "ferme": ["no"],
        "n": ["01", "1.0"],
    }


def test_agent_names_of_a_queue_log_cannot_leave() -> None:
    vues = fautes(
        """
        {process: appel, source: s, format: asterisk-queue-log, subject: "{callid}-{agent}",
        attributes: {plateforme: agent}}
        """
    )
    assert set(vues) == {"subject", "attributes.plateforme"}


def test_a_mapping_file_that_is_missing_or_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "binaire.yaml").write_bytes(b"\xff\xfe\x00")
    for nom in ("absent.yaml", "binaire.yaml"):
        with pytest.raises(FichierIllisible, match=nom):
            lire_mapping(tmp_path / nom)


@pytest.mark.parametrize(
    "exemple", sorted((Path(__file__).parents[3] / "examples").glob("*.yaml")), ids=lambda p: p.stem
)
def test_the_mappings_of_examples_are_sound(exemple: Path) -> None:
    assert lire_mapping(exemple).source.startswith("urn:vigie:source:")
