"""The schema of a dossier service as its first migration makes it: the tables of every room, in order."""

from collections.abc import Sequence

from shared.dossiers import (
    cles_effacees,
    cles_sources,
    connu,
    definitions,
    entretien,
    mouvements,
    reconstruction,
    tables,
    vues,
)


def ddl_v1(schema: str) -> Sequence[str]:
    """Statements that create the tables and views in ``schema`` (first migration of a dossier service)."""
    return [
        ordre
        for piece in (
            tables,
            mouvements,
            definitions,
            connu,
            vues,
            entretien,
            reconstruction,
            cles_sources,
            cles_effacees,
        )
        for ordre in piece.ddl(schema)
    ]
