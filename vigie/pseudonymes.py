"""``vigie pseudonymes``: the keys under which persons are known, and erasing those of a key that was destroyed."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from vigie import pile
from vigie.audit import EnJson, inscrire_commande

if TYPE_CHECKING:
    from shared.dossiers.assemblage import ServiceDossiers
    from shared.dossiers.effacement import Effacement, Usage
    from shared.service.audit.ligne import Issue

application = typer.Typer(
    help="Les clés des pseudonymes : celles en usage, effacer une clé détruite.", no_args_is_help=True
)
console = Console()

T = TypeVar("T")

REPOS_JOURS: Final = 31
"""Days a key must have gone unused before its pseudonyms are erased: those during which sources send both."""

ATTENTE_S: Final = 30.0
"""How long what was announced of persons is waited for."""

EFFACER: Final = "vigie pseudonymes effacer"


class EffacementImpossible(Exception):
    """``str()`` is a French sentence."""


@application.command()
def etat(en_json: EnJson = False) -> None:
    """Liste les clés en usage : dossiers qui en portent un pseudonyme, personnes suivies, dernière date."""
    lignes = [
        {"service": schema, **asdict(usage), "premier": _jour(usage.premier), "dernier": _jour(usage.dernier)}
        for schema, usages in _sur_la_base(_usages).items()
        for usage in usages
    ]
    if en_json:
        sys.stdout.write(json.dumps(lignes, ensure_ascii=False, indent=2, default=str) + "\n")
        return
    tableau = Table("Clé", "Service", "Dossiers", "Personnes", "Premier jour", "Dernier jour", "Effacée le")
    for ligne in lignes:
        effacee = ligne["effacee_le"]
        tableau.add_row(
            ligne["cle"], ligne["service"], str(ligne["dossiers"]), str(ligne["personnes"]), ligne["premier"] or "",
            ligne["dernier"] or "", "" if effacee is None else f"{effacee:%Y-%m-%d}",
        )  # fmt: skip
    console.print(tableau if lignes else "Aucun pseudonyme.")


@application.command()
def effacer(
    cle: Annotated[str, typer.Option(help="Identifiant de la clé, par exemple k3f9a1c.")],
    oui: Annotated[bool, typer.Option("--oui", help="Ne pas demander de confirmation.")] = False,
) -> None:
    """Efface les pseudonymes d'une clé détruite, pour toujours ; aucun chiffre ne change. Se refait sans dommage."""
    from shared.clock import SystemClock

    if not oui:
        typer.confirm(f"Les pseudonymes de {cle} seront effacés et refusés pour toujours. Continuer ?", abort=True)

    async def faire(services: "Sequence[ServiceDossiers]") -> "dict[str, Effacement]":
        return await effacer_partout(services, cle, SystemClock().now())

    for schema, fait in _sur_la_base(faire).items():
        console.print(
            f"{schema} : {fait.dossiers} dossiers, {fait.personnes} personnes et {fait.rejets} rejets sans pseudonyme "
            f"de {cle} désormais.",
            highlight=False,
        )
    console.print(
        "Le journal les garde jusqu'à sa durée de garde (VIGIE_RETENTION_JOURNAL_JOURS), et les sauvegardes jusqu'à la "
        "leur : voir docs/rgpd.md.",
        highlight=False,
    )


async def effacer_partout(
    services: "Sequence[ServiceDossiers]",
    cle: str,
    maintenant: datetime,
    topic: str | None = None,
    attente: float = ATTENTE_S,
) -> "dict[str, Effacement]":
    """Forbid the key, then erase its pseudonyms from every service; all of it in their registers.

    ``topic``: of the announcements of persons. Raises EffacementImpossible when the key is unknown or still in use, or
    when what was announced of persons is not read.
    """
    from shared.dossiers.effacement import effacer as effacer_ici
    from shared.dossiers.effacement import interdire

    connus = [u for usages in (await _usages(services)).values() for u in usages if u.cle == cle]
    _exiger_au_repos(cle, connus, maintenant)
    for service in services:
        await _inscrire(service, maintenant, "commence", {"cle": cle})
        await interdire(service.pool, service.definition.nom, cle, maintenant)
    await _attendre_les_annonces(services, topic, attente)
    faits = {}
    for service in services:
        nom = service.definition.nom
        faits[nom] = await effacer_ici(service.pool, nom, cle)
        comptes = {quoi: str(nombre) for quoi, nombre in asdict(faits[nom]).items()}
        await _inscrire(service, maintenant, "fait", {"cle": cle, **comptes})
    return faits


