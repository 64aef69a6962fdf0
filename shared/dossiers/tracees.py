"""The calls of a dossier service that its register keeps, beside all that changes something."""

from shared.service.audit.tracees import Tracees

TRACEES = Tracees(
    lectures={
        "GET /v1/dossiers/{process}/{id}": ("namespace",),
        "GET /v1/indicateurs/{code}/explication": (
            "caisse", "plateforme", "du", "au", "vue", "horloge", "a_date", "version", "limite",
        ),
        "GET /v1/rejets": ("etat", "raison"),
        "GET /v1/rejets/{identifiant}": (),
    },
    autour={"POST /v1/rejets/{identifiant}/rejeu": "l'événement entre au journal, qui peut être un Kafka"},
    muettes={"POST /v1/events": "le journal des événements est lui-même la trace : source, instant, contenu"},
)  # fmt: skip
