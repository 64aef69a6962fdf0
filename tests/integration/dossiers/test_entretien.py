"""Reconstruction, retention and folding: readings move only as announced, and consumers may be at work meanwhile."""

import asyncio
import dataclasses
from datetime import UTC, date, datetime

import asyncpg
import pytest

from shared.catalogue.processus import processus_du_service
from shared.database.connexion import acquerir
from shared.dossiers.contributions import CLOS, MESURES
from shared.dossiers.pliage import plier
from shared.dossiers.reconstruction import Reconstruction, interrompue, reconstruire
from shared.dossiers.retention import Purge, des_clos, oublier
from shared.dossiers.store import Depot
from shared.dossiers.tables import PLIE, RECONSTRUIT, SCELLE, TABLE
from shared.dossiers.verification import verifier
from shared.events.contrat import CAUSES
from shared.network.jours import jour_de
from tests.integration.dossiers.conftest import FABRIQUE, SCHEMA, Service, evenement, histoire, sans_suspension

NOUVELLES = [
    dataclasses.replace(p, suspensions=(), strates=("regime",)) if p.code == "cmuc_acs" else p
    for p in processus_du_service("claims")
]
AVRIL = jour_de(datetime(2026, 4, 1, tzinfo=UTC).date())


async def sommes(service: Service) -> dict[str, list[tuple]]:
    """Cells by dimensions alone."""
    total: dict[str, dict] = {}
    for table, lignes in (await service.lectures()).items():
        mesures = 8 if table == "clos" else 1
        cellules = total.setdefault(table, {})
        for ligne in lignes:
            cle = ligne[: -mesures - 2]
            cellules[cle] = [a + b for a, b in zip(cellules.get(cle, [0] * mesures), ligne[-mesures:], strict=True)]
    return {table: sorted((*c, *m) for c, m in cellules.items() if any(m)) for table, cellules in total.items()}


async def shards(service: Service) -> set[int]:
    return {
        li[0] for t in TABLE.values() for li in await service.pool.fetch(f"SELECT DISTINCT shard FROM {SCHEMA}.{t}")
    }


async def refaire(service: Service) -> None:
    """Forget all and consume the log again."""
    tables = ", ".join(f"{SCHEMA}.{t}" for t in ("dossiers", "positions", *TABLE.values()))
    await service.pool.execute(f"TRUNCATE {tables}")
    await service.consommer()


async def test_reconstruire_donne_ce_qu_aurait_donne_la_nouvelle_definition_des_le_debut(service: Service) -> None:
    await service.envoyer(*histoire(60))
    avant = await service.lectures()
    calculs = service.redefinir(NOUVELLES)
    assert (await verifier(service.url, SCHEMA, sans_suspension)).a_reconstruire
    vues: list[Reconstruction] = []
    fait = await reconstruire(
        service.pool, SCHEMA, "cmuc_acs", calculs, service.dictionnaire, service.clock, lot=7, progres=vues.append
    )
    assert fait == vues[-1]
    assert fait.vus == 30
    assert 0 < fait.changes <= 30
    assert (await verifier(service.url, SCHEMA, sans_suspension)).ok
    apres = await sommes(service)
    # As known on the eve, nothing has moved; what moved did today, for one reason.
    assert await service.lectures(AVRIL - 1) == avant
    for table in ("ouverts", "clos"):
        bouge = await service.pool.fetch(
            f"SELECT DISTINCT enregistre, cause FROM {SCHEMA}.{table} WHERE shard = {RECONSTRUIT}"
        )
        assert [(li[0], CAUSES[li[1]]) for li in bouge] == [(AVRIL, "definition")]
    assert await service.pool.fetchval(
        f"SELECT count(*) FROM {SCHEMA}.boite_envoi WHERE convert_from(valeur, 'UTF8') LIKE '%reconstruction%'"
    )
    await refaire(service)
    assert await sommes(service) == apres


