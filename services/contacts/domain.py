"""What the contacts service is about: calls, e-mails and complaints."""

from pathlib import Path

from shared.dossiers.assemblage import Definition

DEFINITION = Definition(
    nom="contacts",
    titre="Vigie : contacts",
    topic="vigie.contacts.v1",
    migrations=Path(__file__).parent / "migrations",
)
