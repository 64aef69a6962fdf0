"""What is said to a caisse of a proposition of entraide: an event of ``vigie.entraide.v1`` as messages. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from services.alerts.lettres.typographie import grandeur, jour, nombre
from shared.catalogue.processus import tous_les_processus
from shared.network.reseau import charger

TYPE_PROPOSITION = "vigie.entraide.proposition.v1"
TYPE_RAPPEL = "vigie.entraide.rappel.v1"

COORDINATION = "coordination-phare"
_NATIONALE = "la coordination nationale PHARE"


class Termes(msgspec.Struct, frozen=True):
    """ETP by week, volume in the unit of the process."""

    debut: date
    fin: date
    etp: tuple[float, ...]
    volume: float


class Proposition(msgspec.Struct, frozen=True):
    """The present of a proposition. ``unite``: a noun in the singular; ``engagements`` and ``attendues``: slugs."""

    proposition: int
    revision: int
    etat: str
    aidante: str
    aidee: str
    process: str
    unite: str
    debut: date
    fin: date
    etp: tuple[float, ...]
    volume: float
    echeance: date
    engagements: tuple[str, ...] = ()
    attendues: tuple[str, ...] = ()


class Changement(Proposition, frozen=True):
    """One revision. ``auteur``: a caisse, the national coordination or ``vigie``; ``au_nom_de``: whom the national
    coordination acted for."""

    commande: str = ""
    auteur: str = ""
    au_nom_de: str | None = None
    motif: str | None = None
    termes_demandes: Termes | None = None


class Rappel(Proposition, frozen=True):
    """An answer, an order or the answer to an extension is awaited from ``caisse``, by ``terme``; or a team may be
    released, as seen on that day."""

    caisse: str = ""
    quoi: Literal["reponse", "ordre", "prolongation", "liberation"] = "reponse"
    terme: date = date.min


@dataclass(frozen=True, slots=True)
class Message:
    """What one caisse reads."""

    caisse: str
    objet: str
    texte: str


def messages(evenement: Changement | Rappel, url: str) -> Sequence[Message]:
    """The messages of an event. ``url``: where the entraide service is reached.

    Both caisses are told of every change, but for who only acknowledges; a reminder goes to who is awaited.
    """
    e = evenement
    if isinstance(e, Rappel):
        titre, phrase, destinataires = "rappel", _RAPPELS[e.quoi].format(jour(e.terme)), [e.caisse]
    else:
        dire = _CHANGEMENTS.get(e.commande, _autre)
        titre, phrase = dire(e)
        destinataires = [e.aidante, e.aidee]
        if e.commande == "accuser_reception":
            destinataires.remove(e.au_nom_de or e.auteur)
    objet = f"Entraide n° {e.proposition}, {_process(e)} : {titre}"
    lignes = [
        phrase,
        f"{_debut(_nom(e.aidante))} aide {_nom(e.aidee)} : {_termes(e)}.",
        f"{url}/v1/propositions/{e.proposition}",
    ]
    return [Message(caisse, objet, "\n".join(lignes)) for caisse in destinataires]


def _nom(slug: str) -> str:
    """With its article, which is the same for all: they are *caisses*."""
    caisse = charger().par_slug.get(slug)
    return f"la {caisse.nom}" if caisse is not None else {COORDINATION: _NATIONALE, "vigie": "Vigie"}.get(slug, slug)


def _debut(texte: str) -> str:
    return texte[:1].upper() + texte[1:]


def _process(e: Proposition) -> str:
    connu = tous_les_processus().get(e.process)
    return e.process if connu is None else connu.libelle


def _qui(e: Changement) -> str:
    """Who acted, and for whom when the national coordination did."""
    qui = _nom(e.auteur)
    return _debut(qui if e.au_nom_de is None else f"{qui}, pour {_nom(e.au_nom_de)},")


def _termes(t: Proposition | Termes, unite: str = "") -> str:
    bas, haut = min(t.etp), max(t.etp)
    etp = nombre(haut, 2) if bas == haut else f"de {nombre(bas, 2)} à {nombre(haut, 2)}"
    unite = t.unite if isinstance(t, Proposition) else unite
    return f"du {jour(t.debut)} au {jour(t.fin)}, {etp} ETP par semaine, {grandeur(t.volume, f'{unite}s', 0)}"


def _attente(e: Proposition) -> str:
    if not e.attendues:
        return ""
    qui = " et de ".join(_nom(slug) for slug in e.attendues)
    return f" La réponse de {qui} est attendue au plus tard le {jour(e.echeance)}."


def _pourquoi(e: Changement) -> str:
    return f" Motif : {e.motif}" if e.motif else ""


_RESTE = " Ce qui reste du besoin est proposé à d'autres caisses."

Dire = Callable[[Changement], tuple[str, str]]
"""(title, sentence) of a change."""


def _proposee(e: Changement) -> tuple[str, str]:
    return "proposition", f"Une entraide est proposée à {_nom(e.aidante)} et à {_nom(e.aidee)}.{_attente(e)}"


def _recue(e: Changement) -> tuple[str, str]:
    return "accusé de réception", f"{_qui(e)} a bien reçu la proposition.{_attente(e)}"


def _acceptee(e: Changement) -> tuple[str, str]:
    if e.etat == "engagee":
        suite = f" Les deux caisses sont engagées : {_nom(e.aidante)} peut donner l'ordre de mission."
        return "les deux caisses sont engagées", f"{_qui(e)} accepte.{suite}"
    return "acceptation", f"{_qui(e)} accepte.{_attente(e)}"


def _amendee(e: Changement) -> tuple[str, str]:
    return "amendement", f"{_qui(e)} propose d'autres termes, ci-dessous.{_attente(e)}{_pourquoi(e)}"


def _expiree(e: Changement) -> tuple[str, str]:
    absentes = " et de ".join(_nom(slug) for slug in (e.aidante, e.aidee) if slug not in e.engagements)
    return "délai passé", f"Sans réponse de {absentes} au {jour(e.echeance)}, la proposition est close.{_RESTE}"


def _ordonnee(e: Changement) -> tuple[str, str]:
    return "ordre de mission", f"{_qui(e)} donne l'ordre de mission : elle commence le {jour(e.debut)}."


def _prolongation_demandee(e: Changement) -> tuple[str, str]:
    assert e.termes_demandes is not None
    voulus = _termes(e.termes_demandes, e.unite)
    return "prolongation demandée", f"{_qui(e)} demande à prolonger la mission : {voulus}.{_pourquoi(e)}"


def _constante(titre: str, phrase: str) -> Dire:
    def dire(e: Changement) -> tuple[str, str]:
        return titre, phrase.format(qui=_qui(e), fin=jour(e.fin)) + _pourquoi(e)

    return dire


def _autre(e: Changement) -> tuple[str, str]:
    return e.etat, f"{_qui(e)} : {e.commande.replace('_', ' ')}.{_pourquoi(e)}"


_RAPPELS: Mapping[str, str] = {
    "reponse": "Votre réponse est attendue au plus tard le {}.",
    "ordre": "Les deux caisses sont engagées, mais l'ordre de mission manque : elle doit commencer le {}.",
    "prolongation": "Une prolongation vous est demandée : répondez avant la fin de la mission, le {}.",
    "liberation": "Vue le {}, la projection tient votre objectif sans cette équipe : vous pouvez la libérer.",
}

_CHANGEMENTS: Mapping[str, Dire] = {
    "proposer": _proposee,
    "accuser_reception": _recue,
    "accepter": _acceptee,
    "amender": _amendee,
    "refuser": _constante("refus", "{qui} refuse." + _RESTE),
    "expirer": _expiree,
    "annuler": _constante("annulation", "{qui} annule cette entraide."),
    "ordonner": _ordonnee,
    "demarrer": _constante("début de la mission", "La mission commence."),
    "proposer_prolongation": _prolongation_demandee,
    "accepter_prolongation": _constante("prolongation acceptée", "La mission est prolongée jusqu'au {fin}."),
    "refuser_prolongation": _constante("prolongation refusée", "{qui} ne prolonge pas : la mission finit le {fin}."),
    "rappeler": _constante("rappel de l'équipe", "{qui} rappelle son équipe : la mission s'arrête." + _RESTE),
    "liberer": _constante("équipe libérée", "{qui} libère l'équipe : la mission est finie."),
    "terminer": _constante("fin de la mission", "La mission est arrivée à son terme."),
    "interrompre": _constante("interruption", "{qui} interrompt la mission." + _RESTE),
}
