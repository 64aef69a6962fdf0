"""The evaluator: one state whoever evaluates, however often, and wherever it dies."""

import asyncio
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.alerts.app import evaluer_sans_fin
from services.alerts.consumers import evaluation as module
from services.alerts.consumers.evaluation import Evaluateur
from services.alerts.domain import NOM
from services.alerts.store.tables import metadata
from tests.integration.alerts.conftest import Reseau
from tests.integration.alerts.test_vie_d_une_alerte import appels
from tests.support.attente import attendre


async def photo(reseau: Reseau) -> list[Any]:
    lignes = await reseau.service.pool.fetch(
        "SELECT a.id, a.genre, a.caisse, a.objet, a.etat, a.version, t.rang, t.action, t.instant "
        "FROM alerts.alertes a JOIN alerts.transitions t ON t.alerte = a.id ORDER BY a.id, t.rang"
    )
    return [tuple(ligne) for ligne in lignes]


async def declarer(reseau: Reseau, *caisses: str) -> None:
    for caisse in caisses:
        await reseau.poster("/v1/declarations", {"caisse": caisse, "genre": "pca", "motif": "Grève"})


async def test_evaluer_encore_ne_change_rien(alertes: Reseau) -> None:
    await declarer(alertes, "cpam-33", "cpam-31")
    await alertes.evaluer()
    avant = await photo(alertes)
    for _ in range(3):
        await alertes.evaluer()
    assert await photo(alertes) == avant
    assert len(avant) == 4


async def test_de_plusieurs_evaluateurs_a_la_fois_un_seul_travaille_et_l_etat_est_le_meme(alertes: Reseau) -> None:
    await declarer(alertes, "cpam-33", "cpam-31", "cpam-75")
    evaluateur = alertes.boucle.evaluateur
    autres = [Evaluateur(evaluateur.moteur, evaluateur.amont, evaluateur.clock) for _ in range(4)]
    bilans = await asyncio.gather(*(e.evaluer(complete=True) for e in autres))
    assert any(b is not None for b in bilans)
    lignes = await photo(alertes)
    assert [ligne[7] for ligne in lignes] == ["observation", "ouverture"] * 3


@pytest.mark.parametrize("etape", ["annoncer", "_noter"])
async def test_un_arret_au_milieu_ne_laisse_rien_et_le_suivant_refait_tout(
    alertes: Reseau, monkeypatch: pytest.MonkeyPatch, etape: str
) -> None:
    await declarer(alertes, "cpam-33")

    async def mourir(*_: object, **__: object) -> None:
        await alertes.service.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
            "application_name = 'vigie-alerts-moteur' AND state <> 'idle'"
        )
        raise ConnectionResetError("le processus meurt")

    with monkeypatch.context() as patch:
        patch.setattr(module, etape, mourir)
        with pytest.raises(Exception):  # noqa: B017 - whatever the driver says of a dead connection
            await alertes.evaluer()
    assert await photo(alertes) == []
    assert await alertes.service.pool.fetchval("SELECT count(*) FROM alerts.a_evaluer") == 1, (
        "ce qui est demandé le reste"
    )
    await alertes.evaluer()
    assert len(await photo(alertes)) == 2


async def test_la_base_refuse_deux_alertes_vivantes_de_meme_objet(alertes: Reseau) -> None:
    await declarer(alertes, "cpam-33")
    await alertes.evaluer()
    with pytest.raises(asyncpg.UniqueViolationError):
        await alertes.service.pool.execute(
            "INSERT INTO alerts.alertes (genre, caisse, objet, etat, depuis, signal, signal_depuis, vu_le, creee_le, "
            "constat) SELECT genre, caisse, objet, etat, depuis, signal, signal_depuis, vu_le, creee_le, constat "
            "FROM alerts.alertes"
        )


async def test_un_service_qui_ne_repond_pas_laisse_ses_alertes_telles_quelles(reseau: Reseau) -> None:
    await appels(reseau, "2026-03-02", decroches=100, abandons=900)
    await reseau.evaluer()
    avant = await photo(reseau)
    reseau.il_est("2026-03-20 09:00")
    evaluateur = reseau.boucle.evaluateur
    evaluateur.amont.adresses.update(contacts="http://127.0.0.1:1")  # type: ignore[attr-defined]
    bilan = await evaluateur.evaluer(complete=True)
    assert bilan is not None
    assert any("contacts ne répond pas" in phrase for phrase in bilan.sans_reponse)
    assert await photo(reseau) == avant


async def test_une_cloche_du_journal_suffit_et_le_temps_seul_aussi(reseau: Reseau) -> None:
    """The loop as the process runs it: bells relayed by the log, evaluations by the simulated clock."""
    assert reseau.contacts is not None
    arret = asyncio.Event()
    relais = asyncio.create_task(reseau.contacts.service.relais().executer())
    boucle = asyncio.create_task(evaluer_sans_fin(reseau.service, reseau.boucle.evaluateur.amont.client, arret))

    async def etats() -> list[str]:
        assert not boucle.done(), boucle.exception()
        return [a["etat"] for a in await reseau.alertes(objet="taux_decroche")]

    async def en_observation() -> bool:
        return await etats() == ["en_observation"]

    async def ouverte() -> bool:
        return await etats() == ["ouverte"]

    async def evaluee() -> bool:
        return (await reseau.lire("/v1/alertes"))["controle"] is not None

    try:
        await attendre(evaluee, 30, "première évaluation")
        await appels(reseau, "2026-03-02", decroches=100, abandons=900)
        await attendre(en_observation, 30, "la cloche a sonné")
        reseau.il_est("2026-03-09 09:30")
        await attendre(ouverte, 30, "une semaine a passé")
    finally:
        arret.set()
        relais.cancel()
        await asyncio.gather(relais, return_exceptions=True)
        await asyncio.wait_for(boucle, 30)


async def test_les_tables_du_programme_sont_celles_de_la_migration(alertes: Reseau) -> None:
    """Names and types: the keys, checks and indexes are the migration's alone."""

    def ecarts(conn: Any) -> list[Any]:
        contexte = MigrationContext.configure(
            conn,
            opts={
                "include_schemas": True,
                "include_name": lambda nom, genre, _: genre != "schema" or nom == NOM,
                "include_object": lambda _o, nom, genre, reflete, _c: (
                    genre in ("table", "column") and not (reflete and genre == "table")
                ),
                "compare_type": True,
            },
        )
        trouves = compare_metadata(contexte, metadata)
        return [e for e in trouves if not (isinstance(e, list) and e[0][0] in ("modify_nullable", "modify_comment"))]

    async with alertes.service.moteur.connect() as conn:
        trouves = await conn.run_sync(ecarts)
    assert [e for e in trouves if isinstance(e, list) or e[0] in ("add_table", "add_column", "remove_column")] == []


async def test_rien_n_est_evalue_a_une_horloge_que_personne_n_a_mise_a_l_heure(reseau: Reseau) -> None:
    """Before a replay tells the time, every source would look silent."""
    reseau.clock.reglee = False
    assert await reseau.boucle.tour() is None
    reseau.clock.advance_to(reseau.clock.now())
    assert await reseau.boucle.tour() is not None
