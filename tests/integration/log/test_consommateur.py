"""The consumer's guarantee: every record has its effect exactly once, in order. The same for both engines."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.database.connexion import acquerir
from shared.log import positions
from shared.log.consommateur import TropDeRejets
from shared.log.rejets import lister, marquer_ecarte
from shared.log.types import Enregistrement, PositionHorsBornes, TopicAbsent, partition_de
from tests.integration.log.conftest import Banc
from tests.support.attente import attendre
from tests.support.compteur import SCHEMA, Compteur, compter, contenu, total, verifier_ordre


async def verifier_exactement_une_fois(banc: Banc) -> None:
    assert await compter(banc.pool) == await contenu(banc.journal, banc.topic)
    await verifier_ordre(banc.pool)


async def compte_atteint(banc: Banc, n: int, delai: float = 30) -> None:
    async def atteint() -> bool:
        return await total(banc.pool) >= n

    await attendre(atteint, delai, f"{n} enregistrements comptés")


async def test_every_record_has_its_effect_once_in_order_and_positions_end_at_the_end(banc: Banc) -> None:
    await banc.ajouter(1500)
    async with banc.consommer() as consommateur:
        await compte_atteint(banc, 1500)
        await banc.ajouter(500, "w")
        await compte_atteint(banc, 2000)
        await attendre(lambda: consommateur.pret and sum(consommateur.retards.values()) == 0)
    await verifier_exactement_une_fois(banc)
    bornes = await banc.journal.bornes(banc.topic)
    assert await banc.positions() == {p: fin for p, (_, fin) in bornes.items()}


async def test_a_group_goes_on_where_it_stopped_and_another_group_starts_at_the_beginning(banc: Banc) -> None:
    await banc.ajouter(300)
    async with banc.consommer():
        await compte_atteint(banc, 300)
    await banc.ajouter(300, "w")
    async with banc.consommer():
        await compte_atteint(banc, 600)
    await verifier_exactement_une_fois(banc)
    banc.groupe = "autres"
    async with banc.consommer():
        await compte_atteint(banc, 1200)
    assert sum((await compter(banc.pool)).values()) == 1200


async def test_a_new_group_on_a_pruned_log_starts_at_the_first_record_held(banc: Banc) -> None:
    await banc.ajouter(200, "ancien")
    await banc.journal.elaguer(banc.topic, datetime.now(UTC) + timedelta(seconds=5))
    await banc.ajouter(100, "recent")
    async with banc.consommer():
        await compte_atteint(banc, 100)
    assert set(await compter(banc.pool)) == {f"recent{i}" for i in range(100)}


async def test_a_record_reaches_an_idle_consumer_quickly(banc: Banc) -> None:
    async with banc.consommer() as consommateur:
        await attendre(lambda: consommateur.pret and len(consommateur.retards) == 4)
        depart = asyncio.get_running_loop().time()
        await banc.ajouter(1)
        await compte_atteint(banc, 1, 2)
        assert asyncio.get_running_loop().time() - depart < 1


async def test_a_consumer_whose_position_was_moved_by_another_writes_nothing(banc: Banc) -> None:
    """Fencing: between the read and the transaction, another member consumes the same records."""
    await banc.ajouter(400)
    voles: list[int] = []

    class Vole(Compteur):
        def preparer(self, records: Sequence[Enregistrement]):  # type: ignore[no-untyped-def]
            lu = super().preparer(records)
            if records[0].partition not in voles:
                voles.append(records[0].partition)
                taches.append(asyncio.create_task(self._autre_membre(records, lu)))
            return lu

        async def _autre_membre(self, records: Sequence[Enregistrement], lu) -> None:  # type: ignore[no-untyped-def]
            partition, debut = records[0].partition, records[0].offset
            async with acquerir(autre) as conn, conn.transaction():
                await positions.avancer(conn, SCHEMA, banc.groupe, banc.topic, partition, debut, records[-1].suivant)
                await super().appliquer(conn, lu, partition)

    taches: list[asyncio.Task[None]] = []
    # The consumer's only connection is slower to come than the other member's.
    autre = banc.pool
    seul = await asyncpg.create_pool(banc.url, min_size=1, max_size=1)
    banc.pool = seul
    try:
        async with banc.consommer(Vole()):
            banc.pool = autre
            await compte_atteint(banc, 400)
            reussis = await asyncio.gather(*taches, return_exceptions=True)
        assert any(exc is None for exc in reussis)
        await verifier_exactement_une_fois(banc)
    finally:
        await seul.close()


async def test_two_members_share_then_take_over_back_and_forth_under_load_without_loss_or_double(
    banc: Banc,
) -> None:
    fini = asyncio.Event()

    async def produire() -> int:
        n = 0
        while not fini.is_set():
            await banc.ajouter(150, f"t{n}-")
            n += 150
            await asyncio.sleep(0.01)
        return n

    producteur = asyncio.create_task(produire())
    async with banc.consommer() as a:
        await attendre(lambda: len(a.retards) == 4)
        async with banc.consommer() as b:
            await attendre(lambda: len(a.retards) == 2 and len(b.retards) == 2)
            async with banc.consommer() as c:
                await attendre(lambda: {len(x.retards) for x in (a, b, c)} <= {1, 2})
        await attendre(lambda: len(a.retards) == 4)
        async with banc.consommer() as d:
            await attendre(lambda: len(a.retards) == 2 and len(d.retards) == 2)
            await asyncio.sleep(0.3)
        fini.set()
        await compte_atteint(banc, await producteur)
    await verifier_exactement_une_fois(banc)


async def test_members_of_one_group_cover_every_partition_once(banc: Banc) -> None:
    async with banc.consommer() as a, banc.consommer() as b, banc.consommer() as c:
        await attendre(lambda: sorted(p for x in (a, b, c) for p in x.retards) == [0, 1, 2, 3], quoi="partage")


async def test_a_handler_that_fails_in_passing_is_given_the_same_records_again(banc: Banc) -> None:
    await banc.ajouter(300)
    traitement = Compteur()
    pannes = iter(range(6))

    def tomber() -> None:
        if next(pannes, None) is not None:
            raise ConnectionResetError("base perdue")

    traitement.avant = tomber
    async with banc.consommer(traitement):
        await compte_atteint(banc, 300)
    await verifier_exactement_une_fois(banc)
    assert await lire_rejets(banc) == []


async def lire_rejets(banc: Banc):  # type: ignore[no-untyped-def]
    async with acquerir(banc.pool) as conn:
        return await lister(conn, SCHEMA, 0, 1000)


@pytest.mark.parametrize("ou", ["preparer", "appliquer"])
async def test_a_poisonous_record_goes_alone_to_the_rejects_and_the_others_are_applied(banc: Banc, ou: str) -> None:
    mauvais = frozenset({"v7", "v113", "v114", "v299"})
    await banc.ajouter(300)
    traitement = Compteur(poisons=mauvais) if ou == "preparer" else Compteur(venins=mauvais)
    async with banc.consommer(traitement):
        await compte_atteint(banc, 296)
        await attendre(lambda: asyncio.ensure_future(_positions_a_la_fin(banc)))
    assert set(await compter(banc.pool)) == {f"v{i}" for i in range(300)} - mauvais
    await verifier_ordre(banc.pool)
    rejets = await lire_rejets(banc)
    assert {r.contenu.decode() for r in rejets} == mauvais
    assert {r.raison for r in rejets} == {"erreur_interne"}
    rejet = next(r for r in rejets if r.contenu == b"v7")
    assert (rejet.origine, rejet.topic, rejet.etat, rejet.tronque) == ("journal", banc.topic, "ouvert", False)
    assert rejet.partition == partition_de(b"k7", 4)
    assert ("KeyError" if ou == "preparer" else "DivisionByZeroError") in rejet.message
    assert "Traceback" not in rejet.message


async def _positions_a_la_fin(banc: Banc) -> bool:
    bornes = await banc.journal.bornes(banc.topic)
    return await banc.positions() == {p: fin for p, (_, fin) in bornes.items()}


async def test_a_version_that_fails_on_everything_stops_instead_of_emptying_the_topic(banc: Banc) -> None:
    await banc.journal.ajouter(banc.topic, [(b"k", b"v%d" % i) for i in range(500)])
    partition = partition_de(b"k", 4)
    mauvaise = Compteur(poisons=frozenset(f"v{i}" for i in range(500)))
    with pytest.raises(TropDeRejets, match=r"à la position 20.*KeyError"):
        await banc.consommateur(mauvaise).executer()
    assert (await banc.positions())[partition] == 20
    assert len(await lire_rejets(banc)) == 20

    with pytest.raises(TropDeRejets, match="à la position 20"):
        await banc.consommateur(mauvaise).executer()
    assert len(await lire_rejets(banc)) == 20, "un redémarrage ne rejette pas davantage"

    async with acquerir(banc.pool) as conn:
        for rejet in await lire_rejets(banc):
            await marquer_ecarte(conn, SCHEMA, rejet.id, datetime.now(UTC))
    async with banc.consommer():
        await compte_atteint(banc, 480)
    await verifier_ordre(banc.pool)


async def test_a_statement_that_does_not_fit_the_database_stops_without_any_reject(banc: Banc) -> None:
    class Ailleurs(Compteur):
        async def appliquer(self, conn, lot, partition):  # type: ignore[no-untyped-def]
            await conn.execute("INSERT INTO essai.nulle_part VALUES (1)")

    await banc.ajouter(10)
    with pytest.raises(asyncpg.UndefinedTableError):
        await banc.consommateur(Ailleurs()).executer()
    assert await lire_rejets(banc) == []
    assert set((await banc.positions()).values()) <= {0}


async def test_a_reject_that_cannot_be_written_stops_and_the_position_does_not_move(banc: Banc) -> None:
    await banc.journal.ajouter(banc.topic, [(b"k", b"bon"), (b"k", b"mauvais"), (b"k", b"suite")])
    await banc.pool.execute(f"ALTER TABLE {SCHEMA}.rejets ADD CONSTRAINT jamais CHECK (raison = '')")
    with pytest.raises(asyncpg.CheckViolationError):
        await banc.consommateur(Compteur(poisons=frozenset({"mauvais"}))).executer()
    assert (await banc.positions())[partition_de(b"k", 4)] == 1
    assert set(await compter(banc.pool)) == {"bon"}


@pytest.mark.parametrize("cote", ["avant", "apres"])
async def test_a_position_out_of_the_log_stops_the_consumer_which_says_where_and_what_to_do(
    banc: Banc, cote: str
) -> None:
    await banc.journal.ajouter(banc.topic, [(b"k", b"%d" % i) for i in range(50)])
    partition = partition_de(b"k", 4)
    position, fin = (3, 50) if cote == "avant" else (900, 50)
    if cote == "avant":
        await banc.journal.elaguer(banc.topic, datetime.now(UTC) + timedelta(seconds=5))
    async with acquerir(banc.pool) as conn:
        await positions.creer(conn, SCHEMA, banc.groupe, banc.topic, partition, position)
    debut = 50 if cote == "avant" else 0
    with pytest.raises(
        PositionHorsBornes,
        match=rf"(?s)position {position} .*{banc.topic}/{partition}.* de {debut} à {fin} .*redémarrez",
    ):
        await asyncio.wait_for(banc.consommateur().executer(), 30)
    assert (await banc.positions())[partition] == position
    assert await total(banc.pool) == 0


async def test_a_position_set_back_by_a_person_replays_from_there(banc: Banc) -> None:
    await banc.ajouter(200)
    async with banc.consommer():
        await compte_atteint(banc, 200)
        await banc.pool.execute(f"UPDATE {SCHEMA}.positions SET next = 0")
        await compte_atteint(banc, 400)
    assert set((await compter(banc.pool)).values()) == {2}


async def test_a_topic_that_does_not_exist_stops_the_consumer(banc: Banc) -> None:
    banc.topic = "absent"
    with pytest.raises(TopicAbsent):
        await asyncio.wait_for(banc.consommateur().executer(), 90)


async def test_stopping_lets_the_batch_under_way_finish(banc: Banc) -> None:
    await banc.journal.ajouter(banc.topic, [(b"k", b"v")])
    entre = asyncio.Event()

    class Lent(Compteur):
        async def appliquer(self, conn, lot, partition):  # type: ignore[no-untyped-def]
            entre.set()
            await conn.execute("SELECT pg_sleep(0.5)")
            await super().appliquer(conn, lot, partition)

    async with banc.consommer(Lent()):
        await asyncio.wait_for(entre.wait(), 20)
    assert await total(banc.pool) == 1


async def test_a_batch_longer_than_the_drain_budget_is_abandoned_and_done_again_by_the_next(banc: Banc) -> None:
    await banc.journal.ajouter(banc.topic, [(b"k", b"v")])
    entre = asyncio.Event()

    class Bloque(Compteur):
        async def appliquer(self, conn, lot, partition):  # type: ignore[no-untyped-def]
            await super().appliquer(conn, lot, partition)
            entre.set()
            await conn.execute("SELECT pg_sleep(60)")

    async with banc.consommer(Bloque()):
        await asyncio.wait_for(entre.wait(), 20)
    assert await total(banc.pool) == 0
    async with banc.consommer():
        await compte_atteint(banc, 1)
    await verifier_exactement_une_fois(banc)
