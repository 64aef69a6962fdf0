"""Entraide (PHARE) as pure rules: time comes in as an argument, nothing here reads a clock, a table or a network.

``poles`` what may be given, ``besoins`` what is missing, ``eligibilite`` who may help whom, ``projection`` and
``telephone`` (on ``erlang``) what happens with and without help, ``montage`` the allocation problem they make,
``allocation`` its plan, ``explication`` the plan in sentences, ``cycle_de_vie`` what becomes of a proposal.
"""

from pathlib import Path

NOM = "entraide"
"""Name of the service, of its schema and of its consumer groups."""

TITRE = "Vigie : entraide"

MIGRATIONS = Path(__file__).parents[1] / "migrations"

TOPIC_ENTRAIDE = "vigie.entraide.v1"
"""Where plans, proposals and missions are announced."""

TOPIC_ALERTES = "vigie.alertes.v1"
"""Where the comité announces its needs."""
