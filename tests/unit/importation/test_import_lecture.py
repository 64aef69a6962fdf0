"""Any file is read line by line; what cannot be read is refused alone, with its number and its reason."""

import gzip
import io
import tracemalloc
from pathlib import Path

import pytest

from vigie.importation import Evenement, FichierIllisible, MappingInvalide, RejetLigne, convertir
from vigie.importation.lecture import format_de
from vigie.importation.lignes import LIGNE_MAX
from vigie.importation.resultats import BRUT_MAX
from vigie.importation.tableur import SUITE_MAX

FSE = """
process: fse
shape: dossiers
source: s
subject: id
jalons: {recue: debut, payee: fin}
"""
ENTETE = b"id,debut,fin\n"
BONNE = b"7,2026-01-05,2026-01-09\n"


@pytest.mark.parametrize(
    ("nom", "format_"),
    [
        ("a.csv", "csv"),
        ("A.CSV.GZ", "csv"),
        ("a.tsv", "tsv"),
        ("a.tab.gz", "tsv"),
        ("a.ndjson.gz", "ndjson"),
        ("a.jsonl", "ndjson"),
        ("queue_log", "asterisk-queue-log"),
        ("queue_log.3.gz", "asterisk-queue-log"),
        ("queue_log-20260301", "asterisk-queue-log"),
    ],
)
def test_the_format_is_told_by_the_name(nom: str, format_: str) -> None:
    assert format_de(nom) == format_


def test_a_name_that_tells_no_format_asks_for_one() -> None:
    with pytest.raises(FichierIllisible, match=r"format:.*csv"):
        format_de("export.xlsx")


