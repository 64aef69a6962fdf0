"""What the alerts service is about: pure rules, of values and instants given to them."""

from pathlib import Path

NOM = "alerts"
"""Name of the service, of its schema and of its consumer group."""

TITRE = "Vigie : alertes"

MIGRATIONS = Path(__file__).parents[1] / "migrations"

TOPIC_ALERTES = "vigie.alertes.v1"
"""Where the grouped notices of the live alerts are announced."""
