"""What the routes say of a parameter they cannot take."""

from shared.service.erreurs import DonneesInvalides


def parametre_invalide(champ: str, message: str) -> DonneesInvalides:
    """422 that names the query parameter, in the form of every other validation error of the services."""
    return DonneesInvalides(
        f"Paramètre « {champ} » : {message}", erreurs=[{"emplacement": f"requête.{champ}", "message": message}]
    )
