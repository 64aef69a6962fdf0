"""Calls to a service of the running stack, for the commands that speak to one."""

import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vigie.pile import PileEnEchec, dossier_vigie, etat_courant

if TYPE_CHECKING:
    import httpx

DELAI_S = 120.0
"""A preparation or a plan asks for the whole network."""


class RefusDuService(Exception):
    """What a service refused; ``str()`` is its own French sentence."""


class Appels:
    """One service over HTTP, under the account of VIGIE_OIDC_CLIENT where there is one. Every call raises
    RefusDuService, and PileEnEchec when nobody answers.

    A context manager for who outlives its calls.
    """

    def __init__(self, nom: str, url: str) -> None:
        import httpx  # a third of the time of the commands that do without

        self.nom = nom
        from shared.service.jeton_de_service import jeton_de
        from shared.service.reglages_identite import ReglagesIdentite

        identite = ReglagesIdentite.charger()
        self._client = httpx.Client(
            base_url=url, timeout=DELAI_S, auth=jeton_de(identite) if identite.oidc_client else None
        )

    def __enter__(self) -> "Appels":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def lire(self, chemin: str, parametres: Mapping[str, Any] | None = None) -> Any:
        """A document. Parameters of value None are not sent."""
        donnes = {nom: valeur for nom, valeur in (parametres or {}).items() if valeur is not None}
        return self.demander("GET", chemin, parametres=donnes).json()

    def lire_tout(self, chemin: str, nom: str, parametres: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every page of a list, under the member ``nom``."""
        elements: list[dict[str, Any]] = []
        suivant: str | None = None
        while True:
            page = self.lire(chemin, {**(parametres or {}), "limite": 500, "curseur": suivant})
            elements += page[nom]
            suivant = page.get("suivant")
            if suivant is None:
                return elements

    def poster(
        self,
        chemin: str,
        corps: Any = None,
        entetes: Mapping[str, str] | None = None,
        *,
        octets: bytes | None = None,
    ) -> Any:
        """A command, under a key of its own."""
        tous = {"Idempotency-Key": str(uuid.uuid4()), **(entetes or {})}
        return self.demander("POST", chemin, corps, tous, octets=octets).json()

    def acter(self, ressource: str, chemin: str, corps: Any = None) -> Any:
        """A command on a resource as it stands now: its ETag is read, then sent."""
        vu = self.demander("GET", ressource).headers["etag"]
        return self.poster(chemin, corps, {"If-Match": vu})

    def demander(
        self,
        methode: str,
        chemin: str,
        corps: Any = None,
        entetes: Mapping[str, str] | None = None,
        *,
        octets: bytes | None = None,
        parametres: Mapping[str, Any] | None = None,
    ) -> "httpx.Response":
        """One call: ``corps`` as JSON, or ``octets`` as they are."""
        import httpx

        from shared.service.amonts import sans_reponse

        donnes: dict[str, Any] = {"json": corps} if octets is None else {"content": octets}
        try:
            reponse = self._client.request(methode, chemin, headers=dict(entetes or {}), params=parametres, **donnes)
        except httpx.HTTPError as exc:
            raise PileEnEchec(str(sans_reponse(self.nom, exc))) from exc
        if reponse.is_success:
            return reponse
        detail = f"réponse {reponse.status_code}"
        with suppress(ValueError, KeyError):
            detail = reponse.json()["detail"]
        raise RefusDuService(detail)


def adresse(nom: str) -> str:
    """Address of a service of the running stack, or ``VIGIE_<NOM>_URL``. Raises PileEnEchec."""
    etat = etat_courant(dossier_vigie())
    variable = f"VIGIE_{nom.upper()}_URL"
    url = os.environ.get(variable) or (etat.urls.get(nom) if etat else None)
    if not url:
        raise PileEnEchec(f"Vigie ne tourne pas ici : lancez « vigie up », ou donnez {variable}.")
    return url