async def test_reconstruire_deux_fois_ne_change_rien_la_seconde_et_reprend_ou_il_s_etait_arrete(
    service: Service,
) -> None:
    await service.envoyer(*histoire(60))
    calculs = service.redefinir(NOUVELLES)
    communs = (service.pool, SCHEMA, "cmuc_acs", calculs, service.dictionnaire, service.clock)

    class Coupure(Exception):
        pass

    arrets: list[Reconstruction] = []

    def couper(fait: Reconstruction) -> None:
        arrets.append(fait)
        if len(arrets) == 2:
            raise Coupure

    with pytest.raises(Coupure):
        await reconstruire(*communs, lot=5, progres=couper)
    reste = await interrompue(service.pool, SCHEMA, "cmuc_acs")
    assert reste == arrets[-1]
    assert (await reconstruire(*communs, lot=5, depuis=reste)).vus == 30
    assert await interrompue(service.pool, SCHEMA, "cmuc_acs") is None
    assert (await verifier(service.url, SCHEMA, sans_suspension)).ok
    avant = await service.lectures()
    assert (await reconstruire(*communs)).changes == 0
    assert await service.lectures() == avant


async def test_un_evenement_consomme_apres_une_reconstruction_ne_remonte_pas_avant_elle(service: Service) -> None:
    await service.envoyer(
        evenement("cmuc_acs", "C1", {"recue": "2026-03-02 10:00"}, "2026-03-02 12:00", regime="mines")
    )
    calculs = service.redefinir(NOUVELLES)
    await reconstruire(service.pool, SCHEMA, "cmuc_acs", calculs, service.dictionnaire, service.clock)
    veille = await service.lectures(AVRIL - 1)
    await service.envoyer(
        evenement("cmuc_acs", "C1", {"recue": "2026-03-01 10:00"}, "2026-03-31 23:00", id="C1-avant", regime="mines")
    )
    assert await service.lectures(AVRIL - 1) == veille
    assert (await verifier(service.url, SCHEMA, sans_suspension)).ok


async def test_la_purge_ne_change_aucune_lecture_ni_d_aujourd_hui_ni_vue_d_un_autre_jour(service: Service) -> None:
    await service.envoyer(*histoire(80))
    jours = range(AVRIL - 32, AVRIL + 1, 3)
    avant = [await service.lectures(j) for j in jours]
    dossiers = await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.dossiers")
    horizon = AVRIL - 15
    for process in ("fse", "cmuc_acs"):
        fait = await oublier(service.pool, SCHEMA, [des_clos(process, horizon)], blocs=1, lot=7)
        assert 0 < fait.purges <= fait.vus
        dossiers -= fait.purges
    assert await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.dossiers") == dossiers
    assert [await service.lectures(j) for j in jours] == avant
    assert SCELLE in await shards(service)
    assert (await verifier(service.url, SCHEMA, FABRIQUE)).ok
    assert (await oublier(service.pool, SCHEMA, [des_clos("fse", horizon)])).purges == 0


async def test_la_purge_et_le_pliage_laissent_a_chaque_jour_ses_causes_et_les_ramenent_a_la_fin_du_mois_apres_24_mois(
    service: Service,
) -> None:
    clos = evenement("fse", "F1", {"recue": "2026-01-02 10:00", "payee": "2026-01-05 10:00"}, "2026-01-05 12:00")
    tardif = evenement("fse", "F2", {"recue": "2026-01-02 10:00", "payee": "2026-01-06 10:00"}, "2026-01-20 12:00")
    corrige = {"recue": "2026-01-02 10:00", "payee": "2026-01-07 10:00"}
    await service.envoyer(clos, tardif, evenement("fse", "F1", corrige, "2026-02-12 12:00", id=clos["id"], revision=1))
    avant = await service.lectures()
    await oublier(service.pool, SCHEMA, [des_clos("fse", AVRIL - 15)])
    await plier(service.pool, SCHEMA, service.clock)
    assert await service.lectures() == avant
    assert await shards(service) >= {SCELLE}
    fins = [jour_de(date(2026, 1, 31)), jour_de(date(2026, 2, 28))]
    fin_de_mois = [await service.lectures(fin) for fin in fins]
    service.clock.advance_to(datetime(2028, 3, 1, 12, tzinfo=UTC))
    assert (await plier(service.pool, SCHEMA, service.clock)).au_mois > 0
    assert await _causes_par_jour(service) == {fins[0]: {"normal", "tardif"}, fins[1]: {"correction"}}
    for fin, attendu in zip(fins, fin_de_mois, strict=True):
        assert _sans_jour(await service.lectures(fin)) == _sans_jour(attendu)
    assert (await plier(service.pool, SCHEMA, service.clock)).au_mois == 0
    assert (await verifier(service.url, SCHEMA, FABRIQUE)).ok


