"""Every route of the three services × every role, for one's own caisse and a foreign one, as the tables say."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from services.alerts.app import ACCES, ROUTEURS
from services.claims.domain import DEFINITION as CLAIMS
from services.contacts.domain import DEFINITION as CONTACTS
from shared.dossiers.api import acces, routes
from shared.dossiers.assemblage import Definition
from shared.service.acces import ROLES, ROLES_D_UNE_CAISSE, Acces, Ligne, routes_de
from shared.service.application import Application
from shared.service.identite import Principal
from tests.integration.alerts.conftest import Reseau
from tests.integration.alerts.test_api import mesure
from tests.integration.api.conftest import ouvrir_pile

PARIS, AILLEURS = "cpam-75", "cpam-31"
PRINCIPAUX = (
    "", *(r for r in ROLES if r not in ROLES_D_UNE_CAISSE),
    *(f"{role}:{caisse}" for role in ROLES_D_UNE_CAISSE for caisse in (PARIS, AILLEURS)),
)  # fmt: skip


NUL: Mapping[str, Any] = MappingProxyType({})


class Porteur:
    """The roles are those the request carries."""

    async def identifier(self, entetes: Any) -> Principal:
        return Principal("essai", "Essai", frozenset(entetes.get("roles", "").split()))


def permis(ligne: Ligne, role: str) -> bool:
    """What the row says of a call about Paris."""
    famille, _, caisse = role.partition(":")
    if famille not in ligne.roles:
        return False
    return famille not in ROLES_D_UNE_CAISSE or ligne.caisse is None or caisse == PARIS


def appels(table: Acces, valeurs: dict[str, str]) -> Iterator[tuple[str, Ligne, str, str]]:
    for route, ligne in table.items():
        methode, chemin = route.split(" ")
        yield route, ligne, methode, re.sub(r"\{(\w+)\}", lambda m, c=chemin: valeurs[_cle(c, m[1])], chemin)


def _cle(chemin: str, parametre: str) -> str:
    """A parameter by its name, or by its resource and its name."""
    return f"{chemin.split('/')[2]}.{parametre}" if parametre in ("numero", "identifiant") else parametre


async def tout_essayer(
    client: httpx.AsyncClient, table: Acces, valeurs: dict[str, str], corps_propres: Mapping[str, Any] = NUL
) -> list[str]:
    """The calls that went otherwise than the table says. ``corps_propres``: routes that name the caisse otherwise."""
    faux = []
    for route, ligne, methode, chemin in appels(table, valeurs):
        for role in PRINCIPAUX:
            corps = None if methode in ("GET", "DELETE") else corps_propres.get(route, {"caisse": PARIS})
            entetes = {"roles": role, "idempotency-key": f"{route}-{role}"[:100].replace(" ", "-").replace("é", "e")}
            reponse = await client.request(methode, chemin, params={"caisse": PARIS}, json=corps, headers=entetes)
            passe = reponse.status_code != 403
            if passe != permis(ligne, role) or (reponse.status_code >= 500 and reponse.status_code != 503):
                faux.append(f"{route} par « {role} » : {reponse.status_code} {reponse.text[:200]}")
    return faux


async def semer(reseau: Reseau) -> dict[str, str]:
    """One thing of each kind, all of Paris; what each path parameter is then."""
    paris = {"caisse": PARIS, "indicateur": "taux_decroche", "du": "2026-02-01", "au": "2026-02-28", "motif": "Essai"}
    await reseau.poster("/v1/declarations", {"caisse": PARIS, "genre": "pca", "motif": "Grève"})
    await reseau.evaluer()
    (alerte,) = await reseau.alertes()
    silence = await reseau.poster("/v1/silences", {"caisse": PARIS, "fin": "2027-01-01T00:00:00Z", "motif": "Essai"})
    contestation = await reseau.poster("/v1/contestations", paris)
    evocation = await reseau.poster("/v1/evocations", paris | {"objectif": "80"})
    chemin = f"/v1/evocations/{evocation['id']}"
    vu = (await reseau.client.get(chemin)).headers["etag"]
    await reseau.poster(f"{chemin}/reponse", {"issue": "accordee", "texte": "Oui"}, if_match=vu)
    (cible,) = (await reseau.lire("/v1/cibles-adaptees"))["cibles"]
    (declaration,) = (await reseau.lire("/v1/declarations"))["declarations"]
    notification = (await reseau.lire("/v1/notifications", caisse=PARIS))["notifications"][0]
    suivi = await reseau.poster("/v1/suivis", {"caisse": PARIS, "genre": "audit", "process": "appel", "motif": "Essai"})
    await reseau.poster("/v1/mesures", mesure(caisse=PARIS))
    (declaree,) = (await reseau.lire("/v1/mesures"))["mesures"]
    await reseau.service.pool.execute(
        "INSERT INTO alerts.documents (reference, modele, gabarit, empreinte_gabarit, destinataire, donnees, cree_le) "
        "VALUES ('2026-01/0/cpam-75/courrier_plan_actions', 'courrier_plan_actions', 1, 'x', $1, '{}', now())", PARIS,
    )  # fmt: skip
    plan = await reseau.service.pool.fetchval(
        "INSERT INTO alerts.plans (caisse, lettre, etat, auteur, depose_le, depose_par) "
        "VALUES ($1, '2026-01/0/cpam-75/courrier_plan_actions', 'ouvert', 'essai', now(), 'essai') RETURNING id",
        PARIS,
    )
    numeros = {
        "alertes": alerte["id"], "silences": silence["id"], "contestations": contestation["id"],
        "evocations": evocation["id"], "cibles-adaptees": cible["id"], "declarations": declaration["id"],
        "suivis": suivi["id"], "mesures": declaree["id"], "plans": plan, "neutralisations": 1,
    }  # fmt: skip
    return {f"{nom}.numero": str(numero) for nom, numero in numeros.items()} | {
        "notifications.identifiant": notification["id"], "mois": "2026-01", "caisse": PARIS, "slug": PARIS,
        "reference": f"2026-01/0/{PARIS}/audit", "rang": "1", "acte": "0", "mesure": "audit", "periode": "2026",
    }  # fmt: skip


def ouvrir_aux_roles(app: Application) -> None:
    app.state.identite = Porteur()


async def test_chaque_route_d_alertes_laisse_passer_chaque_role_comme_sa_table_le_dit(alertes: Reseau) -> None:
    valeurs = await semer(alertes)
    ouvrir_aux_roles(alertes.app)
    assert await tout_essayer(alertes.client, ACCES, valeurs) == []


@pytest.mark.parametrize("definition", [CONTACTS, CLAIMS], ids=lambda d: d.nom)
async def test_chaque_route_d_un_service_de_dossiers_aussi(postgres_url: str, definition: Definition) -> None:
    sans_dossier = {route: ligne for route, ligne in acces(definition).items() if "/v1/dossiers/" not in route}
    valeurs = {"code": "taux_decroche", "rejets.identifiant": "1"}
    async with ouvrir_pile(definition, postgres_url) as pile:
        ouvrir_aux_roles(pile.app)
        assert await tout_essayer(pile.client, sans_dossier, valeurs) == []


def test_les_tables_disent_ce_que_le_reseau_attend() -> None:
    """Written by hand, from what each role is for: the tables themselves are tried against it."""
    assert permis(ACCES["POST /v1/comites/{mois}/cloture"], "president")
    for role in PRINCIPAUX:
        if role != "president":
            assert not permis(ACCES["POST /v1/comites/{mois}/cloture"], role), "le président seul clôt"
        if role not in ("comite", "president"):
            assert not permis(ACCES["POST /v1/evocations/{numero}/reponse"], role), "nul n'accorde sa propre cible"
        for table in (ACCES, acces(CONTACTS), acces(CLAIMS)):
            lues = [route for route, ligne in table.items() if permis(ligne, role) and route.startswith("GET")]
            if role in ("", "source"):
                assert lues == [], "une source écrit et ne lit rien"
            if role == "auditeur":
                assert len(lues) == sum(route.startswith("GET") for route in table), "un auditeur lit tout"
    assert permis(ACCES["POST /v1/contestations"], f"caisse:{PARIS}")
    assert not permis(ACCES["POST /v1/contestations"], f"caisse:{AILLEURS}")
    assert permis(acces(CONTACTS)["POST /v1/events"], "source")


def test_aucune_route_n_est_hors_des_tables() -> None:
    for routeurs, table in ((ROUTEURS, ACCES), *((routes(d), acces(d)) for d in (CONTACTS, CLAIMS))):
        assert {nom for nom, _ in routes_de(routeurs)} == table.keys()
