"""What a letter of the comité is before it is printed: the meeting point with the room that prints it.

Closing a comité pins it with ``lettres.store.deposer``, in its own transaction; the PDF is made afterwards from what
was pinned, any number of times, and is the same each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Modele = Literal[
    "preconisation",
    "courrier_plan_actions",
    "courrier_entraide",
    "audit",
    "accompagnement_si",
    "delestage_ou_tram",
    "proces_verbal",
]
"""The templates; all but the last are named as the measure that calls for them."""

MODELES: tuple[Modele, ...] = get_args(Modele)

NOMS: Mapping[Modele, str] = {
    "preconisation": "Préconisation d'action corrective ponctuelle",
    "courrier_plan_actions": "Courrier d'alerte avec demande d'un plan d'actions",
    "courrier_entraide": "Courrier d'alerte avec proposition d'une entraide PHARE",
    "audit": "Proposition d'un audit de processus",
    "accompagnement_si": "Accompagnement à l'intégration du processus dans Diadème",
    "delestage_ou_tram": "Examen d'un délestage pérenne ou d'un transfert TRAM",
    "proces_verbal": "Procès-verbal du comité d'alerte",
}


@dataclass(frozen=True, slots=True)
class Lettre:
    """One letter. ``cle`` names it for ever (``2026-10/0/cpam-31/courrier_entraide``) and is printed on it.

    ``destinataire``: slug of the caisse, or ``comite`` for the minutes. ``donnees``: plain JSON values, those that
    ``lettres.contenu`` reads: a ``Courrier``, or a ``ProcesVerbal``.
    """

    cle: str
    modele: Modele
    destinataire: str
    donnees: Mapping[str, Any]
