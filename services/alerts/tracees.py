"""The calls that the register of the service keeps, beside all that changes something."""

from shared.service.audit.tracees import Tracees

TRACEES = Tracees(
    lectures={"GET /v1/caisses/{slug}/contacts": ()},
    autour={
        "POST /v1/comites": "la préparation d'un mois est faite de plusieurs transactions",
        "POST /v1/mesures-decidees/{mois}/{acte}/{caisse}/{mesure}/effet": "la mesure se fait hors de sa transaction",
    },
)
