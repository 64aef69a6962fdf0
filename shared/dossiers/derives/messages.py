"""The records of the repartition topic: a fiche, re-keyed by pseudonym, as it is announced and as it is read.

CloudEvents of type ``vigie.personne.contact.v1``, ``.dossier.v1`` or ``.retrait.v1``; ``subject`` is the pseudonym,
``id`` the dossier's key. They go from Vigie to Vigie: instants are Unix seconds and caisses organism codes.
``recordedtime`` is that of the event that caused it, to the day: its Paris midnight, in Unix seconds.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from shared.catalogue.derives import REITERATION
from shared.dossiers.derives.fiches import CONTACT, Derive
from shared.dossiers.jours import minuit_paris
from shared.events import personnes
from shared.events.colonnes import Lus
from shared.events.contrat import CAUSES, Contenu, Evenement, Refus, cle

TOPIC_PERSONNES = personnes.TOPIC_PERSONNES
"""The repartition topic. Should what is derived of a dossier change, it is announced again on a new one."""

ESPACE = "vigie"
"""Namespace of the chains: pseudonyms are the network's."""

_CONTACT, _DOSSIER, _RETRAIT = (f"vigie.personne.{quoi}.v1" for quoi in ("contact", "dossier", "retrait"))


class _Donnees(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    cause: str
    jalons: dict[str, int] = {}
    caisse: int = 0
    productrice: int = 0
    plateforme: str = ""
    attributs: dict[str, str] = {}


class _Annonce(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    source: str
    type: str
    subject: str
    revision: int
    recordedtime: int
    data: _Donnees
    specversion: Literal["1.0"] = "1.0"


_decoder = msgspec.json.Decoder(_Annonce)
_minuit = lru_cache(64)(minuit_paris)


def annoncer(service: str, derive: Derive, jour: int, cause: int) -> tuple[bytes, bytes]:
    """Key and value of the record. ``jour``: Paris day recorded; ``cause``: index into CAUSES."""
    c = derive.contenu
    genre = _RETRAIT if not c.temps else _CONTACT if CONTACT in c.jalons else _DOSSIER
    jalons = {nom: instant for nom, instant in c.jalons.items() if isinstance(instant, int)}
    donnees = _Donnees(CAUSES[cause], jalons, c.caisse, c.productrice, c.plateforme, c.attributs)
    annonce = _Annonce(c.id, f"urn:vigie:service:{service}", genre, derive.assure, c.revision, _minuit(jour), donnees)
    return cle(REITERATION, ESPACE, derive.assure), msgspec.json.encode(annonce)


class LecteurPersonnes:
    """Reads the records of the repartition topic, as ``shared.events.lecture_en_lot`` those of the sources."""

    def lire_lot(self, lignes: Sequence[bytes], _: Sequence[int]) -> Lus:
        """Each record's event, or its refusal."""
        return Lus([], [(rang, self._lu(ligne)) for rang, ligne in enumerate(lignes)])

    def _lu(self, ligne: bytes) -> Evenement | Refus:
        try:
            return self.lire(ligne)
        except Refus as refus:
            return refus

    def lire(self, ligne: bytes) -> Evenement:
        """The event of one record. Raises Refus, which never quotes it."""
        try:
            a = _decoder.decode(ligne)
            cause = CAUSES.index(a.data.cause)
        except (msgspec.MsgspecError, ValueError):
            raise Refus("enveloppe_invalide", "Cet enregistrement n'est pas une annonce de Vigie.") from None
        if not a.subject or not a.subject.isprintable():
            raise Refus("enveloppe_invalide", "Cette annonce n'a pas de pseudonyme.", "subject")
        d = a.data
        if a.type == _RETRAIT:
            contenu = Contenu(0, a.id, a.revision)
        elif d.jalons:
            jalons: dict[str, int | list[int]] = {**d.jalons}
            temps = d.jalons.get(CONTACT) or min(d.jalons.values())
            contenu = Contenu(
                0, a.id, a.revision, temps, jalons, d.caisse, d.productrice, d.plateforme, attributs=d.attributs
            )
        else:
            raise Refus("date_invalide", "Cette annonce ne dit pas quand.", "data.jalons")
        return Evenement(REITERATION, a.source, ESPACE, a.subject, contenu, a.recordedtime, cause)
