"""Lines that no source should ever send, and the reason each is refused for."""

import json
import random
from collections.abc import Iterator
from typing import Any

NIR = "2 84 05 78 006 084 43"
COURRIEL = "jeanne.martin@exemple.fr"
TELEPHONE = "06 12 34 56 78"
PERSONNEL = (NIR, COURRIEL, TELEPHONE)


def evenement(sujet: str, data: dict[str, Any] | None = None, **autres: Any) -> dict[str, Any]:
    """A good event (an FSE received at cpam-75 on 3 February 2026) with ``data`` added and attributes replaced."""
    return {
        "specversion": "1.0",
        "id": sujet,
        "source": "urn:vigie:source:hostile",
        "type": "vigie.fse.recue.v1",
        "subject": sujet,
        "time": "2026-02-03T09:00:00+01:00",
        "data": {"caisse": "cpam-75"} | (data or {}),
    } | autres


def ligne(sujet: str, data: dict[str, Any] | None = None, **autres: Any) -> bytes:
    """The same as a line of JSON."""
    return json.dumps(evenement(sujet, data, **autres)).encode()


def _date(texte: Any) -> bytes:
    return ligne("date", time=texte)


def _jalons(valeur: Any) -> bytes:
    return ligne("jalons", {"jalons": valeur}, type="vigie.fse.dossier.v1")


def _imbrique(niveaux: int) -> bytes:
    return ligne("imbrique").replace(b'"cpam-75"', b'"cpam-75","x":' + b"[" * niveaux + b"]" * niveaux)


HOSTILES: list[tuple[bytes, str]] = [
    (b"{", "json_invalide"),
    (b"ceci n'est pas du JSON", "json_invalide"),
    (ligne("coupee")[:-20], "json_invalide"),
    (ligne("deux") + ligne("deux"), "json_invalide"),
    (b"\xff\xfe" + ligne("utf16"), "json_invalide"),
    (ligne("latin1").replace(b"cpam", b"caf\xe9"), "json_invalide"),
    (b"\x00" * 64, "json_invalide"),
    (ligne("nul").replace(b"hostile", b"host\x00ile"), "json_invalide"),
    (ligne("demi", {"x": 1}).replace(b'"x"', b'"\\ud800"'), "json_invalide"),
    (_imbrique(200_000), "json_invalide"),
    (ligne("nan", {"x": float("nan")}), "json_invalide"),
    (ligne("immense", {"x": 1}).replace(b'"x": 1', b'"x": 1e999'), "json_invalide"),
    (b"[]", "enveloppe_invalide"),
    (b"null", "enveloppe_invalide"),
    (b"42", "enveloppe_invalide"),
    (b'"texte"', "enveloppe_invalide"),
    (b"{}", "enveloppe_invalide"),
    (ligne("version", specversion="0.3"), "enveloppe_invalide"),
    (ligne("data", data=None).replace(b'{"caisse": "cpam-75"}', b"[]"), "enveloppe_invalide"),
    (ligne(""), "enveloppe_invalide"),
    (ligne("a|b"), "enveloppe_invalide"),
    (ligne("a\x00b"), "enveloppe_invalide"),
    (ligne("a\u202eb"), "enveloppe_invalide"),
    (ligne("x" * 201), "enveloppe_invalide"),
    (ligne("revision", revision=-1), "enveloppe_invalide"),
    (ligne("revision", revision=2**33), "enveloppe_invalide"),
    (ligne("revision", revision="1"), "enveloppe_invalide"),
    (ligne("revision", revision=True), "enveloppe_invalide"),
    (ligne("type", type="vigie.fse.avalee.v1"), "type_inconnu"),
    (ligne("type", type="vigie.appel.presente.v1"), "type_inconnu"),
    (ligne("type", type="vigie.fse.recue.v2"), "type_inconnu"),
    (ligne("type", type=""), "type_inconnu"),
    (ligne("type", type="\x00"), "type_inconnu"),
    (ligne("type", type="z" * 50_000), "type_inconnu"),
    (ligne("caisse", {"caisse": "cpam-999"}), "caisse_inconnue"),
    (ligne("caisse", {"caisse": "cpam-75\x00"}), "caisse_inconnue"),
    (ligne("caisse", {"caisse": 75}), "valeur_invalide"),
    (ligne("caisse", {"productrice": "Paris"}), "caisse_inconnue"),
    (_date("hier"), "date_invalide"),
    (_date("2026-02-30T09:00:00Z"), "date_invalide"),
    (_date("2026-02-03T09:00:00"), "date_invalide"),
    (_date("2026-02-03T23:59:60Z"), "date_invalide"),
    (_date("2026-02-03T09:00:00+99:99"), "date_invalide"),
    (_date("٢٠٢٦-02-03T09:00:00Z"), "date_invalide"),
    (_date("+12026-02-03T09:00:00Z"), "date_invalide"),
    (_date(1_770_000_000), "enveloppe_invalide"),
    (_date("1900-01-01T00:00:00Z"), "date_absurde"),
    (_date("2044-12-31T00:00:00Z"), "date_absurde"),
    (_date("9999-12-31T23:59:59Z"), "date_absurde"),
    (_jalons({"recue": "0001-01-01T00:00:00+23:59"}), "date_absurde"),
    (_jalons({"recue": ["2026-02-03T09:00:00Z"]}), "date_invalide"),
    (_jalons(["recue"]), "valeur_invalide"),
    (_jalons({"avalee": "2026-02-03T09:00:00Z"}), "valeur_invalide"),
    (ligne("nombre", {"nombre": 0}), "valeur_invalide"),
    (ligne("nombre", {"nombre": -3}), "valeur_invalide"),
    (ligne("nombre", {"nombre": 10**9}), "valeur_invalide"),
    (ligne("nombre", {"nombre": 1.5}), "valeur_invalide"),
    (ligne("nombre", {"nombre": True}), "valeur_invalide"),
    (ligne("nombre", {"nombre": 1}).replace(b": 1}", b": " + b"9" * 5_000 + b"}"), "json_invalide"),
    (ligne("plateforme", {"plateforme": "a\x00b"}), "valeur_invalide"),
    (ligne("assure", {"assure": "Jeanne Martin"}), "valeur_invalide"),
    (ligne("retrait", type="vigie.fse.retrait.v1"), "valeur_invalide"),
    (ligne("nir", {"commentaire": NIR}), "donnees_personnelles"),
    (ligne("nir", {"assure": NIR}), "donnees_personnelles"),
    (ligne(NIR.replace(" ", "")), "donnees_personnelles"),
    (ligne("mel", {"commentaire": {"a": ["b", COURRIEL]}}), "donnees_personnelles"),
    (ligne(COURRIEL), "donnees_personnelles"),
    (ligne("mel", type=COURRIEL), "donnees_personnelles"),
    (ligne("mel", {"caisse": COURRIEL}), "donnees_personnelles"),
    (ligne("mel", time=COURRIEL), "donnees_personnelles"),
    (ligne("mel", auteur=COURRIEL), "donnees_personnelles"),
    (ligne("tel", {TELEPHONE: 1}), "donnees_personnelles"),
    (ligne("tel", {"beneficiaire": TELEPHONE}), "donnees_personnelles"),
    (b'{"assuree": "' + COURRIEL.encode(), "donnees_personnelles"),
    (ligne("long", {"x": "y" * 996_000}), "trop_long"),
    (ligne("enorme", {"x": "y" * 10_000_000}), "trop_long"),
]
"""(line, reason). Nothing in a line but what it is for is wrong."""

