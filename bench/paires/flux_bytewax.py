"""Bytewax as its documentation says: keyed state, snapshots of it every second in a recovery directory.

The ids seen are the finest keys (a snapshot writes the keys that moved, whole), the histogram of a caisse the second
step. The source's offsets are part of the snapshot: the state is exactly once after a restart. The answer leaves
through the file sink, when the topic ends.
"""

import json
from collections.abc import Iterable
from datetime import timedelta

from bytewax import operators as op
from bytewax._bytewax import cli_main
from bytewax.connectors.files import FileSink
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.recovery import RecoveryConfig, init_db_dir

from bench.paires.commun import LOT, Demande, Suivi, lire_evenement


class Neuf(StatefulBatchLogic):
    """One id: what comes first goes through."""

    def __init__(self, vu: bool | None) -> None:
        self._vu = bool(vu)

    def on_batch(self, values: list[tuple[str, int]]) -> tuple[Iterable[tuple[str, int]], bool]:
        passe, self._vu = ([] if self._vu else values[:1]), True
        return passe, StatefulBatchLogic.RETAIN

    def snapshot(self) -> bool:
        return self._vu


class Histogramme(StatefulBatchLogic):
    """One caisse: how many of each delay, written at the end of the topic."""

    def __init__(self, delais: dict[int, int] | None) -> None:
        self._delais = dict(delais or {})

    def on_batch(self, values: list[int]) -> tuple[Iterable[str], bool]:
        for delai in values:
            self._delais[delai] = self._delais.get(delai, 0) + 1
        return (), StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[str], bool]:
        return [json.dumps(self._delais)], StatefulBatchLogic.RETAIN

    def snapshot(self) -> dict[int, int]:
        return dict(self._delais)


def principal(demande: Demande) -> None:
    suivi = Suivi(demande.n)
    reprises, sortie = demande.dossier / "reprises", demande.dossier / "histogrammes.txt"
    if not reprises.exists():
        reprises.mkdir()
        init_db_dir(reprises, 1)
    sortie.touch()
    premier = True

    def lire(messages: list) -> list[tuple[str, tuple[str, int]]]:
        nonlocal premier
        if premier:
            premier = False
            suivi.commencer()
        lus = [lire_evenement(message.value) for message in messages]
        suivi.compter(len(lus))
        return [(e.id, (e.data.caisse, e.delai)) for e in lus]

    flux = Dataflow(demande.groupe)
    messages = op.input("topic", flux, KafkaSource([demande.kafka], [demande.topic], tail=False, batch_size=LOT))
    par_id = op.flat_map_batch("lire", messages, lire)
    neufs = op.stateful_batch("neufs", par_id, Neuf)
    par_caisse = op.map("caisse", neufs, lambda cle_et_valeur: cle_et_valeur[1])
    histogrammes = op.stateful_batch("histogrammes", par_caisse, Histogramme)
    op.output("sortie", op.map("ligne", histogrammes, lambda kv: (kv[0], f"{kv[0]} {kv[1]}")), FileSink(sortie))
    cli_main(flux, epoch_interval=timedelta(seconds=1), recovery_config=RecoveryConfig(str(reprises)))
    suivi.compter(0)
    suivi.rendre()


if __name__ == "__main__":
    principal(Demande.lue())
