"""From one row to its event: jalons, conditions, attributes, counts, pseudonyms, ids."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from vigie.importation import CleManquante, convertir, lire_cle

APPELS = """
process: appel
shape: dossiers
source: urn:vigie:source:essai
time_format: "%y%m%d %H:%M:%S"
unless: {issue: PHANTOM}
subject: "{ligne}-{n}"
jalons:
  presente:
    - {time: "{date} {file}", unless: {file: "0:00:00"}}
    - "{date} {sortie}"
  decroche: {time: "{date} {sortie}", when: {issue: [AGENT, RENFORT]}}
  abandonne: {time: "{date} {sortie}", when: {issue: HANG}}
  termine: {time: fin, time_format: iso8601}
"""
ENTETE = "ligne,n,date,file,sortie,issue,fin\n"


def appels(importer, *rangees: str):
    return importer(APPELS, ENTETE + "".join(f"{r}\n" for r in rangees))


def test_a_row_is_one_dossier_event_with_all_its_jalons_at_the_time_of_the_latest(importer) -> None:
    lu = appels(importer, "A,1,260105,9:00:00,9:00:30,AGENT,2026-01-05T09:05:00+01:00")
    (evenement,) = lu.evenements
    assert {k: evenement[k] for k in ("specversion", "source", "type", "subject", "time", "data")} == {
        "specversion": "1.0",
        "source": "urn:vigie:source:essai",
        "type": "vigie.appel.dossier.v1",
        "subject": "A-1",
        "time": "2026-01-05T09:05:00+01:00",
        "data": {
            "jalons": {
                "presente": "2026-01-05T09:00:00+01:00",
                "decroche": "2026-01-05T09:00:30+01:00",
                "termine": "2026-01-05T09:05:00+01:00",
            }
        },
    }


def test_the_first_time_that_applies_wins_and_conditions_choose_the_jalons(importer) -> None:
    lu = appels(importer, "A,1,260105,9:00:00,9:00:30,HANG,", "A,2,260105,0:00:00,9:00:30,RENFORT,")
    assert lu.jalons == [
        {"presente": "2026-01-05T09:00:00+01:00", "abandonne": "2026-01-05T09:00:30+01:00"},
        {"presente": "2026-01-05T09:00:30+01:00", "decroche": "2026-01-05T09:00:30+01:00"},
    ]


def test_an_empty_cell_is_an_absent_jalon_and_the_next_time_is_tried(importer) -> None:
    lu = appels(importer, "A,1,260105,,9:00:30,HANG,")
    assert lu.jalons == [{"presente": "2026-01-05T09:00:30+01:00", "abandonne": "2026-01-05T09:00:30+01:00"}]


def test_rows_left_out_by_the_mapping_are_counted(importer) -> None:
    assert appels(importer, "A,1,260105,9:00:00,9:00:30,PHANTOM,").motifs == [(2, "filtre")]


def test_unless_leaves_out_the_rows_that_meet_all_its_columns(importer) -> None:
    texte = APPELS.replace("unless: {issue: PHANTOM}", "unless: {issue: PHANTOM, ligne: A}")
    lignes = "A,1,260105,9:00:00,9:00:30,PHANTOM,\nB,1,260105,9:00:00,9:00:30,PHANTOM,\n"
    lu = importer(texte, ENTETE + lignes)
    assert (lu.motifs, lu.lignes) == ([(2, "filtre")], [3])


def test_a_stay_across_midnight_rolls_over_and_a_small_step_back_is_kept(importer) -> None:
    lu = appels(importer, "A,1,990109,23:59:28,0:00:03,AGENT,", "A,2,990109,15:46:49,15:45:56,AGENT,")
    assert lu.jalons == [
        {"presente": "1999-01-09T23:59:28+01:00", "decroche": "1999-01-10T00:00:03+01:00"},
        {"presente": "1999-01-09T15:46:49+01:00", "decroche": "1999-01-09T15:45:56+01:00"},
    ]


ETAPES = """
process: cmuc_acs
shape: events
source: s
namespace: dossiers-cmuc
subject: id
activity: etape
time: quand
jalons: {recue: "*", incomplete: [Manque, Relance], decidee_accord: Accord}
"""


def test_an_event_row_is_one_event_of_its_jalon(importer) -> None:
    lu = importer(ETAPES.replace('recue: "*"', "recue: Accueil"), "id,etape,quand\n1,Accueil,2026-01-05\n")
    (evenement,) = lu.evenements
    assert (evenement["type"], evenement["time"]) == ("vigie.cmuc_acs.recue.v1", "2026-01-05T00:00:00+01:00")
    assert evenement["namespace"] == "dossiers-cmuc"
    assert evenement["data"] == {}


def test_a_row_that_makes_several_jalons_is_a_dossier_event_and_a_multiple_jalon_a_list(importer) -> None:
    lu = importer(ETAPES, "id,etape,quand\n1,Relance,2026-01-05\n1,Autre,2026-01-06\n")
    assert [e["type"] for e in lu.evenements] == ["vigie.cmuc_acs.dossier.v1", "vigie.cmuc_acs.recue.v1"]
    assert lu.evenements[0]["data"]["jalons"] == {
        "recue": "2026-01-05T00:00:00+01:00",
        "incomplete": ["2026-01-05T00:00:00+01:00"],
    }


def test_an_activity_that_is_no_jalon_is_left_aside_even_with_an_unreadable_time(importer) -> None:
    lu = importer(ETAPES.replace('recue: "*", ', ""), "id,etape,quand\n1,Autre,hier\n1,Accord,\n")
    assert lu.motifs == [(2, "activite")]
    assert lu.raisons == [(3, "date_invalide")]
    assert "« quand »" in lu.rejets[0].message


ATTRIBUTS = """
process: cmuc_acs
shape: dossiers
source: s
subject: id
jalons: {recue: debut}
attributes:
  caisse: service
  plateforme: {column: lieu, values: {Nord: pfs-hdf}}
  support: {column: canal, values: {Web: en_ligne}, unless: {canal: x}}
