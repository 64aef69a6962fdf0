"""Plans as the API shows them: plain JSON values."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from services.entraide.plans.contenu import Contenu


def resumer(ligne: Row[Any]) -> dict[str, Any]:
    """One line of the list."""
    contenu: Contenu = ligne.contenu
    return {
        "id": ligne.id, "genre": ligne.genre, "mois": ligne.mois, "fait_le": ligne.fait_le, "par": ligne.par,
        "empreinte": ligne.empreinte, "methode": contenu["methode"], "ecart": contenu["ecart"],
        "besoins": len(contenu["besoins"]), "missions": len(contenu["missions"]),
        "etp_semaines": sum(m["etp_semaines"] for m in contenu["missions"]),
    }  # fmt: skip


def presenter(ligne: Row[Any], propositions: Sequence[int]) -> dict[str, Any]:
    """The whole plan, without its data."""
    return resumer(ligne) | {"propositions": list(propositions), "plan": ligne.contenu}
