"""Which calls leave a trace: the tables of the four services, against every route they have."""

from collections.abc import Iterable, Sequence

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant

from services.alerts import app as alerts
from services.alerts.notifications.api import routes_publiques
from services.alerts.tracees import TRACEES as D_ALERTS
from services.claims.domain import DEFINITION as CLAIMS
from services.contacts.domain import DEFINITION as CONTACTS
from services.entraide import app as entraide
from services.entraide.tracees import TRACEES as D_ENTRAIDE
from shared.dossiers.api import routes
from shared.dossiers.tracees import TRACEES as DE_DOSSIERS
from shared.service.acces import routes_de
from shared.service.audit.tracees import Genre, RouteSansTrace, Tracees, etablir
from shared.service.idempotence import cle_idempotence

SERVICES: dict[str, tuple[Tracees, Sequence[APIRouter]]] = {
    "contacts": (DE_DOSSIERS, routes(CONTACTS)),
    "claims": (DE_DOSSIERS, routes(CLAIMS)),
    "alerts": (D_ALERTS, [*alerts.ROUTEURS, routes_publiques()]),
    "entraide": (D_ENTRAIDE, entraide.ROUTEURS),
}

DANS_SA_PROPRE_TRANSACTION = {"POST /accuse/{jeton}"}
"""Inscribed by the route itself, which takes no Idempotency-Key."""


def changeantes(routers: Iterable[APIRouter]) -> set[str]:
    return {nom for nom, _ in routes_de(routers) if not nom.startswith("GET ")}


@pytest.mark.parametrize("service", SERVICES)
def test_toute_route_qui_change_quelque_chose_laisse_une_trace_ou_dit_pourquoi_non(service: str) -> None:
    tracees, routers = SERVICES[service]
    regles = etablir(tracees, routers)
    changent = {nom for nom, regle in regles.items() if regle.genre is not Genre.LECTURE}
    assert changent | tracees.muettes.keys() == changeantes(routers)
    assert not changent & tracees.muettes.keys()
    assert all(tracees.muettes.values()) and all(tracees.autour.values())


def test_seules_l_ingestion_et_la_simulation_ne_laissent_pas_de_trace() -> None:
    assert {nom for tracees, _ in SERVICES.values() for nom in tracees.muettes} == {
        "POST /v1/events",
        "POST /v1/allocations/simulation",
    }


def test_ce_qui_montre_un_dossier_ou_ce_qui_est_derriere_un_chiffre_laisse_une_trace() -> None:
    for service in ("contacts", "claims"):
        tracees, routers = SERVICES[service]
        lues = {nom for nom, regle in etablir(tracees, routers).items() if regle.genre is Genre.LECTURE}
        attendues = {nom for nom, _ in routes_de(routers) if nom.startswith("GET /v1/dossiers")}
        attendues |= {nom for nom, _ in routes_de(routers) if nom.endswith("/explication")}
        assert attendues <= lues and len(attendues) == 2


def test_un_changement_trace_dans_sa_transaction_porte_une_cle_d_idempotence() -> None:
    """Which is what makes it go through the transaction that inscribes it; the others are announced before."""

    def demande_une_cle(dependant: Dependant) -> bool:
        return any(d.call is cle_idempotence or demande_une_cle(d) for d in dependant.dependencies)

    for tracees, routers in SERVICES.values():
        regles = etablir(tracees, routers)
        sans_cle = {
            nom
            for nom, route in routes_de(routers)
            if nom in regles and regles[nom].genre is Genre.CHANGEMENT and not demande_une_cle(route.dependant)
        }
        assert sans_cle <= DANS_SA_PROPRE_TRANSACTION


def test_une_ligne_de_la_table_sans_route_arrete_le_demarrage() -> None:
    with pytest.raises(RouteSansTrace, match="/v1/nulle-part"):
        etablir(Tracees(autour={"POST /v1/nulle-part": "essai"}), SERVICES["entraide"][1])
