"""Retention of the chains of persons: those nobody has added to for long are forgotten, their figures are sealed."""

from shared.catalogue.derives import REITERATION
from shared.dossiers.derives.fiches import CLOS, OUVERT
from shared.dossiers.jours import minuit_paris
from shared.dossiers.retention import Garde
from shared.dossiers.traitement import hors_horizon
from shared.events.contrat import Contenu


def encore_ouvert(contenu: Contenu) -> bool:
    """Whether it is a file that has not been closed."""
    return OUVERT in contenu.jalons and CLOS not in contenu.jalons


def des_chaines(avant: int) -> Garde:
    """The chains of which nothing was recorded, nor happened, since the day ``avant``, and nothing is open: a chain
    itself is never closed.

    Keep more days than the longest gap, or a contact would find no former one.
    """
    limite = minuit_paris(avant)

    def oubliable(contenu: Contenu) -> bool:
        return hors_horizon(contenu, limite) and not encore_ouvert(contenu)

    return Garde(REITERATION, avant, "enregistre", oubliable)
