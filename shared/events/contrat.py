"""The event contract: CloudEvents 1.0 envelope, what a read event becomes, and why one is refused.

Types are ``vigie.<process>.<jalon>.v1`` (one milestone at ``time``), ``vigie.<process>.dossier.v1`` (several,
in ``data.jalons``) and ``vigie.<process>.retrait.v1`` (``data.cible`` names the event withdrawn).
Extension attributes: ``revision`` (a higher one replaces the same source and id), ``namespace`` (whose numbering
the subject belongs to; by default the source) and ``recordedtime`` (stamped once, when Vigie accepts the event).
"""

from datetime import datetime
from typing import Any

import msgspec

REVISION_MAX = 2**31 - 1
"""Highest revision; a retraction that names none takes it, so that nothing comes after."""

NOMBRE_MAX = 10_000_000
"""Most alike items one event may stand for."""

TEXTE_MAX = 200
"""Longest id, source, namespace or subject, in characters."""

TYPE_DOSSIER = "dossier"
TYPE_RETRAIT = "retrait"

MEDIA_UN = "application/cloudevents+json"
MEDIA_LOT = "application/cloudevents-batch+json"
MEDIA_NDJSON = "application/x-ndjson"

RAISONS = {
    "json_invalide": "La ligne n'est pas du JSON lisible.",
    "enveloppe_invalide": "L'enveloppe CloudEvents est incomplète ou mal typée.",
    "type_inconnu": "Le type ne désigne aucun processus ou jalon du catalogue.",
    "caisse_inconnue": "La caisse, ou la productrice, n'est pas du réseau.",
    "date_invalide": "Une date est illisible ou n'a pas de décalage horaire.",
    "date_absurde": "Une date est hors des bornes du possible.",
    "valeur_invalide": "Un champ n'a pas la forme attendue.",
    "donnees_personnelles": "Une donnée ressemble à un NIR, une adresse électronique ou un numéro de téléphone.",
    "trop_long": "La ligne dépasse la taille permise.",
    "mauvaise_partition": "L'enregistrement n'est pas dans la partition de sa clé.",
    "hors_horizon": "Le dossier est plus ancien que l'horizon de conservation.",
    "erreur_interne": "Vigie n'a pas su traiter cet événement.",
}
"""Reason codes of refusals and what each means; the message of a refusal says where and what to do."""


class Refus(Exception):
    """An event that is not taken: reason code (a key of RAISONS), French sentence, path of the field."""

    def __init__(self, raison: str, message: str, champ: str | None = None) -> None:
        super().__init__(message)
        self.raison = raison
        self.message = message
        self.champ = champ
        self.source: str | None = None
        self.id: str | None = None


class Enveloppe(msgspec.Struct):
    """A structured-mode CloudEvent as it arrives; ``data`` is checked by ``lecture.lire`` against its process."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    data: dict[str, Any]
    time: datetime | None = None
    recordedtime: datetime | None = None
    revision: int = 0
    namespace: str = ""


class Contenu(msgspec.Struct, array_like=True, gc=False):
    """What one event says of its dossier: the unit of the merge, kept with the dossier for as long as it lives.

    Times are Unix seconds. ``source`` is the code of the source in the database's dictionary. A retraction is a
    content whose fields from ``temps`` on are empty.
    """

    source: int
    id: str
    revision: int
    temps: int = 0
    jalons: dict[str, int | list[int]] = {}
    caisse: int = 0
    """Code of the responsible caisse; 0: not said by this event."""
    productrice: int = 0
    """Code of the caisse that did the work when it is another; 0: not said."""
    plateforme: str = ""
    nombre: int = 0
    """How many alike items this dossier stands for; 0: not said (one)."""
    attributs: dict[str, str] = {}
    assure: str = ""


class Evenement(msgspec.Struct, gc=False):
    """An accepted event: which dossier, what it says, when and why it counts."""

    process: str
    source: str
    namespace: str
    subject: str
    contenu: Contenu
    enregistre: int
    """Unix seconds of ``recordedtime``; 0 when not stamped yet."""
    cause: int
    """Index into CAUSES."""


CAUSES = ("normal", "tardif", "correction", "retrait", "definition")
"""Why a cell moved. The first four are those of the event; ``definition`` is a reconstruction under new rules."""

TARD = 86_400
"""Seconds after which an event is *tardif*: recorded more than a day after the latest milestone it brings."""


def cle(process: str, namespace: str, subject: str) -> bytes:
    """The log key of a dossier; its partition is crc32 of it modulo the number of partitions."""
    return f"{process}|{namespace}|{subject}".encode()