def _exiger_au_repos(cle: str, connus: "Sequence[Usage]", maintenant: datetime) -> None:
    from shared.dossiers.jours import jour_paris
    from shared.network.jours import date_de

    if not connus:
        raise EffacementImpossible(f"Aucun pseudonyme n'est de la clé « {cle} » : vigie pseudonymes etat les liste.")
    derniers = [u.dernier for u in connus if u.dernier is not None and u.effacee_le is None]
    if derniers and max(derniers) + REPOS_JOURS > jour_paris(maintenant):
        raise EffacementImpossible(
            f"La clé « {cle} » sert encore (le {date_de(max(derniers)):%d/%m/%Y}) : une fois effacée, ses événements "
            f"seraient refusés. Attendez que les sources aient cessé de l'employer depuis {REPOS_JOURS} jours."
        )


async def _attendre_les_annonces(services: "Sequence[ServiceDossiers]", topic: str | None, attente: float) -> None:
    limite = time.monotonic() + attente
    while await _annonces_en_attente(services, topic):
        if time.monotonic() > limite:
            raise EffacementImpossible(
                "Des annonces de personnes ne sont pas encore lues : vérifiez que les consommateurs tournent, puis "
                "recommencez. Les événements de cette clé sont déjà refusés."
            )
        await asyncio.sleep(0.2)


async def _annonces_en_attente(services: "Sequence[ServiceDossiers]", topic: str | None) -> bool:
    from shared.dossiers.derives.messages import TOPIC_PERSONNES
    from shared.dossiers.derives.personnes import groupe_des_personnes, tient_les_personnes
    from shared.log.entretien import retard

    voulu = topic or TOPIC_PERSONNES
    for service in services:
        nom = service.definition.nom
        if await service.pool.fetchval(f"SELECT EXISTS (SELECT FROM {nom}.boite_envoi WHERE topic = $1)", voulu):
            return True
        if tient_les_personnes(nom) and await retard(
            service.pool, nom, service.journal, voulu, groupe_des_personnes(nom)
        ):
            return True
    return False


async def _usages(services: "Sequence[ServiceDossiers]") -> "dict[str, list[Usage]]":
    from shared.database.connexion import acquerir
    from shared.dossiers.effacement import usages

    lus = {}
    for service in services:
        nom = service.definition.nom
        async with acquerir(service.pool) as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            lus[nom] = sorted((await usages(conn, nom)).values(), key=lambda u: u.cle)
    return lus


async def _inscrire(service: "ServiceDossiers", maintenant: datetime, issue: "Issue", objet: dict[str, str]) -> None:
    from shared.database.connexion import acquerir

    async with acquerir(service.pool) as conn, conn.transaction():
        await inscrire_commande(conn, service.definition.nom, EFFACER, issue, maintenant, **objet)


def _sur_la_base(action: "Callable[[Sequence[ServiceDossiers]], Coroutine[Any, Any, T]]") -> T:
    """What ``action`` gives, of both dossier services opened on the database a command works on."""
    from vigie.travail import DEFINITIONS, service_ouvert

    async def faire(base: pile.Base) -> T:
        from contextlib import AsyncExitStack

        async with AsyncExitStack() as ouverts:
            services = [await ouverts.enter_async_context(service_ouvert(base, d)) for d in DEFINITIONS.values()]
            return await action(services)

    with pile.base_de_travail(pile.dossier_vigie()) as base:
        return asyncio.run(faire(base))


def _jour(jour: int | None) -> str | None:
    from shared.network.jours import date_de

    return None if jour is None else f"{date_de(jour):%Y-%m-%d}"
