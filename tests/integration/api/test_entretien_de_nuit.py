"""The watch of a consumer process over its nights, on a whole service: persons' chains, delays, faults, metrics."""

import asyncio
from functools import partial
from typing import Any

import pytest
from prometheus_client import REGISTRY

from shared.dossiers import veille_de_nuit
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.derives.messages import TOPIC_PERSONNES
from shared.dossiers.entretien import OUBLI, Plan, derniere, plan_du_service
from shared.dossiers.tables import PLIE, TABLE
from shared.dossiers.veille_de_nuit import tour, veiller
from shared.dossiers.verification import verifier
from shared.log.consommateur import ReglagesConsommateur
from shared.service.reglages import Reglages
from tests.integration.api.conftest import Pile, instant
from tests.support.attente import attendre

FABRIQUE = partial(calculs_du_service, "contacts")
PLAN = plan_du_service("contacts", Reglages())


def echecs() -> float:
    return REGISTRY.get_sample_value("vigie_entretien_echecs_total", {"service": "contacts"}) or 0.0


async def epars(pile: Pile) -> int:
    return sum(
        [
            await pile.service.pool.fetchval(f"SELECT count(*) FROM contacts.{t} WHERE shard <> {PLIE}")
            for t in TABLE.values()
        ]
    )


def appel(pile: Pile) -> dict[str, Any]:
    return pile.dossier(
        "appel", {"presente": "2026-03-02 08:40", "decroche": "2026-03-02 08:41", "termine": "2026-03-02 08:45"}
    )


async def test_la_veille_plie_au_passage_de_la_nuit_et_le_dit(contacts: Pile) -> None:
    await contacts.compter(appel(contacts))
    tache = asyncio.create_task(veiller(contacts.service, PLAN, periode=0.05))
    try:
        await attendre(lambda: _faite(contacts, PLAN.nuit(contacts.clock.now())))
        assert await epars(contacts) > 0
        avant = await contacts.mesure("taux_decroche", du="2026-03-02", au="2026-03-02")
        contacts.il_est("2026-03-03 02:00")
        await attendre(lambda: _faite(contacts, PLAN.nuit(contacts.clock.now())))
        assert await epars(contacts) == 0
        assert await contacts.mesure("taux_decroche", du="2026-03-02", au="2026-03-02") == avant
        attendu = instant("2026-03-03 02:00").timestamp()
        await attendre(
            lambda: (
                REGISTRY.get_sample_value("vigie_entretien_dernier_succes_secondes", {"service": "contacts"}) == attendu
            )
        )
        etape = {"service": "contacts", "etape": "pliage"}
        assert (REGISTRY.get_sample_value("vigie_entretien_lignes_total", etape) or 0) > 0
        assert REGISTRY.get_sample_value("vigie_entretien_duree_secondes", etape) is not None
    finally:
        tache.cancel()
        await asyncio.gather(tache, return_exceptions=True)


