"""What the announcements' readers forget: only what is old, and only once it is all read."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.database.connexion import creer_pool
from shared.log.entretien import elaguer_lus
from shared.log.fabrique import ouvrir_journal
from shared.log.tables import creer

TOPIC = "essai.cloches.v1"
DEMAIN = datetime.now(UTC) + timedelta(days=1)


@pytest.mark.parametrize(("lus", "reste"), [((6, 6), 0), ((6, 5), 6)])
async def test_old_records_are_forgotten_once_every_group_has_read_them(
    postgres_vide: str, lus: tuple[int, int], reste: int
) -> None:
    journal = await ouvrir_journal(postgres_vide, None, taille_pool=2)
    pool: asyncpg.Pool = await creer_pool(postgres_vide, 2)
    try:
        await pool.execute("CREATE SCHEMA lecteur")
        for ordre in creer("lecteur"):
            await pool.execute(ordre)
        await journal.assurer_topic(TOPIC, 1)
        await journal.ajouter(TOPIC, [(b"c", b"v")] * 6)
        for groupe, position in zip(("un", "deux"), lus, strict=True):
            await pool.execute("INSERT INTO lecteur.positions VALUES ($1, $2, 0, $3)", groupe, TOPIC, position)
        debuts = await elaguer_lus(pool, "lecteur", journal, {TOPIC: DEMAIN})
        assert debuts == {(TOPIC, 0): 6 - reste}
        assert await elaguer_lus(pool, "lecteur", journal, {}) == debuts
    finally:
        await journal.fermer()
        await pool.close()
