"""The schemas of the database, where their migrations are, and the versions that were released."""

from collections.abc import Mapping
from pathlib import Path

from services.alerts.domain import MIGRATIONS as ALERTS
from services.entraide.domain import MIGRATIONS as ENTRAIDE
from shared.log.fabrique import MIGRATIONS as MIGRATIONS_JOURNAL
from shared.log.postgres import SCHEMA
from vigie.travail import DEFINITIONS

JOURNAL = SCHEMA
"""The schema of the log, which only the PostgreSQL engine uses."""

EMPLACEMENTS: Mapping[str, Path] = {
    **{nom: definition.migrations for nom, definition in DEFINITIONS.items()},
    "alerts": ALERTS,
    "entraide": ENTRAIDE,
    JOURNAL: MIGRATIONS_JOURNAL,
}
"""Where the migrations of each schema are."""

SOCLE: Mapping[str, str] = {
    "contacts": "0001",
    "claims": "0001",
    "alerts": "0004",
    "entraide": "0003",
    JOURNAL: "0001_journal",
}
"""Version of each schema in 0.1.0, the first release: what comes after it runs under traffic, on tables that are full
(docs/reprise.md, « Mettre à jour sans arrêter »)."""
