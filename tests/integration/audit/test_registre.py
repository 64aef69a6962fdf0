"""The register itself on a real PostgreSQL: what it refuses, what its verification finds, how it is shortened."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from shared.database.connexion import creer_pool
from shared.service.audit.elagage import GARDE_MIN, ElagageImpossible, elaguer, elaguer_les_anciennes, sceller
from shared.service.audit.ligne import Acte
from shared.service.audit.registre import Filtre, Tete, inscrire, tete, toutes
from shared.service.audit.tables import ddl
from shared.service.audit.verification import Ancres, Faute, Rapport, instantane, verifier

SCHEMA = "essai"
DEBUT = datetime(2026, 1, 5, 9, tzinfo=UTC)
JOUR = timedelta(days=1)


def acte(rang: int) -> Acte:
    objet = {"id": f"d-{rang}"}
    return Acte(DEBUT + rang * JOUR, f"agent-{rang % 3}", ("reseau",), "GET", "/v1/dossiers", "lu", 200, objet)


async def ecrire(conn: asyncpg.Connection, *rangs: int) -> Tete:
    for rang in rangs:
        async with conn.transaction():
            fin = await inscrire(conn, SCHEMA, acte(rang))
    return fin


@pytest.fixture
async def base(postgres_vide: str) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection to a database with an empty register."""
    conn = await asyncpg.connect(postgres_vide)
    await conn.execute(f"CREATE SCHEMA {SCHEMA}")
    for ordre in ddl(SCHEMA):
        await conn.execute(ordre)
    yield conn
    await conn.close()


async def verifie(url: str, ancres: Ancres | None = None) -> Rapport:
    async with instantane(url) as conn:
        return await verifier(conn, SCHEMA, ancres or {})


async def trafiquer(base: asyncpg.Connection, *ordres: str) -> None:
    """What someone with all rights on the database can do."""
    for ordre in (f"ALTER TABLE {SCHEMA}.audit DISABLE TRIGGER ALL", *ordres):
        await base.execute(ordre)


async def test_un_registre_intact_est_verifie_du_debut_a_la_fin(base: asyncpg.Connection, postgres_vide: str) -> None:
    assert await verifie(postgres_vide) == Rapport(SCHEMA)
    fin = await ecrire(base, *range(5))
    rapport = await verifie(postgres_vide, {5: fin.empreinte.hex(), 3: (await lue(base, 3)).hex()[:12]})
    assert (rapport.ok, rapport.lignes, rapport.tete) == (True, 5, fin)


async def lue(base: asyncpg.Connection, numero: int) -> bytes:
    empreinte: bytes = await base.fetchval(f"SELECT empreinte FROM {SCHEMA}.audit WHERE numero = $1", numero)
    return empreinte


