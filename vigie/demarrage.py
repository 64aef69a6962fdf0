"""``vigie serve`` and ``migrate``: starting what runs. A process imports the one service that it is."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pkgutil import resolve_name

from shared.service.journalisation import configurer_journal
from shared.service.reglages import Reglages, ReglagesInvalides
from shared.service.serveur import executer
from vigie.pile import SERVICES, Base

TACHES = {nom: f"services.{nom}.app:taches" for nom in SERVICES}
"""Where each service says what one of its processes runs: imported by the process that runs it, and no other."""

REGLAGES = {
    "alerts": "services.alerts.reglages:ReglagesAlertes",
    "entraide": "services.entraide.reglages:ReglagesEntraide",
    "console": "services.console.reglages:ReglagesConsole",
}
"""Settings of the services that have some of their own."""


def servir(service: str, role: str | None, port: int | None, hote: str | None) -> int:
    """Run one service until it is told to stop; its exit code."""
    if service not in TACHES:
        raise ReglagesInvalides(f"Service inconnu : {service!r}. Connus : {', '.join(TACHES)}.")
    for nom, valeur in (("VIGIE_ROLE", role), ("VIGIE_PORT", port), ("VIGIE_HOTE", hote)):
        if valeur is not None:
            os.environ[nom] = str(valeur)
    with _sans_ramasse_miettes():
        propres: type[Reglages] = resolve_name(REGLAGES[service]) if service in REGLAGES else Reglages
        reglages = propres.charger()
        configurer_journal(f"vigie-{service}", reglages.niveau_journal)
        taches = resolve_name(TACHES[service])(reglages)
    return executer(taches, reglages.delai_arret_s)


@contextmanager
def _sans_ramasse_miettes() -> Iterator[None]:
    """What a start loads lives as long as the process: no garbage is looked for in it, then or later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


async def migrer_tout(base: Base) -> None:
    """Bring every schema to its newest version: those of the services, and the log's where PostgreSQL keeps it."""
    from shared.database.migrations import migrer
    from vigie.schemas import EMPLACEMENTS, JOURNAL

    for schema, migrations in EMPLACEMENTS.items():
        if schema != JOURNAL or base.kafka_bootstrap is None:
            await migrer(base.database_url, schema, migrations)
