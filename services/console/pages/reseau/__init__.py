"""*Réseau*: every caisse on every watched indicator."""

from services.console.pages.reseau.route import routes

__all__ = ["routes"]
