"""The rejects: kept with what is needed to put them right, without what may not be kept."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from shared.log import rejets, tables
from shared.log.rejets import CONTENU_MAX, DONNEES_PERSONNELLES, Rejet

LE = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


@pytest.fixture
async def conn(postgres_vide: str) -> AsyncIterator[asyncpg.Connection]:
    conn = await asyncpg.connect(postgres_vide)
    await conn.execute("CREATE SCHEMA essai")
    for ordre in tables.creer("essai"):
        await conn.execute(ordre)
    yield conn
    await conn.close()


def rejet(n: int, **autres: object) -> Rejet:
    return Rejet("http", "champ_invalide", f"Rejet {n}.", LE, **autres)  # type: ignore[arg-type]


async def test_rejects_are_listed_in_order_page_by_page_and_filtered(conn: asyncpg.Connection) -> None:
    await rejets.ecrire(conn, "essai", [rejet(n) for n in range(5)])
    await rejets.ecrire(conn, "essai", [Rejet("journal", "type_inconnu", "Autre.", source="s", champ="type")])
    page = await rejets.lister(conn, "essai", 0, 4)
    suite = await rejets.lister(conn, "essai", page[-1].id or 0, 4)
    assert [r.message for r in page + suite] == [f"Rejet {n}." for n in range(5)] + ["Autre."]
    assert [r.source for r in await rejets.lister(conn, "essai", 0, 10, raison="type_inconnu")] == ["s"]
    assert page[0].recu_le == LE
    assert suite[-1].recu_le is not None


async def test_a_large_content_is_cut_and_cannot_be_replayed(conn: asyncpg.Connection) -> None:
    await rejets.ecrire(
        conn, "essai", [rejet(0, contenu=b"x" * CONTENU_MAX), rejet(1, contenu=b"y" * (CONTENU_MAX + 1))]
    )
    entier, coupe = await rejets.lister(conn, "essai", 0, 10)
    assert (len(entier.contenu or b""), entier.tronque) == (CONTENU_MAX, False)
    assert (len(coupe.contenu or b""), coupe.tronque) == (CONTENU_MAX, True)
    assert await rejets.marquer_rejoue(conn, "essai", entier.id or 0, LE)
    assert not await rejets.marquer_rejoue(conn, "essai", coupe.id or 0, LE)
    assert not await rejets.marquer_rejoue(conn, "essai", entier.id or 0, LE), "une seule fois"
    assert [r.etat for r in await rejets.lister(conn, "essai", 0, 10)] == ["rejoue", "ouvert"]
    assert [r.id for r in await rejets.lister(conn, "essai", 0, 10, etat="ouvert")] == [coupe.id]


async def test_the_content_is_not_kept_when_the_reason_is_personal_data(conn: asyncpg.Connection) -> None:
    await rejets.ecrire(conn, "essai", [Rejet("http", DONNEES_PERSONNELLES, "NIR reçu.", contenu=b"1850775...")])
    (garde,) = await rejets.lister(conn, "essai", 0, 10)
    assert garde.contenu is None
    assert not await rejets.marquer_rejoue(conn, "essai", garde.id or 0, LE)
    assert await rejets.marquer_ecarte(conn, "essai", garde.id or 0, LE)
    relu = await rejets.lire(conn, "essai", garde.id or 0)
    assert relu is not None
    assert (relu.etat, relu.rejoue_le) == ("ecarte", LE)
    assert await rejets.lire(conn, "essai", 10**9) is None


async def test_text_that_postgresql_cannot_hold_is_still_written(conn: asyncpg.Connection) -> None:
    await rejets.ecrire(conn, "essai", [rejet(0, evenement_id="a\x00b", source="c\ud800d", contenu=b"\x00\xff")])
    (garde,) = await rejets.lister(conn, "essai", 0, 10)
    assert (garde.evenement_id, garde.source, garde.contenu) == ("a\ufffdb", "c?d", b"\x00\xff")


async def test_what_an_import_has_already_refused_is_not_new_wherever_its_line_stands(conn: asyncpg.Connection) -> None:
    ancien = Rejet(origine="import", raison="date_invalide", message="Ligne 2 : illisible", contenu=b"a;b")
    await rejets.ecrire(conn, "essai", [ancien])
    deplace = Rejet(origine="import", raison="date_invalide", message="Ligne 3 : illisible", contenu=b"a;b")
    corrige = Rejet(origine="import", raison="date_invalide", message="Ligne 2 : illisible", contenu=b"a;c")
    autrement = Rejet(origine="import", raison="colonnes", message="Ligne 2 : trop de colonnes", contenu=b"a;b")
    assert await rejets.inedits(conn, "essai", [ancien, deplace, corrige, autrement]) == [corrige, autrement]
