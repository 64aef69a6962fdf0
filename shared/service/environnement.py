"""What is set outside the program: the environment (``VIGIE_*``) and files of secrets.

Every secret field (``SecretStr``) may be given as ``VIGIE_X`` or as ``VIGIE_X_FICHIER``, the path of a file
that holds it; never both. Secrets show as asterisks in repr and logs, and errors never quote a value.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIXE = "VIGIE_"
_SUFFIXE_FICHIER = "_FICHIER"


class ReglagesInvalides(Exception):
    """The settings cannot start this service; French message, one line per fault, without any value."""


class Environnement(BaseSettings):
    """Settings read from this process's environment; see ``charger``."""

    model_config = SettingsConfigDict(env_prefix=PREFIXE, frozen=True, hide_input_in_errors=True, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        return init_settings, _FichiersDeSecrets(settings_cls), env_settings

    @classmethod
    def charger(cls) -> Self:
        """The settings of this process's environment.

        Raises ``ReglagesInvalides`` naming each faulty variable.
        """
        try:
            return cls()
        except ValidationError as erreur:
            fautes = (f"{variable(str(e['loc'][0])) if e['loc'] else PREFIXE} : {e['msg']}" for e in erreur.errors())
            raise ReglagesInvalides("Réglages invalides.\n" + "\n".join(fautes)) from None


class _FichiersDeSecrets(PydanticBaseSettingsSource):
    """Reads ``VIGIE_X_FICHIER`` for each secret field ``x``; the file's trailing newline is not part of the
    secret.
    """

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return (
            _secret_de_fichier(os.environ, field_name) if _est_secret(field.annotation) else None,
            field_name,
            False,
        )

    def __call__(self) -> dict[str, Any]:
        valeurs = {nom: self.get_field_value(champ, nom)[0] for nom, champ in self.settings_cls.model_fields.items()}
        return {nom: valeur for nom, valeur in valeurs.items() if valeur is not None}


def variable(champ: str) -> str:
    """The environment variable of a field."""
    return PREFIXE + champ.upper()


def _est_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _secret_de_fichier(environ: Mapping[str, str], champ: str) -> str | None:
    nom = variable(champ)
    chemin = environ.get(nom + _SUFFIXE_FICHIER)
    if chemin is None:
        return None
    if nom in environ:
        raise ReglagesInvalides(f"{nom} et {nom}{_SUFFIXE_FICHIER} sont tous deux définis : gardez-en un.")
    try:
        secret = Path(chemin).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as erreur:
        raison = getattr(erreur, "strerror", None) or "contenu illisible"
        raise ReglagesInvalides(f"{nom}{_SUFFIXE_FICHIER} : {chemin} ne peut être lu ({raison}).") from None
    if not secret:
        raise ReglagesInvalides(f"{nom}{_SUFFIXE_FICHIER} : {chemin} est vide.")
    return secret