values: {caisse: {General: cpam-75, Experts: cpam-67}}
defaults: {regime: general, caisse: cpam-13}
"""


@pytest.mark.parametrize(
    ("service", "lieu", "canal", "data", "remplaces"),
    [
        ("Experts", "Nord", "Web", {"caisse": "cpam-67", "plateforme": "pfs-hdf", "support": "en_ligne"}, ()),
        ("Voirie", "", "", {"caisse": "cpam-13"}, ("caisse",)),
        ("", "", "x", {"caisse": "cpam-13"}, ()),
        ("General", "pfs-idf", "accueil", {"caisse": "cpam-75", "plateforme": "pfs-idf", "support": "accueil"}, ()),
        ("General", "", "Mme Michal", {"caisse": "cpam-75", "support": "autre"}, ("support",)),
    ],
)
def test_values_are_translated_then_default_and_what_is_not_understood_is_counted_and_never_leaves(
    importer, service, lieu, canal, data, remplaces
) -> None:
    lu = importer(ATTRIBUTS, f"id,debut,service,lieu,canal\n1,2026-01-05,{service},{lieu},{canal}\n")
    recu = lu.evenements[0]["data"]
    assert recu.pop("regime") == "general"
    recu.pop("jalons")
    assert recu == data
    assert lu.remplaces == [remplaces]


def test_a_free_text_in_the_place_of_a_code_is_refused_since_it_may_be_a_name(importer) -> None:
    lu = importer(ATTRIBUTS, "id,debut,service,lieu,canal\n1,2026-01-05,General,MICHAL,\n")
    assert lu.raisons == [(2, "code_invalide")]
    assert "values.plateforme" in lu.rejets[0].message


COMPTES = "{process: appel, shape: dossiers, source: s, subject: quand, jalons: {presente: quand}, nombre: n}"


@pytest.mark.parametrize("n", ["-1", "1.5", "1e3", "", "x", "10000001", "9" * 5_000, "٣"])
def test_a_count_that_is_no_integer_is_refused_with_its_column(importer, n) -> None:
    lu = importer(COMPTES, f"quand,n\n2026-01-05T09:00,{n}\n")
    assert lu.raisons == [(2, "nombre_invalide")]
    assert "« n »" in lu.rejets[0].message


def test_a_count_stands_for_that_many_and_zero_makes_nothing(importer) -> None:
    lu = importer(COMPTES, "quand,n\n2026-01-05T09:00,0\n2026-01-05T09:05,111\n")
    assert lu.motifs == [(2, "nombre_nul")]
    assert lu.evenements[0]["data"]["nombre"] == 111


def test_the_same_file_gives_the_same_ids_and_each_part_of_the_content_changes_them(importer) -> None:
    def ids(texte: str = ETAPES, ligne: str = "1,Accord,2026-01-05,a") -> list[str]:
        return [e["id"] for e in importer(texte, f"id,etape,quand,note\n{ligne}\n").evenements]

    temoin = ids()
    assert ids() == temoin
    autres = [
        ids(ETAPES.replace("cmuc_acs", "cmuc_acs").replace("dossiers-cmuc", "autre")),
        ids(ligne="2,Accord,2026-01-05,a"),
        ids(ligne="1,Accord,2026-01-05,b"),
        ids(ETAPES.replace('recue: "*", ', "")),
        ids(ETAPES.replace("subject: id", "subject: '{id}x'")),
    ]
    assert len({temoin[0], *(a[0] for a in autres)}) == 6


ASSURES = """
process: appel
shape: dossiers
source: s
subject: id
jalons: {presente: debut}
attributes: {assure: {column: client, unless: {client: "0"}}}
"""


def test_a_person_leaves_as_an_hmac_with_the_network_key_and_nobody_as_nobody(importer, cle) -> None:
    lu = importer(ASSURES, "id,debut,client\n1,2026-01-05,ab 123\n2,2026-01-05,AB123\n3,2026-01-05,0\n4,2026-01-05,\n")
    assures = [e["data"].get("assure") for e in lu.evenements]
    attendu = urlsafe_b64encode(hmac.new(cle, b"AB123", hashlib.sha256).digest()).decode()[:21]
    prefixe, _, condensat = assures[0].partition(".")
    assert prefixe[0] == "k"
    assert len(condensat) == 22
    assert condensat.startswith(attendu)
    assert assures[1:] == [assures[0], None, None]


def test_two_keys_make_two_key_ids_and_two_pseudonyms(importer) -> None:
    un, deux = (
        importer(ASSURES, "id,debut,client\n1,2026-01-05,AB123\n", cle=cle).evenements[0]["data"]["assure"].split(".")
        for cle in (b"0123456789abcdef", b"0123456789abcdeg")
    )
    assert un[0] != deux[0]
    assert un[1] != deux[1]


def test_while_the_key_rotates_a_person_leaves_under_both_the_present_key_first(tmp_path, mapping) -> None:
    fichier = tmp_path / "appels.csv"
    fichier.write_text("id,debut,client\n1,2026-01-05,AB123\n")
    present, avant = b"une cle de reseau pour les essais", b"la cle de reseau d'avant"

    def assure(cle: bytes, precedente: bytes | None = None) -> Any:
        (evenement,) = convertir(fichier, mapping(ASSURES), cle, precedente=precedente)
        return json.loads(evenement.corps)["data"]["assure"]

    assert assure(present, avant) == [assure(present), assure(avant)]


def test_persons_without_a_key_are_refused_before_reading_with_what_to_do(importer) -> None:
    with pytest.raises(CleManquante, match=r"VIGIE_CLE_PSEUDONYME.*assure: null"):
        importer(ASSURES, "", cle=None)


def test_assure_null_sends_no_person_and_needs_no_key(importer) -> None:
    texte = ASSURES.replace('{column: client, unless: {client: "0"}}', "null")
    lu = importer(texte, "id,debut,client\n1,2026-01-05,AB123\n", cle=None)
    assert "assure" not in lu.evenements[0]["data"]


def test_the_key_comes_from_the_environment_or_from_a_file(tmp_path) -> None:
    fichier = tmp_path / "cle"
    fichier.write_bytes(b"  0123456789abcdef\n")
    assert lire_cle({}) is None
    assert lire_cle({"VIGIE_CLE_PSEUDONYME": "0123456789abcdef"}) == b"0123456789abcdef"
    assert lire_cle({"VIGIE_CLE_PSEUDONYME_FICHIER": str(fichier)}) == b"0123456789abcdef"


def test_a_short_key_or_a_missing_key_file_is_refused(tmp_path) -> None:
    with pytest.raises(CleManquante, match="trop courte"):
        lire_cle({"VIGIE_CLE_PSEUDONYME": "court"})
    with pytest.raises(CleManquante, match="absent"):
        lire_cle({"VIGIE_CLE_PSEUDONYME_FICHIER": str(tmp_path / "absent")})


FILE = """
process: appel
source: urn:vigie:source:standard
format: asterisk-queue-log
attributes: {plateforme: queue, assure: {column: data2, when: {event: ENTERQUEUE}}}
values: {plateforme: {accueil: pfs-idf}}
defaults: {caisse: cpam-75}
"""
JOURNAL = """\
1767600000|NONE|NONE|NONE|QUEUESTART|
1767603600|1767603590.101|accueil|NONE|ENTERQUEUE||0612345678|1
1767603612|1767603590.101|accueil|SIP/Michal|RINGNOANSWER|5000
1767603620|1767603590.101|accueil|SIP/Basch|CONNECT|20|1767603615.102|4
1767603800|1767603590.101|accueil|SIP/Basch|COMPLETECALLER|20|180|1
1767603900|1767603899.103|accueil|NONE|ENTERQUEUE||0612345678|1
1767603960|1767603899.103|accueil|NONE|ABANDON|1|1|60
1767604000|1767603999.104|accueil|NONE|ENTERQUEUE||0687654321|1
1767604120|1767603999.104|accueil|NONE|EXITWITHTIMEOUT|1|1|120|x|y|z|t
1767604130|tronque
"""


def test_a_queue_log_needs_no_jalons_in_its_mapping_and_no_agent_or_number_leaves(importer) -> None:
    lu = importer(FILE, JOURNAL, "queue_log")
    assert [
        (ligne, e["subject"], e["type"].split(".")[2]) for ligne, e in zip(lu.lignes, lu.evenements, strict=True)
    ] == [
        (2, "1767603590.101", "presente"),
        (4, "1767603590.101", "decroche"),
        (5, "1767603590.101", "termine"),
        (6, "1767603899.103", "presente"),
        (7, "1767603899.103", "abandonne"),
        (8, "1767603999.104", "presente"),
        (9, "1767603999.104", "deborde"),
    ]
    assert lu.evenements[0]["time"] == "2026-01-05T09:00:00Z"
    assert lu.motifs == [(1, "activite"), (3, "activite")]
    assert lu.raisons == [(10, "colonnes")]
    premier, _, _, second, *_ = (e["data"] for e in lu.evenements)
    assert premier["plateforme"] == "pfs-idf"
    assert premier["assure"] == second["assure"]
    for secret in ("Michal", "Basch", "0612345678"):
        assert secret not in str(lu.evenements)
