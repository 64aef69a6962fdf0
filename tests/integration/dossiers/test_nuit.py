"""The nightly maintenance by itself: once a night, one process at a time, going on from where it was cut."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from shared.clock import SimulatedClock
from shared.database.connexion import est_passagere
from shared.database.serveur import ServeurPostgres
from shared.dossiers import entretien
from shared.dossiers.entretien import OUBLI, PLIAGE, REGISTRE, REJETS, Lus, Plan, derniere, entretenir, plan_du_service
from shared.dossiers.pliage import plier
from shared.dossiers.store import Depot
from shared.dossiers.tables import PLIE, SCELLE, TABLE
from shared.dossiers.verification import verifier
from shared.service.reglages import Reglages, ReglagesInvalides
from tests.integration.dossiers.conftest import (
    FABRIQUE,
    PARIS,
    SCHEMA,
    Service,
    evenement,
    histoire,
    ouvrir_service,
)
from tests.support.attente import attendre

SANS_PURGE = Plan()
NUIT = [PLIAGE, REJETS]
"""The steps of a night without anything to forget."""
AVEC_PURGE = Plan(dossiers={"fse": 20, "cmuc_acs": 20})


def a_paris(texte: str) -> datetime:
    return datetime.fromisoformat(texte).replace(tzinfo=PARIS)


async def epars(service: Service) -> int:
    """Rows that the fold has yet to take."""
    return sum(
        [
            await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.{t} WHERE shard NOT IN ({PLIE}, {SCELLE})")
            for t in TABLE.values()
        ]
    )


async def nuit(service: Service, plan: Plan = SANS_PURGE, **options: Any) -> list[str] | None:
    """The steps that were done."""
    faites = await entretenir(service.pool, SCHEMA, service.clock, plan, Lus(service.journal, {}), **options)
    return None if faites is None else [etape.nom for etape in faites]


async def conforme(service: Service) -> None:
    assert (await verifier(service.url, SCHEMA, FABRIQUE)).ok


async def test_chaque_nuit_est_faite_une_fois_quand_l_horloge_passe_son_heure(service: Service) -> None:
    await service.envoyer(*histoire(60))
    service.clock.advance_to(a_paris("2026-04-02 01:59"))
    assert await nuit(service) == NUIT
    await service.envoyer(evenement("fse", "du-2", {"recue": "2026-04-02 09:00"}, "2026-04-02 10:00"))
    avant = await service.lectures()
    assert await nuit(service) == []
    service.clock.advance_to(a_paris("2026-04-02 02:00"))
    assert await nuit(service) == NUIT
    assert await epars(service) == 1  # a day is not folded while it lasts
    service.clock.advance_to(a_paris("2026-04-03 02:00"))
    assert await nuit(service) == NUIT
    assert await epars(service) == 0
    assert await nuit(service, encore=True) == NUIT
    assert await service.lectures() == avant
    assert await derniere(service.pool, SCHEMA, SANS_PURGE) == (
        SANS_PURGE.nuit(service.clock.now()),
        service.clock.now(),
    )
    await conforme(service)


@pytest.mark.parametrize(
    ("instant", "jour"),
    [
        ("2026-04-02 01:59", "2026-04-01"),
        ("2026-04-02 02:00", "2026-04-02"),
        ("2026-03-29 03:00", "2026-03-29"),  # summer time begins: there is no 02:00
        ("2026-10-25 02:00", "2026-10-25"),
        ("2026-10-25 23:59", "2026-10-25"),
    ],
)
def test_une_nuit_commence_a_son_heure_de_paris_toute_l_annee(instant: str, jour: str) -> None:
    assert SANS_PURGE.nuit(a_paris(instant)) == (datetime.fromisoformat(jour) - datetime(1970, 1, 1)).days


async def test_de_deux_processus_un_seul_fait_la_nuit(service: Service) -> None:
    await service.envoyer(*histoire(40))
    autre = await asyncpg.connect(service.url)
    try:
        await autre.execute("SELECT pg_advisory_lock($1, hashtext($2))", entretien._VERROU, SCHEMA)
        assert await nuit(service) is None
        assert await epars(service) > 0
        assert await derniere(service.pool, SCHEMA, SANS_PURGE) is None
    finally:
        await autre.close()
    ensemble = await asyncio.gather(nuit(service), nuit(service))
    assert sorted(ensemble, key=str) in ([None, NUIT], [NUIT, []], [[], NUIT])
    assert await epars(service) == 0


async def test_sans_duree_de_garde_aucun_dossier_ne_part_et_avec_elle_seuls_les_vieux_clos(service: Service) -> None:
    await service.envoyer(*histoire(60))
    dossiers = len(await service.table("dossiers"))
    avant = await service.lectures()
    await nuit(service)
    assert len(await service.table("dossiers")) == dossiers
    assert await service.table("horizons") == []
    assert await nuit(service, AVEC_PURGE) == [OUBLI]
    service.clock.advance_to(service.clock.now() + timedelta(days=1))
    assert await nuit(service, AVEC_PURGE) == [OUBLI, *NUIT]
    assert 0 < len(await service.table("dossiers")) < dossiers
    assert await service.lectures() == avant
    await conforme(service)


async def test_l_horizon_n_avance_pas_quand_rien_n_est_a_oublier(service: Service) -> None:
    service.clock.advance_to(a_paris("2027-04-01 12:00"))
    await nuit(service, AVEC_PURGE)
    assert await service.table("horizons") == []
    vieux = evenement("fse", "ancien", {"recue": "2026-03-02 10:00", "payee": "2026-03-05 10:00"}, "2027-04-01 13:00")
    await service.envoyer(vieux)
    assert await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.rejets") == 0


async def test_une_nuit_coupee_reprend_a_l_etape_ou_elle_etait(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.envoyer(*histoire(60))
    avant = await service.lectures()

    async def coupe(*_: object, **__: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as panne:
        panne.setattr(entretien, "plier", coupe)
        with pytest.raises(ConnectionResetError):
            await nuit(service, AVEC_PURGE)
    assert await derniere(service.pool, SCHEMA, AVEC_PURGE) is None
    assert await nuit(service, AVEC_PURGE) == NUIT
    assert await service.lectures() == avant
    await conforme(service)


def test_une_duree_de_garde_nomme_un_processus_du_catalogue_et_ne_vaut_que_pour_son_service() -> None:
    reglages = Reglages(retention_dossiers="fse=730, courriel=400", entretien_heure=4)  # type: ignore[arg-type]
    assert plan_du_service("claims", reglages) == Plan(4, None, {"fse": 730})
    assert plan_du_service("contacts", reglages) == Plan(4, 60, {"courriel": 400})
    assert plan_du_service("claims", Reglages(retention_audit_jours=365)).etapes() == [*NUIT, REGISTRE]
    with pytest.raises(ReglagesInvalides, match="VIGIE_RETENTION_DOSSIERS"):
        plan_du_service("claims", Reglages(retention_dossiers={"inconnu": 3}))


async def _brusquement(serveur: ServeurPostgres) -> None:
    await asyncio.to_thread(serveur.tuer)


async def _proprement(serveur: ServeurPostgres) -> None:
    await asyncio.to_thread(serveur.arreter)


@pytest.mark.parametrize("couper", [_brusquement, _proprement])
async def test_postgresql_arrete_au_milieu_de_l_entretien_ne_laisse_rien_a_moitie_fait(
    postgres_jetable: ServeurPostgres, monkeypatch: pytest.MonkeyPatch, couper: Callable[[ServeurPostgres], Any]
) -> None:
    async with ouvrir_service(postgres_jetable.url()) as service:
        await service.envoyer(*histoire(600))
        avant, total = await service.lectures(), await epars(service)
        # One row's page at a time, and slowly, so that the server goes away between two of many transactions, or within
        # one.
        monkeypatch.setattr(entretien, "plier", _par_pages)
        monkeypatch.setattr(Depot, "exclure_les_consommateurs", _lentement(Depot.exclure_les_consommateurs))
        tache = asyncio.create_task(nuit(service, AVEC_PURGE))
        await attendre(lambda: _commence(service, total))
        assert not tache.done()
        await couper(postgres_jetable)
        (erreur,) = await asyncio.gather(tache, return_exceptions=True)
        assert isinstance(erreur, Exception)
        assert est_passagere(erreur)
        await asyncio.to_thread(postgres_jetable.demarrer)
        assert 0 < await epars(service) < total
        assert await service.lectures() == avant
        await conforme(service)
        assert await nuit(service, AVEC_PURGE) == NUIT
        assert await epars(service) == 0
        assert await service.lectures() == avant
        await conforme(service)


def _lentement(exclure: Callable[..., Any]) -> Callable[..., Any]:
    async def attendre_un_peu(depot: Depot, conn: asyncpg.Connection) -> None:
        await asyncio.sleep(0.05)
        await exclure(depot, conn)

    return attendre_un_peu


async def _par_pages(pool: asyncpg.Pool, schema: str, clock: SimulatedClock) -> Any:
    return await plier(pool, schema, clock, blocs=1)


async def _commence(service: Service, total: int) -> bool:
    return await epars(service) < total
