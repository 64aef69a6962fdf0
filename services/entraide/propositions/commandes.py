"""The commands people give, by the path they are given at, and which are open to whom now. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.entraide.domain.cycle_de_vie import (
    TABLE,
    Acteur,
    Commande,
    Cote,
    Ordre,
    Proposition,
    Role,
    TransitionRefusee,
    appliquer,
)

CHEMINS: Mapping[str, Commande] = {
    "accuse-reception": "accuser_reception",
    "acceptation": "accepter",
    "amendement": "amender",
    "refus": "refuser",
    "annulation": "annuler",
    "ordre-de-mission": "ordonner",
    "demarrage": "demarrer",
    "prolongation": "proposer_prolongation",
    "prolongation/acceptation": "accepter_prolongation",
    "prolongation/refus": "refuser_prolongation",
    "rappel": "rappeler",
    "liberation": "liberer",
    "interruption": "interrompre",
}

_ESSAI = "essai"


@dataclass(frozen=True, slots=True)
class Ouverte:
    """A command that can be given now. ``par``: roles it is open to; ``motif``: whether it must say why."""

    chemin: str
    par: tuple[Role, ...]
    motif: bool


def ouvertes(proposition: Proposition, jours: Mapping[Cote, int]) -> tuple[Ouverte, ...]:
    """What can be done now, by whom. ``jours``: the day it is at each caisse.

    The national coordination is there when it can act for one of the caisses or for itself.
    """
    trouvees = []
    for chemin, commande in CHEMINS.items():
        par: list[Role] = [cote for cote in jours if _permise(proposition, commande, Acteur(_ESSAI, cote), jours[cote])]
        cotes: tuple[Cote | None, ...] = (None, *jours)
        if any(
            _permise(proposition, commande, Acteur(_ESSAI, "nationale", c), jours[c] if c else min(jours.values()))
            for c in cotes
        ):
            par.append("nationale")
        if par:
            trouvees.append(Ouverte(chemin, tuple(par), TABLE[commande].motif))
    return tuple(trouvees)


def _permise(proposition: Proposition, commande: Commande, acteur: Acteur, jour: int) -> bool:
    termes = proposition.termes
    if commande == "proposer_prolongation":
        termes = replace(termes, etp=(*termes.etp, termes.etp[-1]))
    ordre = Ordre(commande, acteur, jour, _ESSAI, termes, jour)
    try:
        appliquer(proposition, ordre)
    except TransitionRefusee:
        return False
    return True