async def test_une_ligne_ecrite_ne_se_change_ni_ne_s_efface(base: asyncpg.Connection) -> None:
    await ecrire(base, *range(3))
    for ordre in (
        "UPDATE essai.audit SET sujet = 'personne' WHERE numero = 2",
        "DELETE FROM essai.audit WHERE numero = 2",
        "TRUNCATE essai.audit",
        "SET session_replication_role = replica; DELETE FROM essai.audit",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await base.execute(ordre)
    assert await base.fetchval(f"SELECT count(*) FROM {SCHEMA}.audit") == 3


REECRITE = (
    "UPDATE essai.audit SET sujet = 'personne', empreinte = sha256('x') WHERE numero = 3",
    "UPDATE essai.audit SET precedente = sha256('x') WHERE numero = 4",
)
ECHANGEES = (
    "UPDATE essai.audit SET numero = CASE numero WHEN 3 THEN 104 ELSE 103 END WHERE numero IN (3, 4)",
    "UPDATE essai.audit SET numero = numero - 100 WHERE numero > 100",
)
TRAFICS = {
    ("UPDATE essai.audit SET sujet = 'personne' WHERE numero = 3",): Faute(3, "alteree"),
    ("UPDATE essai.audit SET objet = '{}' WHERE numero = 1",): Faute(1, "alteree"),
    ("DELETE FROM essai.audit WHERE numero = 3",): Faute(3, "manquante"),
    ("DELETE FROM essai.audit WHERE numero <= 2",): Faute(1, "manquante"),
    ECHANGEES: Faute(3, "deplacee"),
    ("UPDATE essai.audit SET precedente = sha256('x') WHERE numero = 4",): Faute(4, "deplacee"),
    REECRITE: Faute(3, "alteree"),
    ("DELETE FROM essai.audit WHERE numero > 4",): Faute(5, "coupee"),
    # Sealed by no row of the chain:
    ("UPDATE essai.audit_tete SET elague = 2", "DELETE FROM essai.audit WHERE numero <= 2"): Faute(1, "manquante"),
}


async def test_la_premiere_ligne_trafiquee_est_nommee(base: asyncpg.Connection) -> None:
    await ecrire(base, *range(6))
    for ordres, faute in TRAFICS.items():
        async with Essai(base):
            await trafiquer(base, *ordres)
            assert (await verifier(base, SCHEMA, {})).faute == faute, ordres


class Essai:
    """A transaction undone at its end."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._transaction = conn.transaction()

    async def __aenter__(self) -> None:
        await self._transaction.start()

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()


async def test_une_fin_coupee_avec_la_tete_se_voit_a_une_tete_notee_ailleurs(
    base: asyncpg.Connection, postgres_vide: str
) -> None:
    fin = await ecrire(base, *range(6))
    await trafiquer(
        base,
        "DELETE FROM essai.audit WHERE numero > 4",
        "UPDATE essai.audit_tete SET (numero, empreinte) = (SELECT numero, empreinte FROM essai.audit "
        "WHERE numero = 4)",
    )
    assert (await verifie(postgres_vide)).ok, "sans ancre, rien ne le montre"
    assert (await verifie(postgres_vide, {6: fin.empreinte.hex()})).faute == Faute(5, "coupee")


async def test_une_chaine_refaite_en_entier_se_voit_a_une_tete_notee_ailleurs(
    base: asyncpg.Connection, postgres_vide: str
) -> None:
    notee = await ecrire(base, *range(6))
    await trafiquer(
        base, "DELETE FROM essai.audit", f"UPDATE essai.audit_tete SET numero = 0, empreinte = '\\x{'00' * 32}'"
    )
    await ecrire(base, 0, 1, 2, 4, 3, 5)
    assert (await verifie(postgres_vide)).ok
    assert (await verifie(postgres_vide, {6: notee.empreinte.hex()[:12]})).faute == Faute(6, "ancre")


async def test_deux_repliques_qui_ecrivent_ensemble_font_une_seule_chaine(
    base: asyncpg.Connection, postgres_vide: str
) -> None:
    pools = [await creer_pool(postgres_vide, 4) for _ in range(2)]

    async def une(pool: asyncpg.Pool, rang: int) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await inscrire(conn, SCHEMA, acte(rang))

    await asyncio.gather(*(une(pools[rang % 2], rang) for rang in range(60)))
    for pool in pools:
        await pool.close()
    rapport = await verifie(postgres_vide)
    assert (rapport.ok, rapport.lignes, rapport.tete.numero) == (True, 60, 60)


async def test_une_transaction_defaite_ne_laisse_ni_ligne_ni_trou(base: asyncpg.Connection, postgres_vide: str) -> None:
    await ecrire(base, 0)
    with pytest.raises(ZeroDivisionError):
        async with base.transaction():
            await inscrire(base, SCHEMA, acte(1))
            raise ZeroDivisionError
    await ecrire(base, 2)
    rapport = await verifie(postgres_vide)
    assert (rapport.ok, rapport.lignes) == (True, 2)


async def test_un_registre_elague_se_verifie_toujours_et_dit_ce_qui_est_parti(
    base: asyncpg.Connection, postgres_vide: str
) -> None:
    await ecrire(base, *range(10))
    notees = {n: (await lue(base, n)).hex() for n in (2, 5, 8)}
    maintenant = DEBUT + GARDE_MIN + 20 * JOUR
    fait = await elaguer(base, SCHEMA, DEBUT + 5 * JOUR, maintenant, "commande:essai")
    assert (fait.jusqu_a, fait.retirees) == (5, 5)
    rapport = await verifie(postgres_vide, notees)
    assert (rapport.ok, rapport.lignes, rapport.elague, rapport.ancres_elaguees) == (True, 6, 5, [2])
    async with instantane(postgres_vide) as conn:
        restent = [ligne async for ligne in toutes(conn, SCHEMA, Filtre())]
    assert [ligne.numero for ligne in restent] == [6, 7, 8, 9, 10, 11]
    assert restent[-1].acte.sujet == "commande:essai" and restent[-1].acte.objet["jusqu_a"] == "5"

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await base.execute("DELETE FROM essai.audit WHERE numero = 6")
    await trafiquer(base, "DELETE FROM essai.audit WHERE numero = 6")
    assert (await verifie(postgres_vide)).faute == Faute(6, "manquante")


async def test_un_elagage_interrompu_se_verifie_et_se_reprend(base: asyncpg.Connection, postgres_vide: str) -> None:
    await ecrire(base, *range(10))
    maintenant = DEBUT + GARDE_MIN + 20 * JOUR
    async with base.transaction():
        await sceller(base, SCHEMA, DEBUT + 5 * JOUR, maintenant, "x")
    await base.execute("DELETE FROM essai.audit WHERE numero <= 2")
    rapport = await verifie(postgres_vide)
    assert (rapport.ok, rapport.lignes, rapport.elague) == (True, 9, 5)
    fait = await elaguer(base, SCHEMA, DEBUT + 5 * JOUR, maintenant, "x")
    assert (fait.jusqu_a, fait.retirees) == (5, 3)
    assert (await verifie(postgres_vide)).lignes == 6


async def test_l_entretien_scelle_une_fois_par_jour_ce_qui_a_passe_sa_duree(
    base: asyncpg.Connection, postgres_vide: str
) -> None:
    await ecrire(base, *range(10))
    # 10 h in Paris, 200 days after the fourth row: the day of that row is whole only once it is 200 days behind.
    midi = DEBUT + 3 * JOUR + timedelta(days=200)
    async with asyncpg.create_pool(postgres_vide, min_size=1, max_size=1) as pool:
        faits = [await elaguer_les_anciennes(pool, SCHEMA, 200, quand) for quand in (midi, midi, midi + JOUR)]
    assert faits == [3, 0, 1]
    rapport = await verifie(postgres_vide)
    assert (rapport.ok, rapport.elague, rapport.tete.numero) == (True, 4, 12)


async def test_le_registre_des_six_derniers_mois_ne_s_elague_pas(base: asyncpg.Connection) -> None:
    await ecrire(base, 0)
    with pytest.raises(ElagageImpossible, match="183 jours"):
        await elaguer(base, SCHEMA, DEBUT + JOUR, DEBUT + GARDE_MIN, "x")
    assert (await tete(base, SCHEMA)).numero == 1