async def _causes_par_jour(service: Service) -> dict[int, set[str]]:
    """Causes of the closed cells, by recorded day."""
    causes: dict[int, set[str]] = {}
    mesures = len(MESURES[CLOS])
    for ligne in (await service.lectures())["clos"]:
        enregistre, cause = ligne[-mesures - 2 : -mesures]
        causes.setdefault(enregistre, set()).add(CAUSES[cause])
    return causes


def _sans_jour(lectures: dict[str, list[tuple]]) -> dict[str, dict[tuple, list[int]]]:
    """Cells by dimensions and cause, recorded days summed."""
    totaux: dict[str, dict[tuple, list[int]]] = {}
    for table, lignes in lectures.items():
        mesures = len(MESURES[next(g for g, nom in TABLE.items() if nom == table)])
        cellules = totaux.setdefault(table, {})
        for ligne in lignes:
            cle = (*ligne[: -mesures - 2], ligne[-mesures - 1])
            cellules[cle] = [a + b for a, b in zip(cellules.get(cle, [0] * mesures), ligne[-mesures:], strict=True)]
    return {t: {c: m for c, m in cellules.items() if any(m)} for t, cellules in totaux.items()}


async def test_seuls_les_dossiers_clos_dont_rien_n_est_plus_recent_sont_purges(service: Service) -> None:
    recu = "2026-03-31 12:00"
    await service.envoyer(
        evenement("fse", "clos", {"recue": "2026-03-02 10:00", "payee": "2026-03-05 10:00"}, recu),
        evenement("fse", "ouvert", {"recue": "2026-03-02 10:00"}, recu),
        evenement("fse", "limite", {"recue": "2026-03-02 10:00", "payee": "2026-03-17 00:00"}, recu),
        evenement("cmuc_acs", "suite", {"recue": "2026-03-02 10:00", "annulee": "2026-03-05 10:00"}, recu),
        evenement("cmuc_acs", "suite", {"completee": ["2026-03-20 10:00"]}, recu),
    )
    for process in ("fse", "cmuc_acs"):
        await oublier(service.pool, SCHEMA, [des_clos(process, AVRIL - 15)])
    restent = {li["subject"] for li in await service.pool.fetch(f"SELECT subject FROM {SCHEMA}.dossiers")}
    assert restent == {"ouvert", "limite", "suite"}


