"""From records to rows: what a batch writes, refuses and leaves behind when it fails."""

import gc
import json

import asyncpg
import pytest

from shared.database.connexion import acquerir
from shared.dossiers.store import Depot
from shared.dossiers.tables import TABLE
from shared.events.contrat import CAUSES
from shared.network.jours import date_de
from tests.integration.dossiers.conftest import PARTITIONS, SCHEMA, Service, evenement, histoire, instant

RECUE = evenement("fse", "F1", {"recue": "2026-03-02 10:00"}, "2026-03-02 12:00", beneficiaire="assure")
PAYEE = evenement("fse", "F1", {"payee": "2026-03-06 10:00"}, "2026-03-06 12:00", beneficiaire="assure")


async def test_une_feuille_recue_puis_payee_fait_un_ouvert_et_un_clos_a_leurs_jours(service: Service) -> None:
    await service.envoyer(RECUE, PAYEE)
    (ouvert,) = await service.pool.fetch(f"SELECT * FROM {SCHEMA}.ouverts")
    (clos,) = await service.pool.fetch(f"SELECT * FROM {SCHEMA}.clos")
    nom = service.dictionnaire.nom
    assert (nom("process", ouvert["process"]), ouvert["caisse"], ouvert["n"]) == ("fse", 751, 1)
    assert (str(date_de(ouvert["jour"])), str(date_de(ouvert["enregistre"]))) == ("2026-03-02", "2026-03-02")
    assert (str(date_de(clos["jour_clos"])), str(date_de(clos["enregistre"]))) == ("2026-03-06", "2026-03-06")
    assert (clos["n"], clos["secondes"], clos["s_caisse"]) == (1, 4 * 86_400, 4 * 86_400)
    assert nom("issue", clos["issue"]) == "paye"
    assert nom("strate", clos["strate"]) == "beneficiaire=assure"
    (dossier,) = await service.pool.fetch(f"SELECT * FROM {SCHEMA}.dossiers")
    assert (str(date_de(dossier["jour_ouvert"])), str(date_de(dossier["jour_clos"]))) == ("2026-03-02", "2026-03-06")


async def test_la_cloche_nomme_les_caisses_touchees_et_la_position_une_fois_par_lot(service: Service) -> None:
    await service.envoyer(RECUE)
    (ligne,) = await service.pool.fetch(f"SELECT topic, valeur FROM {SCHEMA}.boite_envoi")
    corps = json.loads(ligne["valeur"])
    assert (ligne["topic"], corps["data"]["caisses"]) == ("vigie.indicateurs.v1", {"fse": [751]})
    assert corps["data"]["position"]["next"] == 1
    await service.envoyer(RECUE)
    assert await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.boite_envoi") == 1


async def test_ce_qui_est_refuse_va_aux_rejets_avec_sa_place_et_le_reste_passe(service: Service) -> None:
    service.journal.ajouter(b"{", 0)
    service.journal.ajouter(RECUE | {"subject": "F2", "data": RECUE["data"] | {"caisse": "cpam-999"}})
    service.journal.ajouter(PAYEE)
    (bonne,) = [p for p, suite in service.journal.records.items() if any(b"payee" in r.value for r in suite)]
    mauvaise = (bonne + 1) % PARTITIONS
    service.journal.ajouter(RECUE, mauvaise)
    await service.consommer()
    rejets = await service.pool.fetch(
        f'SELECT raison, origine, topic, partition, "offset", contenu FROM {SCHEMA}.rejets'
    )
    assert {r["raison"] for r in rejets} == {"json_invalide", "caisse_inconnue", "mauvaise_partition"}
    for rejet in rejets:
        assert service.journal.records[rejet["partition"]][rejet["offset"]].value == rejet["contenu"]
    assert await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.dossiers") == 1


async def test_une_transaction_annulee_ne_laisse_rien_que_les_codes_du_dictionnaire(service: Service) -> None:
    service.journal.ajouter(RECUE | {"data": RECUE["data"] | {"plateforme": "pfs-idf"}})
    service.journal.ajouter(PAYEE)
    service.journal.ajouter(b"{", 0)

    class Panne(Exception):
        pass

    for partition, records in service.journal.records.items():
        async with acquerir(service.pool) as conn:
            with pytest.raises(Panne):
                async with conn.transaction():
                    await service.traitement.appliquer(conn, service.traitement.preparer(records), partition)
                    raise Panne
    for table in ("dossiers", "rejets", "boite_envoi", *TABLE.values()):
        assert await service.table(table) == []
    codes = {(li[0], li[2]): li[1] for li in await service.table("dictionnaire")}
    assert ("plateforme", "pfs-idf") in codes
    await service.consommer()
    assert {(li[0], li[2]): li[1] for li in await service.table("dictionnaire")} == codes
    (clos,) = await service.pool.fetch(f"SELECT * FROM {SCHEMA}.clos")
    assert clos["plateforme"] == codes["plateforme", "pfs-idf"]


