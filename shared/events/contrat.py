"""The event contract: CloudEvents 1.0 envelope, what a read event becomes, and why one is refused.

Types are ``vigie.<process>.<jalon>.v1`` (one milestone at ``time``), ``vigie.<process>.dossier.v1`` (several,
in ``data.jalons``) and ``vigie.<process>.retrait.v1`` (``data.cible`` names the event withdrawn).
Extension attributes: ``revision`` (a higher one replaces the same source and id), ``namespace`` (whose numbering
the subject belongs to; by default the source) and ``recordedtime`` (stamped once, when Vigie accepts the event).
"""

from typing import Any, Literal

import msgspec

REVISION_MAX = 2**31 - 1
"""Highest revision; a retraction that names none takes it, so that nothing comes after."""

NOMBRE_MAX = 10_000_000
"""Most alike items one event may stand for."""

TEXTE_MAX = 200
"""Longest id, source, namespace or subject, in characters."""

LIGNE_MAX = 1_000_000
"""Longest event as the log holds it, in bytes of JSON: what a record of the log may be."""

LIGNE_RECUE_MAX = 995_000
"""Longest event as it is sent: ``recordedtime`` (under 100 bytes) and the key (under 2,000) come on top."""

PLATEFORME_MAX = 40
"""Longest name of a platform, in characters."""

PSEUDONYME = r"k[0-9a-z]{1,8}\.(?=(?:[0-9_-]*[A-Za-z]){2})[A-Za-z0-9_-]{20,64}"
"""Key id and HMAC in base64url. Two letters at least: a digest has them, a padded identifier does not."""

ASSURES_MAX = 2
"""Most pseudonyms of one person in an event: under the present key, and under the one before while they rotate."""

INSTANT = (
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
"""A date: RFC 3339, with its offset; a fraction of a second is dropped."""

TOPIC_INDICATEURS = "vigie.indicateurs.v1"
"""Where a dossier service says which indicators moved."""

TYPE_CHANGE = "vigie.indicateur.change.v1"

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
    "hors_portee": "La clé de la source ne vaut pas pour cet événement.",
    "trop_long": "La ligne dépasse la taille permise.",
    "mauvaise_partition": "L'enregistrement n'est pas dans la partition de sa clé.",
    "hors_horizon": "Le dossier est plus ancien que l'horizon de conservation.",
    "cle_effacee": "Le pseudonyme est d'une clé détruite, dont Vigie a effacé les pseudonymes.",
    "erreur_interne": "Vigie n'a pas su traiter cet événement.",
}
"""Reason codes of refusals and what each means; the message of a refusal says where and what to do."""


_MESSAGE_MAX = 500
"""Longest message of a refusal, in characters."""


def _imprimable(texte: str) -> str:
    return texte if texte.isprintable() else "".join(c if c.isprintable() else "?" for c in texte)


class Refus(Exception):
    """An event that is not taken: reason code (a key of RAISONS), French sentence, path of the field.

    Message and path are printable and short whatever the event held; neither ever quotes personal data.
    """

    def __init__(self, raison: str, message: str, champ: str | None = None) -> None:
        self.raison = raison
        self.message = _imprimable(message)[:_MESSAGE_MAX]
        self.champ = None if champ is None else _imprimable(champ)[:TEXTE_MAX]
        super().__init__(self.message)
        self.source: str | None = None
        self.id: str | None = None


class Enveloppe(msgspec.Struct, forbid_unknown_fields=True):
    """A structured-mode CloudEvent as it arrives; ``data`` is checked by ``lecture`` against its process.

    Null means not given, as CloudEvents has it. Other attributes are let through: ``lecture`` sets them aside.
    """

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    data: dict[str, Any]
    time: str | None = None
    recordedtime: str | None = None
    revision: int | None = None
    namespace: str | None = None
    datacontenttype: str | None = None


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
    """Pseudonym of the person; two of different keys, the present one first, with a blank between."""


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


def topic(service: str) -> str:
    """The log topic of the events a dossier service consumes."""
    return f"vigie.{service}.v1"


def cle(process: str, namespace: str, subject: str) -> bytes:
    """The log key of a dossier; its partition is crc32 of it modulo the number of partitions."""
    return debut_de_cle(process, namespace) + subject.encode()


def debut_de_cle(process: str, namespace: str) -> bytes:
    """What the keys of a series have in common."""
    return f"{process}|{namespace}|".encode()