@pytest.mark.parametrize("nom", ["f.csv", "f.csv.gz"])
@pytest.mark.parametrize("avant", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("fin", [b"\n", b"\r\n"])
def test_gzip_byte_order_mark_and_line_ends_change_nothing(importer, nom, avant, fin) -> None:
    lu = importer(FSE, avant + (ENTETE + BONNE).replace(b"\n", fin), nom)
    temoin = importer(FSE, ENTETE + BONNE)
    assert lu.evenements == temoin.evenements
    assert lu.lignes == [2]


def test_gzip_is_known_by_its_bytes_whatever_the_name(importer) -> None:
    assert len(importer(FSE, gzip.compress(ENTETE + BONNE)).evenements) == 1


@pytest.mark.parametrize(
    ("mauvaise", "raison"),
    [
        (b"8,\x00,2026-01-05\n", "octet_nul"),
        (b"8,2026-01-05,\xff\xfe\n", "encodage"),
        (b"8,2026-01-05\n", "colonnes"),
        (b"8,2026-01-05,2026-01-06,9\n", "colonnes"),
        (b'8,"2026-01-05,2026-01-06\n', "guillemets"),
        (b'8,"2026-01-05"x,2026-01-06\n', "guillemets"),
        (b"8,hier,2026-01-06\n", "date_invalide"),
        (b"8,,\n", "sans_jalon"),
        (b",2026-01-05,\n", "sujet_absent"),
        (b"8," + b"x" * (LIGNE_MAX + 10) + b",\n", "ligne_trop_longue"),
        (bytes(range(1, 10)) + b"\x80\x81\n", "encodage"),
    ],
)
@pytest.mark.parametrize("nom", ["f.csv", "f.csv.gz"])
def test_a_bad_line_is_refused_alone_with_its_number_and_the_rest_goes_in(importer, mauvaise, raison, nom) -> None:
    lu = importer(FSE, ENTETE + BONNE + mauvaise + BONNE, nom)
    assert lu.raisons == [(3, raison)]
    assert lu.lignes == [2, 4]
    assert lu.rejets[0].brut == mauvaise.rstrip(b"\n")[:BRUT_MAX]


def test_a_refusal_names_the_column(importer) -> None:
    lu = importer(FSE, ENTETE + b"8,hier,\n8,2026-01-05\n,2026-01-05,\n8,,\n")
    debut, manque, sujet, vide = (r.message for r in lu.rejets)
    assert "Colonne « debut » (jalons.recue) : « hier » n'est pas une date" in debut
    assert "« fin »" in manque
    assert "« id »" in sujet
    assert "« debut », « fin »" in vide


def test_a_quoted_cell_may_hold_the_separator_quotes_and_newlines(importer) -> None:
    texte = FSE.replace("subject: id", "subject: '{id}-{note}'")
    lu = importer(texte, 'id,debut,fin,note\n1,2026-01-05,,"a, ""b"""\n2,2026-01-05,,"c\r\nd"\n3,2026-01-06,,5" e\n')
    assert [e["subject"] for e in lu.evenements] == ['1-a, "b"', "2-c\nd", '3-5" e']
    assert lu.lignes == [2, 3, 5]


def test_a_stray_quote_costs_its_own_line_however_far_the_next_quote_is(importer) -> None:
    lu = importer(FSE, ENTETE + b'8,"2026-01-05,\n' + BONNE * (SUITE_MAX + 50) + b'8,"2026-01-05,\n' + BONNE)
    assert lu.raisons == [(2, "guillemets"), (SUITE_MAX + 53, "guillemets")]
    assert len(lu.evenements) == SUITE_MAX + 51
    assert len(set(lu.lignes)) == SUITE_MAX + 51


def test_a_blank_line_is_left_aside_and_counted(importer) -> None:
    assert importer(FSE, ENTETE + b"\n  \n" + BONNE).motifs == [(2, "vide"), (3, "vide")]


def test_a_truncated_gzip_gives_what_can_be_read_then_says_where_it_broke(importer) -> None:
    entier = gzip.compress(ENTETE + b"".join(b"%d,2026-01-05,\n" % (n * 7919) for n in range(50_000)))
    lu = importer(FSE, entier[: len(entier) // 2])
    assert lu.evenements
    assert [r.raison for r in lu.rejets] == ["fichier_corrompu"]
    assert lu.rejets[0].ligne == lu.lignes[-1] + 1


def test_a_giant_line_is_skipped_in_bounded_memory(tmp_path: Path, mapping) -> None:
    fichier = tmp_path / "f.csv.gz"
    with gzip.open(fichier, "wb", compresslevel=1) as flux:
        flux.write(ENTETE + BONNE)
        for _ in range(100):
            flux.write(b"x" * 1_000_000)
        flux.write(b"\n" + BONNE)
    tracemalloc.start()
    try:
        sorties = list(convertir(fichier, mapping(FSE), None))
        pic = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [type(s) for s in sorties] == [Evenement, RejetLigne, Evenement]
    assert len(sorties[1].brut) == BRUT_MAX
    assert pic < 8_000_000


def test_another_encoding_and_separator_are_read_when_the_mapping_names_them(importer) -> None:
    texte = FSE + "encoding: cp1252\ndelimiter: ';'\n"
    lu = importer(texte, "id;debut;fin\né€;2026-01-05;\n".encode("cp1252"))
    assert lu.evenements[0]["subject"] == "é€"


def test_ndjson_cells_may_be_texts_numbers_booleans_or_absent(importer) -> None:
    texte = FSE.replace("subject: id", 'subject: "{id}/{n}/{ok}"')
    lu = importer(
        texte,
        '{"id": "a", "n": 1, "ok": true, "debut": "2026-01-05", "fin": null, "autre": {"x": []}}\n'
        '{"id": " b ", "n": 2.5, "ok": false, "debut": "2026-01-05"}\n'
        '{"id": "c", "n": {}, "ok": 1, "debut": "2026-01-05"}\n'
        '{"id": "d\\u0000", "n": 1, "ok": 1, "debut": "2026-01-05"}\n'
        "[1, 2]\n"
        '{"id": \n' + "[" * 100_000 + "\n"
        '{"n": 1, "ok": 1, "debut": "2026-01-05"}\n',
        "f.ndjson",
    )
    assert [e["subject"] for e in lu.evenements] == ["a/1/true", "b/2.5/false"]
    assert lu.raisons == [
        (3, "valeur_illisible"),
        (4, "valeur_illisible"),
        (5, "json_invalide"),
        (6, "json_invalide"),
        (7, "json_invalide"),
        (8, "sujet_absent"),
    ]
    assert "« n »" in lu.rejets[0].message


def test_columns_that_the_file_does_not_have_are_all_named_with_close_ones(importer) -> None:
    with pytest.raises(MappingInvalide) as leve:
        importer(FSE, "ID_dossier,Debut,fini\n1,2,3\n")
    assert [f.chemin for f in leve.value.fautes] == ["subject", "jalons.recue", "jalons.payee"]
    assert "Vouliez-vous dire fini ?" in leve.value.fautes[2].message


def test_a_header_of_one_column_suggests_another_separator(importer) -> None:
    with pytest.raises(MappingInvalide, match="delimiter"):
        importer(FSE, "id;debut;fin\n1;2;3\n")


def test_a_column_named_twice_in_the_header_cannot_be_used(importer) -> None:
    with pytest.raises(MappingInvalide, match="« debut » est deux fois"):
        importer(FSE, "id,debut,debut,fin\n")


@pytest.mark.parametrize("contenu", [b"", b"\xff\xfe\x00\n", b'id,"debut\n', b"\x1f\x8b\x08\x00rien"])
def test_a_file_without_a_readable_header_is_refused_as_a_whole(importer, contenu) -> None:
    with pytest.raises(FichierIllisible, match=r"f\.csv"):
        importer(FSE, contenu)


def test_a_missing_file_or_a_folder_is_refused_with_a_sentence(tmp_path: Path, mapping) -> None:
    for fichier in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(FichierIllisible, match=str(fichier)):
            list(convertir(fichier, mapping(FSE + "format: csv\n"), None))


def test_a_given_stream_is_read_instead_of_the_file_and_left_open(mapping) -> None:
    for contenu in (ENTETE + BONNE, gzip.compress(ENTETE + BONNE)):
        flux = io.BytesIO(contenu)
        assert len(list(convertir(Path("recu.csv"), mapping(FSE), None, flux))) == 1
        assert not flux.closed


def test_an_import_left_half_way_closes_its_file(tmp_path: Path, mapping) -> None:
    fichier = tmp_path / "f.csv"
    fichier.write_bytes(ENTETE + BONNE * 3)
    sorties = convertir(fichier, mapping(FSE), None)
    next(sorties)
    sorties.close()
