"""Whatever the bytes of a file, an import either refuses it as a whole or accounts for each of its lines."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vigie.importation import ErreurImport, Evenement, construire_mapping, convertir, lire_yaml
from vigie.importation.resultats import BRUT_MAX

BASE = """
process: cmuc_acs
shape: {forme}
source: s
subject: "{{a}}-{{b}}"
jalons: {jalons}
attributes: {{caisse: c, support: {{column: b, values: {{x: accueil}}}}, assure: a}}
nombre: n
"""
DOSSIERS = construire_mapping(
    lire_yaml(BASE.format(forme="dossiers", jalons='{recue: b, incomplete: "{a} {b}", decidee_accord: c}'))
)
EVENEMENTS = construire_mapping(
    lire_yaml(BASE.format(forme="events", jalons='{recue: "*", annulee: x}') + "activity: a\ntime: b\n")
)
FILE = construire_mapping(
    lire_yaml("{process: appel, source: s, format: asterisk-queue-log, attributes: {plateforme: queue, assure: data2}}")
)
SANS_TEXTE = construire_mapping(
    lire_yaml(BASE.format(forme="dossiers", jalons="{recue: b, decidee_accord: c}").replace("caisse: c", "caisse: a"))
)
MOTS = [b",", b"\t", b"|", b'"', b"\n", b"\r\n", b"\0", b"\xff", b"1", b"x", b"a", b"2026-01-05", b"0001-01-01"]
MOTS += [b"9999-12-31T23:59", b"T00:00-23:59", b"1767603600", b"ENTERQUEUE", b"cpam-75", b'{"a":1,"b":', b"}", b"1e9"]
OCTETS = st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(MOTS), max_size=60).map(b"".join))
CAS = [
    (DOSSIERS, "f.csv"),
    (EVENEMENTS, "f.tsv"),
    (DOSSIERS, "f.ndjson"),
    (EVENEMENTS, "f.ndjson"),
    (FILE, "queue_log"),
]
ENTETES = {"f.csv": b"a,b,c,n\n", "f.tsv": b"a\tb\tc\tn\n"}


@pytest.mark.parametrize(("mapping", "nom"), CAS)
@settings(deadline=None)
@given(octets=OCTETS)
@example(octets=b"1,0001-01-01,9999-12-31T23:59-23:59,1")
@example(octets=b'{"a":"\\ud800","b":"2026-01-05","c":"cpam-75","n":1}')
def test_no_byte_after_the_header_makes_an_import_raise(mapping, nom, octets) -> None:
    contenu = ENTETES.get(nom, b"") + octets
    vues = []
    for sortie in convertir(Path(nom), mapping, b"0123456789abcdef", io.BytesIO(contenu)):
        vues.append(sortie.ligne)
        if isinstance(sortie, Evenement):
            json.loads(sortie.corps)
        assert not hasattr(sortie, "brut") or len(sortie.brut) <= BRUT_MAX
    assert vues == sorted(set(vues))


_CELLULES = st.tuples(
    st.sampled_from(["", "1", "2"]),
    st.sampled_from(["2026-01-05", "2026-01-06T10:00:00+01:00", "hier"]),
    st.sampled_from(["cpam-75", "2026-01-07", ""]),
    st.sampled_from(["1", "2", "0"]),
)
_GABARITS = {
    "f.csv": "{},{},{},{}",
    "f.tsv": "{}\t{}\t{}\t{}",
    "f.ndjson": '{{"a":"{}","b":"{}","c":"{}","n":"{}"}}',
    "queue_log": "176760360{3}|1767603600.{0}|sav|NONE|ENTERQUEUE|{1}|{2}|1",
}


def _fichier(nom: str, rangees: list[tuple[str, ...]], octets: bytes) -> bytes:
    """Rows most of which are good, then anything without a quote: one that is not closed takes what follows with it."""
    lignes = "".join(_GABARITS[nom].format(*cellules) + "\n" for cellules in rangees).encode()
    return ENTETES.get(nom, b"") + lignes + octets.replace(b'"', b"") + b"\n"


def _sorties(mapping, nom, contenu: bytes) -> list:
    return list(convertir(Path(nom), mapping, b"0123456789abcdef", io.BytesIO(contenu)))


@pytest.mark.parametrize(
    ("mapping", "nom"),
    [(SANS_TEXTE, "f.csv"), (EVENEMENTS, "f.tsv"), (SANS_TEXTE, "f.ndjson"), (FILE, "queue_log")],
)
@settings(deadline=None, max_examples=50)
@given(rangees=st.lists(_CELLULES, max_size=8), octets=OCTETS, suite=OCTETS)
def test_a_file_sent_again_or_grown_sends_what_it_sent_and_an_id_has_one_content(
    mapping, nom, rangees, octets, suite
) -> None:
    contenu = _fichier(nom, rangees, octets)
    envoyees = _sorties(mapping, nom, contenu)
    assert _sorties(mapping, nom, contenu) == envoyees
    assert _sorties(mapping, nom, contenu + suite)[: len(envoyees)] == envoyees
    corps = {sortie.corps for sortie in envoyees if isinstance(sortie, Evenement)}
    assert len({json.loads(c)["id"] for c in corps}) == len(corps)


@pytest.mark.parametrize(("mapping", "nom"), CAS)
@settings(deadline=None)
@given(octets=OCTETS)
@example(octets=b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff")
def test_a_file_of_any_bytes_is_read_or_refused_with_a_sentence(mapping, nom, octets) -> None:
    try:
        for _ in convertir(Path(nom), mapping, b"0123456789abcdef", io.BytesIO(octets)):
            pass
    except ErreurImport as refus:
        assert str(refus)


@settings(deadline=None)
@given(texte=st.text(max_size=200))
def test_a_mapping_of_any_text_is_read_or_refused_with_a_sentence(texte) -> None:
    try:
        construire_mapping(lire_yaml(texte))
    except ErreurImport as refus:
        assert str(refus)


_VALEURS = st.recursive(
    st.text(max_size=8), lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=3)
)


@settings(deadline=None)
@given(
    cles=st.dictionaries(
        st.sampled_from(
            [
                "process",
                "jalons",
                "attributes",
                "values",
                "defaults",
                "when",
                "time",
                "subject",
                "format",
                "encoding",
                "timezone",
                "delimiter",
                "nombre",
                "namespace",
                "shape",
                "source",
                "time_format",
                "activity",
            ]
        ),
        _VALEURS,
    )
)
def test_a_mapping_of_any_shape_is_read_or_refused_with_a_sentence(cles) -> None:
    base = {"process": "appel", "shape": "dossiers", "source": "s", "subject": "a", "jalons": {"presente": "b"}}
    try:
        construire_mapping(base | cles)
    except ErreurImport as refus:
        assert str(refus)
