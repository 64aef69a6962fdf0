"""A producer that writes in transactions leaves markers in the log: they are passed, and what it aborted too."""

import contextlib

import pytest
from aiokafka import AIOKafkaProducer

from tests.integration.log.conftest import ouvrir_banc
from tests.support.attente import attendre
from tests.support.compteur import compter, total

pytestmark = pytest.mark.kafka


async def test_positions_reach_the_end_of_a_log_that_ends_with_markers_and_aborted_records(
    postgres_vide: str, kafka_bootstrap: str
) -> None:
    async with ouvrir_banc("kafka", postgres_vide, kafka_bootstrap) as banc, banc.consommer() as consommateur:
        producteur = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, transactional_id=banc.topic)
        await producteur.start()
        try:
            for gardes in (True, False):
                with contextlib.suppress(_Abandon):
                    async with producteur.transaction():
                        for i in range(40):
                            await producteur.send(banc.topic, b"%d" % (i if gardes else -1), partition=i % 4)
                        if not gardes:
                            raise _Abandon
        finally:
            await producteur.stop()
        markers_and_aborted_records_take_numbers = dict.fromkeys(range(4), 10 + 1 + 10 + 1)

        async def atteintes() -> bool:
            return await banc.positions() == markers_and_aborted_records_take_numbers

        async def arrivees(n: int) -> bool:
            return await total(banc.pool) == n

        await attendre(atteintes, 15, "les positions sont les fins du journal")
        assert {p: b.fin for p, b in (await banc.journal.bornes(banc.topic)).items()} == await banc.positions()
        assert await compter(banc.pool) == {str(i): 1 for i in range(40)}
        await banc.ajouter(4, "apres")
        await attendre(lambda: arrivees(44), 15, "ce qui suit est compté")
        await attendre(lambda: sum(consommateur.retards.values()) == 0, 15, "plus de retard")


class _Abandon(Exception):
    pass
