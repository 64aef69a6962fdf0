"""Every route of the entraide × every role, for one's own caisse and a foreign one, as the tables say."""

from services.entraide.app import ACCES, ROUTEURS
from services.entraide.domain.poles import Offre
from services.entraide.poles import store as depot
from shared.database.transactions import transaction
from shared.service.acces import routes_de
from tests.integration.alerts.test_acces import PARIS, PRINCIPAUX, ouvrir_aux_roles, permis, tout_essayer
from tests.integration.entraide.atelier_propositions import ouvrir_entraide

CORPS = {"POST /v1/offres": {"pole": "p75"}}


async def test_chaque_route_laisse_passer_chaque_role_comme_sa_table_le_dit(postgres_url: str) -> None:
    async with ouvrir_entraide(postgres_url, "2026-03-02T09:00:00Z") as entraide:
        pool, maintenant = entraide.service.pool, entraide.clock.now()
        proposition = await entraide.proposer()
        entetes = {"idempotency-key": "semer"}
        pole = {"cle": "p75", "caisse": PARIS, "process": ["ij"], "etp": 2}
        reponse = await entraide.client.post("/v1/poles", json=pole, headers=entetes)
        assert reponse.status_code == 201, reponse.text
        demande = {
            "caisse": PARIS,
            "process": "ij",
            "motif": "accumulation",
            "debut": "2026-03-16",
            "fin": "2026-05-10",
        }
        reponse = await entraide.client.post("/v1/besoins", json=demande, headers={"idempotency-key": "demander"})
        assert reponse.status_code == 201, reponse.text
        async with transaction(entraide.service.moteur) as conn:
            offre = await depot.offrir(
                conn,
                Offre("p75", "ij", 1.0, 20_600, 20_630),
                maintenant.date(),
                maintenant.date(),
                None,
                maintenant,
                "x",
            )
        valeurs = {
            "pole": "p75", "poles.numero": "p75", "offres.numero": str(offre.id), "annee": "2026",
            "besoins.numero": str(await pool.fetchval("SELECT max(id) FROM entraide.besoins")),
            "propositions.numero": str(proposition), "missions.numero": str(proposition), "allocations.numero": "1",
        }  # fmt: skip
        ouvrir_aux_roles(entraide.app)
        assert await tout_essayer(entraide.client, ACCES, valeurs, CORPS) == []


def test_les_tables_disent_ce_que_le_reseau_attend() -> None:
    """Written by hand, from what each role is for."""
    for role in PRINCIPAUX:
        lues = [route for route, ligne in ACCES.items() if permis(ligne, role) and route.startswith("GET")]
        if role in ("", "source"):
            assert lues == [], "une source écrit et ne lit rien"
        else:
            assert len(lues) == sum(route.startswith("GET") for route in ACCES), "une entraide se lit à plusieurs"
        ecrites = [route for route, ligne in ACCES.items() if permis(ligne, role) and not route.startswith("GET")]
        if role == "auditeur":
            assert ecrites == [], "un auditeur ne change rien"
    assert permis(ACCES["POST /v1/poles"], f"coordinateur:{PARIS}")
    assert not permis(ACCES["POST /v1/poles"], "coordinateur:cpam-31")


def test_aucune_route_n_est_hors_des_tables() -> None:
    assert {nom for nom, _ in routes_de(ROUTEURS)} == ACCES.keys()
