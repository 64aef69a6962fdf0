"""What the claims service is about: FSE, FSP, first IJ and CMU-C/ACS requests."""

from pathlib import Path

from shared.dossiers.assemblage import Definition

DEFINITION = Definition(
    nom="claims",
    titre="Vigie : prestations",
    topic="vigie.claims.v1",
    migrations=Path(__file__).parent / "migrations",
)