async def test_les_lots_d_un_enregistrement_ecrivent_ce_qu_ecrit_un_seul_lot(service: Service) -> None:
    vus = []
    for lot in (1, 7, 1_000):
        await service.pool.execute(
            f"TRUNCATE {', '.join(f'{SCHEMA}.{t}' for t in ('dossiers', 'positions', *TABLE.values()))}"
        )
        service.journal.records = {p: [] for p in range(PARTITIONS)}
        await service.envoyer(*histoire(60), lot=lot)
        vus.append((await service.lectures(), await service.table("dossiers", "subject, serie")))
    assert vus[0] == vus[1] == vus[2]
    assert sum(len(cellules) for cellules in vus[0][0].values()) > 100


async def test_rejouer_tout_le_journal_ne_change_rien(service: Service) -> None:
    await service.envoyer(*histoire(40))
    avant = await service.lectures(), await service.table("dossiers", "subject, serie")
    await service.pool.execute(f"UPDATE {SCHEMA}.positions SET next = 0")
    await service.consommer()
    assert (await service.lectures(), await service.table("dossiers", "subject, serie")) == avant


async def test_deux_lots_de_partitions_differentes_n_attendent_pas_l_un_l_autre(service: Service) -> None:
    trois = [evenement("fse", f"G{i}", {"recue": "2026-03-02 10:00"}, "2026-03-02 12:00") for i in range(20)]
    for un in trois:
        service.journal.ajouter(un)
    lots = {p: service.traitement.preparer(r) for p, r in service.journal.records.items()}
    async with acquerir(service.pool) as une, acquerir(service.pool) as autre:
        await une.execute("SET lock_timeout = '5s'")
        await autre.execute("SET lock_timeout = '5s'")
        async with une.transaction(), autre.transaction():
            await service.traitement.appliquer(une, lots[0], 0)
            await service.traitement.appliquer(autre, lots[1], 1)
    assert await service.pool.fetchval(f"SELECT sum(n) FROM {SCHEMA}.ouverts") == len(
        service.journal.records[0] + service.journal.records[1]
    )


async def test_ce_que_dit_une_correction_est_compte_sous_sa_cause_et_son_jour(service: Service) -> None:
    corrige = RECUE | {
        "revision": 1,
        "recordedtime": instant("2026-03-09 08:00"),
        "data": RECUE["data"] | {"caisse": "cgss-974"},
    }
    await service.envoyer(RECUE, corrige)
    lignes = await service.pool.fetch(f"SELECT caisse, enregistre, cause, n FROM {SCHEMA}.ouverts")
    assert {(li["caisse"], str(date_de(li["enregistre"])), CAUSES[li["cause"]], li["n"]) for li in lignes} == {
        (751, "2026-03-02", "normal", 1),
        (751, "2026-03-09", "correction", -1),
        (974, "2026-03-09", "correction", 1),
    }


async def test_la_lecture_des_dossiers_passe_par_leur_cle(service: Service) -> None:
    await service.envoyer(*histoire(300))
    await service.pool.execute(f"ANALYZE {SCHEMA}.dossiers")
    async with acquerir(service.pool) as conn:
        assert len(await Depot(SCHEMA).lire(conn, [("F1", 1), ("F1", 2), ("absent", 1)])) == 1
        with pytest.raises(asyncpg.UndefinedTableError):
            await Depot("ailleurs").lire(conn, [("F1", 1)])


async def test_un_lot_copie_ne_laisse_rien_a_ramasser(service: Service) -> None:
    """A class made for each copy, as asyncpg makes one for a file, would keep its bytes until a full collection."""

    def classes() -> int:
        return sum(isinstance(objet, type) for objet in gc.get_objects())

    await service.envoyer(*histoire(20))
    gc.collect()
    gc.disable()
    try:
        avant = classes()
        await service.envoyer(
            *[evenement("fse", f"R{i}", {"recue": "2026-03-02 10:00"}, "2026-03-02 12:00") for i in range(9)]
        )
        assert classes() == avant
    finally:
        gc.enable()