async def test_rien_ne_commence_tant_que_les_consommateurs_ont_du_retard(
    contacts: Pile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(veille_de_nuit, "RETARD_TOLERE", 1)
    await contacts.compter(appel(contacts))
    await contacts.service.pool.execute(
        "INSERT INTO contacts.boite_envoi (topic, cle, valeur) SELECT 't', '', '' FROM generate_series(1, 2)"
    )
    assert await tour(contacts.service, PLAN) is None
    assert await derniere(contacts.service.pool, "contacts", PLAN) is None
    await contacts.service.pool.execute("DELETE FROM contacts.boite_envoi")
    assert [e.nom for e in await tour(contacts.service, PLAN) or ()] == PLAN.etapes()


async def test_une_panne_de_l_entretien_est_comptee_et_la_veille_recommence(
    contacts: Pile, journal_capture: list[Any]
) -> None:
    avant, pool = echecs(), contacts.service.pool
    await pool.execute("ALTER TABLE contacts.plis RENAME TO ailleurs")
    tache = asyncio.create_task(veiller(contacts.service, PLAN, periode=0.05))
    try:
        await attendre(lambda: echecs() >= avant + 2)
        assert not tache.done()
        assert any(ligne["event"] == "entretien en echec" for ligne in journal_capture)
        await pool.execute("ALTER TABLE contacts.ailleurs RENAME TO plis")
        await attendre(lambda: _faite(contacts, PLAN.nuit(contacts.clock.now())))
    finally:
        tache.cancel()
        await asyncio.gather(tache, return_exceptions=True)


async def test_une_chaine_de_60_jours_est_oubliee_et_ses_chiffres_restent(contacts: Pile) -> None:
    service, claire = contacts.service, "k1.cccccccccccccccccccccc"
    personnes = service.consommateurs(ReglagesConsommateur(lot_max=500, attente=0.05))[1]
    taches = [asyncio.create_task(personnes.executer()), asyncio.create_task(service.relais().executer())]
    try:
        await contacts.compter(appel(contacts) | {"id": "a1"})
        deux = [appel(contacts), appel(contacts)]
        for un in deux:
            un["data"]["assure"] = claire
        await contacts.compter(*deux)
        await attendre(lambda: _chaines(contacts, 1))
        await attendre(lambda: _contacts(contacts, 2))
        contacts.il_est("2026-05-01 03:00")  # 60 days later
        assert {e.nom: e.lignes for e in await tour(service, PLAN) or ()}[OUBLI] == 0
        contacts.il_est("2026-05-02 03:00")
        assert {e.nom: e.lignes for e in await tour(service, PLAN) or ()}[OUBLI] == 1
        assert await _chaines(contacts, 0)
        assert await _contacts(contacts, 2)
        rapport = await verifier(contacts.app.reglages.database_url.get_secret_value(), "contacts", FABRIQUE)
        assert rapport.ok
    finally:
        personnes.arreter()
        await asyncio.wait_for(taches[0], 30)
        taches[1].cancel()
        await asyncio.gather(*taches, return_exceptions=True)


async def test_le_journal_et_les_rejets_s_elaguent_une_fois_vieux_et_lus(contacts: Pile) -> None:
    """An event that is refused by HTTP, one that the log holds and refuses. The records of the log are dated by the
    machine, before June 2028."""
    service, pool = contacts.service, contacts.service.pool
    topic, plan = service.definition.topic, Plan(rejets=30, journal=30)
    await service.journal.ajouter(topic, [(b"appel|x|y", b"{}")])
    await service.journal.ajouter(TOPIC_PERSONNES, [(b"k", b"{}")])  # which nobody reads here
    mauvais = await contacts.client.post(
        "/v1/events", content=b"{}", headers={"content-type": "application/cloudevents+json"}
    )
    assert mauvais.json()["refuses"] == 1
    await attendre(lambda: _rejets(contacts, {"http", "journal"}))
    await pool.execute("UPDATE contacts.rejets SET recu_le = '2028-01-01'")
    contacts.il_est("2028-06-02 03:00")
    assert {e.nom: e.lignes for e in await tour(service, Plan(rejets=30)) or ()}["rejets"] == 2
    (tenu,) = await pool.fetch("SELECT origine, contenu FROM contacts.rejets")
    assert tuple(tenu) == ("journal", None), "le journal tient encore cet enregistrement"
    contacts.il_est("2028-06-03 03:00")
    assert {e.nom: e.lignes for e in await tour(service, plan) or ()}["journal"] == 1
    assert await _rejets(contacts, set())
    assert all(b.debut == b.fin for b in (await service.journal.bornes(topic)).values())
    restent = (await service.journal.bornes(TOPIC_PERSONNES)).values()
    assert sum(b.fin - b.debut for b in restent) == 1, "rien n'est oublié avant d'être lu"


async def _rejets(pile: Pile, origines: set[str]) -> bool:
    return {li[0] for li in await pile.service.pool.fetch("SELECT origine FROM contacts.rejets")} == origines


async def _chaines(pile: Pile, n: int) -> bool:
    trouvees = await pile.service.pool.fetchval(
        "SELECT count(*) FROM contacts.dossiers WHERE serie IN (SELECT code FROM contacts.dictionnaire "
        "WHERE genre = 'serie' AND valeur LIKE 'reiteration|%')"
    )
    return bool(trouvees == n)


async def _contacts(pile: Pile, n: int) -> bool:
    compte = await pile.service.pool.fetchval(
        "SELECT coalesce(sum(n), 0) FROM contacts.flux JOIN contacts.dictionnaire d ON d.genre = 'process' "
        "AND d.code = process AND d.valeur = 'contact_induit'"
    )
    return bool(compte == n)


async def _faite(pile: Pile, nuit: int) -> bool:
    fait = await derniere(pile.service.pool, "contacts", PLAN)
    return fait is not None and fait[0] >= nuit
