"""What a source may send under its key. Each event is judged for itself, once it is read."""

from collections.abc import Callable

from shared.dossiers.lieux import codes_par_slug
from shared.events.contrat import Evenement, Refus
from shared.service.identite import PorteeDeSource

HORS_PORTEE = "hors_portee"

Juge = Callable[[Evenement], None]
"""Raises Refus, with the field at fault, for an event that its sender may not send."""


def juge_de(portee: PorteeDeSource | None) -> Juge:
    """The judge of what this scope lets through; None lets everything through.

    A retraction names no caisse: only what the same source sent can be withdrawn. Neither need an event: without one it
    speaks of a dossier that another event of the same numbering gives to a caisse.
    """
    if portee is None:
        return _tout_passe
    codes = codes_par_slug()
    permises = None if portee.caisses is None else frozenset(codes[slug] for slug in portee.caisses if slug in codes)

    def juger(evenement: Evenement) -> None:
        if evenement.source != portee.source:
            raise Refus(HORS_PORTEE, f"Votre clé est celle de la source « {portee.source} ».", "source")
        if evenement.process not in portee.processus:
            permis = ", ".join(sorted(portee.processus))
            raise Refus(HORS_PORTEE, f"Votre clé ne vaut pas pour « {evenement.process} » : {permis}.", "type")
        if evenement.namespace != portee.source and evenement.namespace not in portee.numerotations:
            raise Refus(HORS_PORTEE, "Votre clé ne vaut pas pour les dossiers de cette numérotation.", "namespace")
        caisse = evenement.contenu.caisse
        if permises is not None and caisse and caisse not in permises:
            noms = ", ".join(sorted(portee.caisses or ()))
            raise Refus(HORS_PORTEE, f"Votre clé ne vaut que pour les dossiers de {noms}.", "data.caisse")

    return juger


def _tout_passe(evenement: Evenement) -> None:
    del evenement
