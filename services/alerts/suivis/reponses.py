"""What the routes of everything that is followed share."""

from services.alerts.api.commun import champ_invalide
from services.alerts.suivis.passages import MotifManquant, PassageImpossible, Passages, passer
from shared.service.erreurs import Conflit


def franchir(passages: Passages, de: str, vers: str, motif: str | None) -> None:
    """Check one step for who asks it: 409 when the state does not lead there, 422 when it must say why."""
    try:
        passer(passages, de, vers, motif)
    except PassageImpossible as exc:
        raise Conflit(str(exc), etat=de) from None
    except MotifManquant as exc:
        raise champ_invalide("motif", str(exc)) from None