ETRANGES: list[tuple[bytes, int]] = [
    (ligne("etrange-crlf") + b"\r", 1),
    (ligne("etrange-long", {"x": "y" * 990_000}), 1),
    (ligne("😀" * 200, id="😀" * 200), 1),
    (ligne("etrange-nombre", {"nombre": 10_000_000}), 10_000_000),
    (ligne("etrange-attribut", {"beneficiaire": "a\x00b", "regime": 7, "inconnu": "\x00"}), 1),
    (ligne("etrange-nuls", {"nombre": None, "plateforme": None}, revision=None), 1),
    (ligne("etrange-timbre", recordedtime="1999-01-01T00:00:00Z"), 1),
    (ligne("etrange-bord", time="1995-01-02T00:00:00Z"), 1),
    (ligne("etrange-retrait", {"cible": "rien"}, type="vigie.fse.retrait.v1"), 0),
]
"""(line, how many it counts for). Unusual, and taken."""

ENORME = 100_000
"""Bytes from which a line is put in one send in many only: what is tried is their kind, not the network."""


def flot(graine: int, combien: int) -> Iterator[tuple[bytes, str | None]]:
    """``combien`` lines drawn for ``graine``: (line, ``""`` when it is taken, its reason when it is not, None when it
    is one or the other: a good line scratched in one to four places). Subjects of good ones are all different.
    """
    hasard = random.Random(graine)
    petites = [(octets, raison) for octets, raison in HOSTILES if len(octets) < ENORME]
    enormes = [(octets, raison) for octets, raison in HOSTILES if len(octets) >= ENORME]
    for rang in range(combien):
        sort = hasard.random()
        if rang % 20_000 == 19_999:
            yield hasard.choice(enormes)
        elif sort < 0.1:
            yield ligne(f"bonne-{graine}-{rang}"), ""
        elif sort < 0.4:
            yield _grattee(hasard, ligne(f"grattee-{graine}-{rang}", {"nombre": 1, "x": {"y": [1, "é"]}})), None
        else:
            yield hasard.choice(petites)


def _grattee(hasard: random.Random, bonne: bytes) -> bytes:
    octets = bytearray(bonne)
    for _ in range(hasard.randint(1, 4)):
        octets[hasard.randrange(len(octets))] = hasard.choice(b'"\\{}[],:\x00\xff\xc3 -1e\x7f')
    return bytes(octets[: hasard.choice((len(octets), len(octets), hasard.randrange(1, len(octets))))])


_CELLULES = (
    "", "\0", "é", "😀", '"', '""', 'a"b', "le 3 mars", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1e999", "NaN",
    "cpam-999", NIR, COURRIEL, "'; --", "=1+1", "\u202e", "x" * 5_000, "2026-02-30", "-1", "Réception", "Accord",
)  # fmt: skip


def rangees_hostiles(graine: int, combien: int) -> Iterator[tuple[bytes, bool]]:
    """Rows of a file (demande,etape,instant,caisse), and whether a row is good. A quote that is not closed may take
    the rows that follow with it as one cell, good ones excepted: they have none."""
    hasard = random.Random(graine)
    for rang in range(combien):
        if hasard.random() < 0.2:
            yield f"D{graine}-{rang},Réception,2026-02-03T09:00:00+01:00,cpam-75\n".encode(), True
        else:
            cellules = [hasard.choice(_CELLULES) for _ in range(hasard.choice((1, 3, 4, 4, 4, 5)))]
            octets = hasard.choice(",,,;\t").join(cellules).encode()
            yield octets + hasard.choice((b"\n", b"\n", b"\r\n", b"\xff\n", b"\r\r\n")), False
