"""What the calls of a service leave in its register, through its whole API."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import httpx
import pytest

from services.claims.domain import DEFINITION as CLAIMS
from shared.service.audit.ligne import MASQUE
from shared.service.audit.verification import instantane, verifier
from shared.service.erreurs import NonIdentifie
from shared.service.identite import Principal
from tests.integration.alerts.conftest import Reseau, alertes
from tests.integration.api.conftest import Pile, journal_capture, ouvrir_pile
from tests.support.commande import Vigie

__all__ = ["alertes", "journal_capture"]

SILENCE = {"caisse": "cpam-75", "fin": "2026-03-09T09:00:00+01:00", "motif": "Travaux"}


class Porteur:
    """The caller and the roles are those the request says; without a name, nobody."""

    async def identifier(self, entetes: Mapping[str, str]) -> Principal:
        if not entetes.get("qui"):
            raise NonIdentifie("Identifiez-vous.")
        return Principal(entetes["qui"], "Nom de la personne", frozenset(entetes.get("roles", "").split()))


@pytest.fixture
async def prestations(postgres_vide: str) -> AsyncIterator[Pile]:
    async with ouvrir_pile(CLAIMS, postgres_vide) as pile:
        pile.app.state.identite = Porteur()
        yield pile


async def lignes(client: httpx.AsyncClient, **options: str) -> list[dict[str, Any]]:
    """The register as the auditor reads it, oldest first."""
    reponse = await client.get("/v1/audit", params=options, headers={"qui": "l-auditrice", "roles": "auditeur"})
    assert reponse.status_code == 200, reponse.text
    lues: list[dict[str, Any]] = reponse.json()["lignes"]
    return lues[::-1]


def dit(ligne: Mapping[str, Any], *champs: str) -> tuple[Any, ...]:
    return tuple(ligne[c] for c in champs)


async def test_lire_une_explication_ou_un_dossier_est_inscrit_avec_qui_l_a_lu(prestations: Pile) -> None:
    lectrice = {"qui": "lectrice-12", "roles": "caisse:cpam-75", "x-request-id": "requete-7"}
    client = prestations.client
    options = {"caisse": "cpam-75", "du": "2026-03-01", "au": "2026-03-02"}
    lue = await client.get("/v1/indicateurs/delai_fse_moyen/explication", params=options, headers=lectrice)
    assert lue.status_code == 200, lue.text
    ailleurs = await client.get(
        "/v1/indicateurs/delai_fse_moyen/explication", params={"caisse": "cpam-31"}, headers=lectrice
    )
    assert ailleurs.status_code == 403
    reseau = {"qui": "agent-3", "roles": "reseau"}
    assert (await client.get("/v1/dossiers/fse/2990199999999", headers=reseau)).status_code == 404
    assert (await client.get("/v1/dossiers/fse/D-1")).status_code == 401
    assert (await client.get("/v1/indicateurs", headers=reseau)).status_code == 200

    premiere, refusee, cherchee = await lignes(client)
    assert dit(premiere, "sujet", "roles", "issue", "statut", "requete", "caisse") == (
        "lectrice-12", ["caisse:cpam-75"], "lu", 200, "requete-7", "cpam-75",
    )  # fmt: skip
    assert premiere["objet"] == {"code": "delai_fse_moyen", **options}
    assert dit(refusee, "sujet", "issue", "statut", "caisse") == ("lectrice-12", "refuse", 403, "cpam-31")
    assert dit(cherchee, "sujet", "route", "objet") == (
        "agent-3", "/v1/dossiers/{process}/{id}", {"process": "fse", "id": MASQUE},
    )  # fmt: skip
    assert "Nom de la personne" not in str(await lignes(client))
    assert [ligne["route"] for ligne in await lignes(client, sujet="l-auditrice", du="1900-01-01")] == ["/v1/audit"] * 2
    assert await lignes(client, au="9999-12-31", caisse="cpam-31") == [refusee]
    auditrice = {"qui": "l-auditrice", "roles": "auditeur"}
    assert (await client.get("/v1/audit", params={"sujet": "\x00"}, headers=auditrice)).status_code == 422


async def test_une_lecture_qui_ne_peut_pas_etre_inscrite_n_est_pas_rendue(prestations: Pile) -> None:
    await prestations.service.pool.execute("ALTER TABLE claims.audit ADD CHECK (route <> '/v1/rejets') NOT VALID")
    reponse = await prestations.client.get("/v1/rejets", headers={"qui": "agent-3", "roles": "reseau"})
    assert reponse.status_code == 500
    assert "rejets" not in reponse.json()


async def test_l_envoi_d_evenements_n_est_pas_inscrit_un_rejeu_l_est_avant_et_apres(prestations: Pile) -> None:
    client = prestations.client
    media = {"content-type": "application/cloudevents+json"}
    envoi = await client.post("/v1/events", content=b"{}", headers={"qui": "source", "roles": "source", **media})
    assert envoi.status_code == 202
    (rejet,) = await prestations.service.pool.fetch("SELECT id FROM claims.rejets")
    rejeu = await client.post(f"/v1/rejets/{rejet['id']}/rejeu", headers={"qui": "agent-3", "roles": "reseau"})
    assert rejeu.status_code == 422
    inscrites = [dit(ligne, "methode", "sujet", "issue", "statut") for ligne in await lignes(client)]
    assert inscrites == [("POST", "agent-3", "commence", None), ("POST", "agent-3", "refuse", 422)]


async def test_un_changement_est_inscrit_dans_sa_transaction_refuse_ou_rejoue(
    alertes: Reseau, postgres_url: str
) -> None:
    alertes.app.state.identite = Porteur()
    client, pool = alertes.client, alertes.service.pool

    async def faire(cle: str, roles: str, **change: str) -> int:
        entetes = {"qui": "agent-3", "roles": roles, "idempotency-key": cle}
        return (await client.post("/v1/silences", json=SILENCE | change, headers=entetes)).status_code

    assert [await faire("a", "reseau"), await faire("a", "reseau"), await faire("b", "caisse:cpam-75")] == [
        201,
        201,
        403,
    ]
    assert await faire("c", "reseau", caisse="cpam-999") == 422
    inscrites = [dit(ligne, "issue", "statut", "caisse") for ligne in await lignes(client)]
    assert inscrites == [
        ("fait", 201, "cpam-75"), ("rejoue", 201, "cpam-75"), ("refuse", 403, "cpam-75"), ("refuse", 422, None),
    ]  # fmt: skip
    faite, *_ = await lignes(client)
    assert faite["objet"] == {"lieu": "/v1/silences/1"} and len(faite["corps"]) == 64

    await pool.execute("ALTER TABLE alerts.audit ADD CHECK (route <> '/v1/silences') NOT VALID")
    assert await faire("d", "reseau") == 500
    assert await pool.fetchval("SELECT count(*) FROM alerts.silences") == 1, "sans trace, pas de changement"
    async with instantane(postgres_url) as conn:
        assert (await verifier(conn, "alerts", {})).ok


async def test_la_commande_verifie_exporte_et_nomme_la_ligne_fautive(
    prestations: Pile, postgres_vide: str, tmp_path: Any
) -> None:
    for rang in range(3):
        await prestations.client.get(f"/v1/dossiers/fse/D-{rang}", headers={"qui": "agent-3", "roles": "reseau"})
    vigie = Vigie(tmp_path, VIGIE_DATABASE_URL=postgres_vide)
    exportees = vigie("audit", "exporter", "--service", "claims", "--format", "csv").splitlines()
    assert len(exportees) == 5 and exportees[0].startswith("service,numero,instant,sujet"), "son export compris"
    tete = vigie("audit", "tete").strip()
    assert tete.startswith("claims:4:")
    assert "claims : 4 lignes, chaîne entière." in vigie("audit", "verifier", "--tete", tete)
    base = await asyncpg.connect(postgres_vide)
    await base.execute(
        "ALTER TABLE claims.audit DISABLE TRIGGER ALL; UPDATE claims.audit SET sujet = 'x' WHERE numero = 2"
    )
    await base.close()
    dite = vigie("audit", "verifier", "--json", "--service", "claims", code=1)
    assert '"numero": 2' in dite and '"raison": "alteree"' in dite


async def test_avancer_l_horloge_d_une_demonstration_ne_s_inscrit_pas(prestations: Pile) -> None:
    reseau = {"qui": "agent-3", "roles": "reseau"}
    reponse = await prestations.client.put("/v1/horloge", json={"instant": "2026-09-01T00:00:00Z"}, headers=reseau)
    assert reponse.status_code == 200, reponse.text
    assert await lignes(prestations.client) == []
