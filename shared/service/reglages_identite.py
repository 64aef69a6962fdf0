"""Who may come in, and as whom this process goes to others: the OIDC provider of the network."""

from collections.abc import Sequence
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr, model_validator
from pydantic_settings import NoDecode

from shared.service.environnement import Environnement, ReglagesInvalides, variable


def _par_nom(texte: object) -> object:
    """``VIGIE_RESEAU=reseau,CPAM75=caisse:cpam-75`` as a dictionary; anything else is left for the validation to
    refuse."""
    if not isinstance(texte, str):
        return texte
    paires = (un.partition("=") for un in texte.split(",") if un.strip())
    return {nom.strip(): role.strip() for nom, _, role in paires}


class ReglagesIdentite(Environnement):
    """An OIDC provider (Keycloak or any other), found again from its issuer by discovery."""

    oidc_emetteur: str | None = None
    """The issuer, letter for letter as tokens bear it (``iss``)."""
    oidc_audience: str | None = None
    """What tokens must be meant for (``aud``): these services, not the client that asked for them."""
    oidc_roles: str = "realm_access.roles"
    """Where a token says the roles: names of nested claims with dots between, or one claim of exactly that name."""
    oidc_correspondance: Annotated[dict[str, str], NoDecode, BeforeValidator(_par_nom)] = {}  # noqa: RUF012
    """Roles of the provider that bear other names than ours; those that bear ours need no line."""
    oidc_client: str | None = None
    """The account under which this process reads the other services (client credentials)."""
    oidc_secret: SecretStr | None = None

    @model_validator(mode="after")
    def _identite_coherente(self) -> Self:
        if (self.oidc_client is None) != (self.oidc_secret is None):
            raise ReglagesInvalides("VIGIE_OIDC_CLIENT et VIGIE_OIDC_SECRET vont ensemble : donnez les deux, ou aucun.")
        if self.oidc_emetteur is not None and not adresse_sure(self.oidc_emetteur):
            raise ReglagesInvalides(
                "VIGIE_OIDC_EMETTEUR doit commencer par https:// (http:// n'est permis que vers cette machine)."
            )
        return self

    def exiger_identite(self, *champs: str) -> tuple[str, ...]:
        """The values of these fields. Raises ReglagesInvalides naming each one that is missing."""
        manquent: Sequence[str] = [variable(champ) for champ in champs if not getattr(self, champ)]
        if manquent:
            raise ReglagesInvalides(
                f"Il manque de quoi passer par un fournisseur d'identité : donnez {', '.join(manquent)}. Sans lui, "
                "quiconque joint un service l'administrerait. Sur une machine seule, VIGIE_MODE=embarque s'en passe."
            )
        valeurs = (getattr(self, champ) for champ in champs)
        return tuple(v.get_secret_value() if isinstance(v, SecretStr) else v for v in valeurs)


def adresse_sure(url: str) -> bool:
    """Whether what is read there comes from whom it says: HTTPS, or this machine."""
    parties = urlsplit(url)
    locale = parties.hostname in ("127.0.0.1", "::1", "localhost")
    return bool(parties.hostname) and (parties.scheme == "https" or (parties.scheme == "http" and locale))
