"""The environment variables that a container of Vigie may be given, from the fields of the settings it reads."""

from collections.abc import Sequence
from pkgutil import resolve_name

from shared.service.reglages import PREFIXE, Reglages
from vigie.demarrage import REGLAGES

FICHIER = "_FICHIER"


def reglages_de(commande: Sequence[str]) -> type[Reglages]:
    """The settings of the process that ``vigie`` becomes with these arguments."""
    propres = [chemin for service, chemin in REGLAGES.items() if service in commande]
    classe: type[Reglages] = resolve_name(propres[0]) if propres else Reglages
    return classe


def connues(commande: Sequence[str]) -> set[str]:
    """Its variables; a secret may be given by a file too."""
    champs = reglages_de(commande).model_fields
    secrets = {nom for nom, champ in champs.items() if "SecretStr" in str(champ.annotation)}
    return {PREFIXE + nom.upper() for nom in champs} | {PREFIXE + nom.upper() + FICHIER for nom in secrets}
