"""Whatever comes in, an event or a refusal comes out."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.catalogue.processus import charger_processus
from shared.events.contrat import (
    RAISONS,
    Refus,
)
from shared.events.instants import EPOQUE_MAX, EPOQUE_MIN
from tests.unit.events.atelier import HIER, LECTEUR, MAINTENANT, ligne_bonne


def valeurs() -> st.SearchStrategy[Any]:
    feuilles = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    return st.recursive(
        feuilles,
        lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=12), v, max_size=4),
        max_leaves=12,
    )


def enveloppes() -> st.SearchStrategy[dict[str, Any]]:
    """Objects that look like events, with any attribute or field replaced by any JSON value."""
    types = st.sampled_from([t for p in ("appel", "ij", "cmuc_acs") for t in _types(p)])
    noms = st.sampled_from(
        ["caisse", "productrice", "plateforme", "assure", "nombre", "motif", "niveau", "jalons", "cible"]
    )
    jalons = st.dictionaries(
        st.sampled_from(["recue", "incomplete", "presente", "payee"]) | st.text(max_size=5), valeurs()
    )
    donnees = st.dictionaries(noms | st.text(max_size=8), valeurs() | jalons, max_size=6)
    bons = st.fixed_dictionaries(
        {
            "specversion": st.just("1.0"),
            "id": st.just("a") | st.text(max_size=210),
            "source": st.just("s") | st.text(max_size=210),
            "type": types,
            "subject": st.just("x") | st.text(max_size=210),
            "data": donnees,
        },
        optional={
            "time": st.just(HIER) | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | valeurs(),
            "recordedtime": st.just(HIER) | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
            "revision": st.integers(-2, 3) | st.integers(),
            "namespace": st.text(max_size=210),
        },
    )
    noms_ = ["specversion", "id", "source", "type", "subject", "data", "time", "revision", "inconnu"]
    casse = st.dictionaries(st.sampled_from(noms_) | st.text(), valeurs(), max_size=2)
    return st.builds(lambda bon, c: bon | c, bons, st.just({}) | casse)


def _types(code: str) -> Iterator[str]:
    for nom in (*charger_processus()[code].jalons, "dossier", "retrait"):
        yield f"vigie.{code}.{nom}.v1"


def lire_ou_refuser(ligne: bytes) -> None:
    try:
        lu = LECTEUR.lire(ligne, MAINTENANT)
    except Refus as refus:
        assert refus.raison in RAISONS
        assert refus.message
        assert len(refus.message) <= 500
        for texte in (refus.message, refus.champ, refus.source, refus.id):
            assert texte is None or (texte.isprintable() and len(texte) <= 500)
    else:
        for instant in (lu.contenu.temps, *lu.contenu.jalons.values()):
            for t in instant if isinstance(instant, list) else [instant]:
                assert EPOQUE_MIN <= t <= EPOQUE_MAX or (t == 0 and lu.cause == 3)


@given(st.binary())
def test_any_bytes_are_read_or_refused(ligne: bytes) -> None:
    lire_ou_refuser(ligne)


@given(valeurs())
def test_any_json_is_read_or_refused(valeur: Any) -> None:
    lire_ou_refuser(json.dumps(valeur).encode())


@given(enveloppes(), st.booleans())
def test_anything_like_an_event_is_read_or_refused(enveloppe: dict[str, Any], ascii_: bool) -> None:
    lire_ou_refuser(json.dumps(enveloppe, ensure_ascii=ascii_).encode())


@given(st.data())
def test_a_line_cut_or_scratched_is_read_or_refused(data: st.DataObject) -> None:
    ligne = bytearray(ligne_bonne(b'{"caisse":"cpam-75","niveau":1,"x":{"y":[1,"\\u00e9"]}}'))
    for _ in range(data.draw(st.integers(1, 3))):
        ligne[data.draw(st.integers(0, len(ligne) - 1))] = data.draw(st.integers(0, 255))
    lire_ou_refuser(bytes(ligne[: data.draw(st.integers(0, len(ligne)))]))
