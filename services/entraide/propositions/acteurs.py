"""Who acts on a proposition: a coordinator of one of its caisses, or the national coordination, visibly. Pure."""

from typing import Final, Literal

from services.entraide.domain.cycle_de_vie import Acteur, Cote, Proposition, Role
from shared.service.erreurs import AccesRefuse
from shared.service.identite import Principal
from shared.service.reponses import champ_invalide

COORDINATION: Final = "coordination-phare"
"""Role of the national PHARE coordination."""

COORDINATEUR = "coordinateur"
"""Role of the coordinator of a caisse, written ``coordinateur:<slug>``."""

Qualite = Literal["coordinateur", "coordination-phare"]
"""In what capacity somebody who holds both acts."""


def acteur(principal: Principal, proposition: Proposition, pour: str | None, qualite: Qualite | None) -> Acteur:
    """The principal as an actor. ``pour``: slug of the caisse it acts for.

    A coordinator needs no ``pour`` but for two caisses at once. The national coordination names the caisse it acts for
    in ``pour``, if any, and stays visible. Who holds every role is the coordinator of ``pour``, and the national
    coordination without it. Raises AccesRefuse (403), DonneesInvalides (422).
    """
    cote = None if pour is None else _cote(proposition, pour)
    siens = [] if qualite == COORDINATION else [c for c in _tenus(principal, proposition) if cote in (None, c)]
    national = qualite != COORDINATEUR and principal.a_un_role(COORDINATION)
    if len(siens) == 1:
        return Acteur(principal.identifiant, _ROLES[siens[0]])
    if national:
        return Acteur(principal.identifiant, "nationale", cote)
    if siens:
        raise champ_invalide("pour", "dites pour laquelle des deux caisses vous agissez.")
    attendus = [f"{COORDINATEUR}:{proposition.aidante}", f"{COORDINATEUR}:{proposition.aidee}", COORDINATION]
    raise AccesRefuse(f"Cet appel demande le rôle {' ou '.join(attendus)}.", roles=attendus)


def _cote(proposition: Proposition, pour: str) -> Cote:
    if pour not in (proposition.aidante, proposition.aidee):
        raise champ_invalide(
            "pour", f"cette proposition concerne {proposition.aidante} (aidante) et {proposition.aidee} (aidée)."
        )
    return "aidante" if pour == proposition.aidante else "aidee"


def _tenus(principal: Principal, proposition: Proposition) -> list[Cote]:
    slugs: dict[Cote, str] = {"aidante": proposition.aidante, "aidee": proposition.aidee}
    return [cote for cote, slug in slugs.items() if principal.a_un_role(f"{COORDINATEUR}:{slug}")]


_ROLES: dict[Cote, Role] = {"aidante": "aidante", "aidee": "aidee"}
