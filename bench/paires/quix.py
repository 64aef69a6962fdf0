"""Quix Streams as its documentation says: keyed again by caisse (``group_by``), state in RocksDB behind a changelog.

Exactly once (``processing_guarantee``), a checkpoint every second. State belongs to the key of the message, so one
topic of the library's own stands between the events and the counts; the ids seen are state of the caisse too. What
stands is what its changelog holds, read committed.
"""

from typing import Any

from quixstreams import Application, State

from bench.paires.commun import Demande, Evenement, Suivi, lire_evenement


def _reduire(valeur: bytes) -> dict[str, Any]:
    e: Evenement = lire_evenement(valeur)
    return {"id": e.id, "caisse": e.data.caisse, "delai": e.delai}


def principal(demande: Demande) -> None:
    suivi = Suivi(demande.n)
    app = Application(
        broker_address=demande.kafka,
        consumer_group=demande.groupe,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=1.0,
        state_dir=demande.dossier / "etat",
        loglevel="WARNING",
    )
    premier = True

    def reduire(valeur: bytes) -> dict[str, Any]:
        nonlocal premier
        if premier:
            premier = False
            suivi.commencer()
        return _reduire(valeur)

    def compter(valeur: dict[str, Any], etat: State) -> None:
        vu = f"vu:{valeur['id']}"
        if etat.get(vu) is None:
            etat.set(vu, 1)
            delai = f"delai:{valeur['delai']}"
            etat.set(delai, etat.get(delai, 0) + 1)
        suivi.compter()
        if suivi.lus == demande.n:
            app.stop()

    flux = app.dataframe(app.topic(demande.topic, value_deserializer="bytes", key_deserializer="bytes"))
    flux = flux.apply(reduire).group_by("caisse")
    flux.update(compter, stateful=True)
    app.run(timeout=demande.patience)
    suivi.rendre()


if __name__ == "__main__":
    principal(Demande.lue())
