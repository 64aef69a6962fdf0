"""``vigie doctor``: every check at once, as a table or as JSON."""

import logging
from collections.abc import Sequence
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vigie.docteur import activite, base, broker, journal, machine, reglages, voisins
from vigie.docteur.constats import MOTS, Constat, Verdict, examiner, resume
from vigie.docteur.lieu import Lieu, lieu_courant
from vigie.pile import SERVICES

_COULEURS: dict[Verdict, str] = {"bon": "green", "a_surveiller": "yellow", "mauvais": "red", "non_verifiable": "cyan"}


async def ausculter(services: Sequence[str] = SERVICES, topics: Path | None = None) -> list[Constat]:
    """What there is to say of this installation: settings first, then what they lead to. Takes the time of the
    slowest check, 20 s at most, whatever is down. ``topics``: the file that declares those of Kafka."""
    lieu: Lieu = lieu_courant(services, topics)
    return await examiner(
        lieu,
        (
            *reglages.EXAMENS,
            *base.EXAMENS,
            *journal.EXAMENS,
            *broker.EXAMENS,
            *voisins.examens_des_services(lieu),
            *voisins.EXAMENS,
            *activite.EXAMENS,
            *machine.EXAMENS,
        ),
    )


def montrer(constats: Sequence[Constat], console: Console) -> None:
    """A row a finding, with what to do under it."""
    tableau = Table.grid(padding=(0, 2))
    for c in constats:
        dit = Text.assemble((c.nom, "bold"), f" : {c.trouve}")
        if c.faire:
            dit.append(f"\n→ {c.faire}")
        tableau.add_row(Text(MOTS[c.verdict], _COULEURS[c.verdict]), dit)
    console.print(tableau)
    console.print(resume(constats), highlight=False, markup=False)


def faire_taire() -> None:
    """For the process of the command: the findings say what the drivers' own logs would, in the middle of them."""
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