async def test_un_dossier_qui_change_entre_la_lecture_et_l_oubli_n_est_pas_oublie(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    recu = "2026-03-31 12:00"
    clos = {"recue": "2026-03-02 10:00", "payee": "2026-03-05 10:00"}
    await service.envoyer(evenement("fse", "bouge", clos, recu), evenement("fse", "dort", clos, recu))
    exclure, entrees = Depot.exclure_les_consommateurs, []

    async def apres_une_correction(depot: Depot, conn: asyncpg.Connection) -> None:
        entrees.append(conn)
        if len(entrees) == 1:  # all is read, nothing is locked: a consumer had the time for a batch
            await service.envoyer(evenement("fse", "bouge", {"payee": "2026-03-30 10:00"}, recu, id="b", revision=1))
        await exclure(depot, conn)

    monkeypatch.setattr(Depot, "exclure_les_consommateurs", apres_une_correction)
    assert await oublier(service.pool, SCHEMA, [des_clos("fse", AVRIL - 15)]) == Purge(vus=2, purges=1)
    restent = [li["subject"] for li in await service.pool.fetch(f"SELECT subject FROM {SCHEMA}.dossiers")]
    assert restent == ["bouge"]
    assert (await verifier(service.url, SCHEMA, FABRIQUE)).ok


async def test_apres_une_purge_un_evenement_d_un_dossier_oublie_va_aux_rejets_et_n_est_pas_compte_deux_fois(
    service: Service,
) -> None:
    recu = "2026-03-31 12:00"
    clos = evenement("fse", "clos", {"recue": "2026-03-02 10:00", "payee": "2026-03-05 10:00"}, recu)
    ouvert = evenement("fse", "ouvert", {"recue": "2026-03-02 10:00"}, recu)
    await service.envoyer(clos, ouvert)
    await oublier(service.pool, SCHEMA, [des_clos("fse", AVRIL - 15)])
    avant = await sommes(service)
    await service.envoyer(clos, clos | {"revision": 1})
    assert await sommes(service) == avant
    rejets = await service.pool.fetch(f"SELECT raison, evenement_id, contenu FROM {SCHEMA}.rejets")
    assert [(r["raison"], r["evenement_id"]) for r in rejets] == [("hors_horizon", clos["id"])] * 2
    # A dossier that is still there takes its late events, however old; a new one takes recent events.
    await service.envoyer(
        evenement("fse", "ouvert", {"payee": "2026-03-09 10:00"}, recu),
        evenement("fse", "neuf", {"recue": "2026-03-30 10:00"}, recu),
        evenement("cmuc_acs", "autre", {"recue": "2026-03-02 10:00"}, recu),
    )
    assert await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.rejets") == 2
    assert await service.pool.fetchval(f"SELECT sum(n) FROM {SCHEMA}.clos") == 2
    assert await service.pool.fetchval(f"SELECT sum(n) FROM {SCHEMA}.ouverts") == 4
    assert (await verifier(service.url, SCHEMA, FABRIQUE)).ok


async def test_l_horizon_avance_au_premier_dossier_oublie_et_ne_recule_jamais(service: Service) -> None:
    async def horizon() -> int | None:
        return await service.pool.fetchval(f"SELECT avant FROM {SCHEMA}.horizons WHERE process = 'fse'")

    recu = "2026-03-31 12:00"
    assert await oublier(service.pool, SCHEMA, [des_clos("fse", AVRIL)]) == Purge()
    assert await horizon() is None
    await service.envoyer(
        evenement("fse", "clos", {"recue": "2026-03-02 10:00", "payee": "2026-03-05 10:00"}, recu),
        evenement("fse", "ouvert", {"recue": "2026-03-02 10:00"}, recu),
    )
    assert await oublier(service.pool, SCHEMA, [des_clos("fse", AVRIL)]) == Purge(1, 1)
    assert await horizon() == AVRIL
    await service.envoyer(evenement("fse", "ouvert", {"payee": "2026-03-09 10:00"}, recu))
    assert await oublier(service.pool, SCHEMA, [des_clos("fse", AVRIL - 10)]) == Purge(1, 1)
    assert await horizon() == AVRIL


async def test_un_seul_balayage_oublie_chaque_processus_a_son_terme(service: Service) -> None:
    recu = "2026-03-31 12:00"
    dates = {"2026-03-05 10:00": "vieux", "2026-03-20 10:00": "moyen"}
    for jour, nom in dates.items():
        await service.envoyer(
            evenement("fse", f"F-{nom}", {"recue": "2026-03-02 10:00", "payee": jour}, recu),
            evenement("cmuc_acs", f"C-{nom}", {"recue": "2026-03-02 10:00", "annulee": jour}, recu),
        )
    gardes = [des_clos("fse", AVRIL - 5), des_clos("cmuc_acs", AVRIL - 20)]
    assert await oublier(service.pool, SCHEMA, gardes) == Purge(3, 3)
    restent = {li["subject"] for li in await service.pool.fetch(f"SELECT subject FROM {SCHEMA}.dossiers")}
    assert restent == {"C-moyen"}
    horizons = {li["process"]: li["avant"] for li in await service.pool.fetch(f"SELECT * FROM {SCHEMA}.horizons")}
    assert horizons == {"fse": AVRIL - 5, "cmuc_acs": AVRIL - 20}
    assert (await verifier(service.url, SCHEMA, FABRIQUE)).ok


async def test_le_pliage_ne_change_aucune_lecture_et_ne_laisse_que_le_jour_meme_en_place(service: Service) -> None:
    await service.envoyer(*histoire(80))
    await service.envoyer(evenement("fse", "du-jour", {"recue": "2026-04-01 09:00"}, "2026-04-01 10:00"))
    avant = await service.lectures()
    total = sum([await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.{t}") for t in TABLE.values()])
    pli = await plier(service.pool, SCHEMA, service.clock, blocs=1)
    assert pli.plies == total - 1
    assert await service.lectures() == avant
    (seul,) = [
        li
        for t in TABLE.values()
        for li in await service.pool.fetch(f"SELECT enregistre, shard FROM {SCHEMA}.{t} WHERE shard <> {PLIE}")
    ]
    assert seul["enregistre"] == AVRIL
    assert (await verifier(service.url, SCHEMA, FABRIQUE)).ok
    assert (await plier(service.pool, SCHEMA, service.clock)).plies == 0


async def test_le_pliage_supprime_les_lignes_tombees_a_zero(service: Service) -> None:
    recue = evenement("fse", "F1", {"recue": "2026-03-02 10:00"}, "2026-03-02 12:00")
    await service.envoyer(recue, recue | {"revision": 1, "data": recue["data"] | {"caisse": "cgss-974"}})
    await plier(service.pool, SCHEMA, service.clock)
    await service.envoyer(recue | {"revision": 2})
    await plier(service.pool, SCHEMA, service.clock)
    assert [li["n"] for li in await service.pool.fetch(f"SELECT n FROM {SCHEMA}.ouverts WHERE cause = 0")] == [1]
    assert await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.ouverts WHERE n = 0") == 0


async def test_un_enregistrement_tardif_sous_un_jour_passe_est_plie_la_fois_suivante(service: Service) -> None:
    await service.envoyer(evenement("fse", "F1", {"recue": "2026-03-02 10:00"}, "2026-03-02 12:00"))
    await plier(service.pool, SCHEMA, service.clock)
    await service.envoyer(evenement("fse", "F2", {"recue": "2026-03-02 10:00"}, "2026-03-02 12:00"))
    assert len(await shards(service)) == 2
    await plier(service.pool, SCHEMA, service.clock)
    assert [(li["shard"], li["n"]) for li in await service.pool.fetch(f"SELECT shard, n FROM {SCHEMA}.ouverts")] == [
        (PLIE, 2)
    ]


async def test_consommer_pendant_que_l_on_plie_purge_et_reconstruit_ne_perd_rien(service: Service) -> None:
    evenements = histoire(240, graine=3)
    calculs = service.redefinir(NOUVELLES)
    await service.envoyer(*evenements[:200])
    fini = asyncio.Event()

    async def entretenir() -> int:
        tours = 0
        while not fini.is_set() or tours == 0:
            await plier(service.pool, SCHEMA, service.clock, blocs=1)
            await reconstruire(service.pool, SCHEMA, "cmuc_acs", calculs, service.dictionnaire, service.clock, lot=20)
            tours += 1
        return tours

    async def consommer() -> None:
        try:
            await service.envoyer(*evenements[200:], lot=3)
        finally:
            fini.set()

    tours, _ = await asyncio.gather(entretenir(), consommer())
    assert tours >= 1
    assert (await verifier(service.url, SCHEMA, sans_suspension)).ok
    concurrents = await service.lectures()
    await refaire(service)
    assert await service.lectures() == concurrents


async def test_l_entretien_attend_le_lot_en_cours_et_fait_attendre_le_suivant(service: Service) -> None:
    await service.envoyer(evenement("fse", "F1", {"recue": "2026-03-02 10:00"}, "2026-03-02 12:00"))
    async with acquerir(service.pool) as conn, conn.transaction():
        await conn.execute(f"UPDATE {SCHEMA}.positions SET next = next")
        async with acquerir(service.pool) as autre:
            await autre.execute("SET lock_timeout = '200ms'")
            with pytest.raises(asyncpg.LockNotAvailableError):
                async with autre.transaction():
                    await autre.execute(f"LOCK TABLE {SCHEMA}.positions IN EXCLUSIVE MODE")
