"""What each page is open to, and what the menu shows of it. The services judge again whatever a page asks of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from services.console.mots import COMMANDES, COORDINATION, ROLES_EN_MOTS, nom_caisse
from shared.service.acces import (
    LECTEURS,
    LECTEURS_DU_RESEAU,
    ROLES_D_UNE_CAISSE,
    Acces,
    Ligne,
    Role,
    caisses_de,
    du_chemin,
    ouvert_a,
    routes_de,
)
from shared.service.identite import Principal


@dataclass(frozen=True, slots=True)
class Rubrique:
    """One entry of the menu. ``sienne``: its address for who acts for one caisse only, which it names by ``{}``."""

    code: str
    nom: str
    lien: str
    roles: tuple[Role, ...]
    sienne: str | None = None


RUBRIQUES: tuple[Rubrique, ...] = (
    Rubrique("reseau", "Réseau", "/", LECTEURS),
    Rubrique("alertes", "Alertes", "/alertes", LECTEURS, "/alertes?caisse={}"),
    Rubrique("comite", "Comité", "/comites", LECTEURS_DU_RESEAU),
    Rubrique("entraide", "Entraide", "/entraide", LECTEURS),
    Rubrique("ma-caisse", "Ma caisse", "/ma-caisse", LECTEURS),
    Rubrique("sources", "Sources", "/sources", LECTEURS, "/sources?caisse={}"),
)

_LIGNES: tuple[tuple[str, Ligne], ...] = (
    ("/comites", ouvert_a(*LECTEURS_DU_RESEAU)),
    ("/rejets", ouvert_a("reseau", "auditeur")),
    ("/ma-caisse/{slug}", ouvert_a(*LECTEURS, caisse=du_chemin("slug"))),
    ("/", ouvert_a(*LECTEURS)),
)
"""The first that begins the path of a route is its row."""


def acces_des_pages(routers: Iterable[APIRouter]) -> Acces:
    """The row of each route of the pages."""
    return {nom: _ligne(nom.partition(" ")[2]) for nom, _ in routes_de(routers)}


def _ligne(chemin: str) -> Ligne:
    return next(ligne for debut, ligne in _LIGNES if chemin.startswith(debut))


def caisses_du_porteur(principal: Principal) -> list[str]:
    """Slugs of the caisses of who acts for some and does not follow the network; empty for anybody else."""
    if principal.a_un_role(*LECTEURS_DU_RESEAU):
        return []
    return sorted(caisses_de(principal, ROLES_D_UNE_CAISSE))


def menu(principal: Principal | None) -> list[tuple[str, str, str]]:
    """(code, name, address) of the entries that the roles of a person open."""
    if principal is None:
        return []
    siennes = caisses_du_porteur(principal)
    return [
        (r.code, r.nom, r.sienne.format(siennes[0]) if r.sienne and siennes else r.lien)
        for r in RUBRIQUES
        if _ouvre(principal, r.roles)
    ]


def _ouvre(principal: Principal, roles: tuple[Role, ...]) -> bool:
    du_reseau = [role for role in roles if role not in ROLES_D_UNE_CAISSE]
    return principal.a_un_role(*du_reseau) or bool(caisses_de(principal, roles))


def peut(principal: Principal | None, *roles: Role, caisse: str | None = None) -> bool:
    """Whether an act open to these roles is open to a person. ``caisse``: the one it is about, for those of one."""
    if principal is None:
        return False
    if principal.a_un_role(*(role for role in roles if role not in ROLES_D_UNE_CAISSE)):
        return True
    siennes = caisses_de(principal, roles)
    return bool(siennes) if caisse is None else caisse in siennes


def actes_ouverts(principal: Principal | None, actes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of the acts that the entraide service says are open on a proposition, those a person may do; ``par``: on whose
    behalf. The national coordination answers for either caisse, and for itself when neither is asked anything."""
    nationale, permis = peut(principal, COORDINATION), []
    for acte in actes:
        cotes = [q for q in acte["par"] if q != COORDINATION]
        pour = [slug for slug in cotes if nationale or peut(principal, "coordinateur", caisse=slug)]
        if nationale and not cotes:
            pour = [COORDINATION]
        if pour:
            permis.append({**acte, "par": pour})
    return sorted(permis, key=lambda acte: [*COMMANDES].index(acte["commande"]))


def en_mots(principal: Principal) -> str:
    """The roles of a person as a sentence says them."""
    dits = []
    for role in sorted(principal.roles):
        famille, _, slug = role.partition(":")
        mot = ROLES_EN_MOTS.get(famille, famille)
        dits.append(f"{mot} de {nom_caisse(slug)}" if slug else mot)
    return ", ".join(dits)
