"""Asking the services upstream over HTTP. What does not answer is said, and changes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from shared.service.jeton_de_service import JetonNonObtenu

Document = Mapping[str, Any]

A_LA_FOIS = 4
"""Calls under way at once."""

DELAI_S = 30.0


class LectureImpossible(Exception):
    """A service does not answer, or not as expected; ``str()`` is a French sentence that names it."""


class Adresses(dict[str, str]):
    """Addresses of services, by name, and what shows them who asks (``auth``; None: nothing does)."""

    def __init__(self, adresses: Mapping[str, str], auth: httpx.Auth | None = None) -> None:
        super().__init__(adresses)
        self.auth = auth


class Amonts:
    """The HTTP APIs of the services at ``adresses`` (by name), asked A_LA_FOIS at once."""

    def __init__(self, client: httpx.AsyncClient, adresses: Mapping[str, str]) -> None:
        self._client = client
        self.adresses = adresses
        self._auth = auth_de(adresses)
        self._jetons = asyncio.Semaphore(A_LA_FOIS)

    async def demander(self, service: str, chemin: str, options: Mapping[str, Any]) -> Document:
        """One answer. Raises LectureImpossible, which names the service."""
        adresse = self.adresses.get(service)
        if not adresse:
            raise LectureImpossible(f"Aucune adresse n'est donnée pour le service {service}.")
        try:
            async with self._jetons:
                reponse = await self._client.get(
                    f"{adresse}{chemin}", params=dict(options), auth=self._auth, timeout=DELAI_S
                )
        except httpx.HTTPError as exc:
            raise sans_reponse(service, exc) from exc
        if reponse.status_code != httpx.codes.OK:
            raise LectureImpossible(f"Le service {service} répond {reponse.status_code} à {chemin}.")
        try:
            document = reponse.json()
        except ValueError:
            document = None
        if not isinstance(document, Mapping):
            raise LectureImpossible(f"Le service {service} ne répond pas en JSON à {chemin}.")
        return document

    async def lignes(
        self, service: str, chemin: str, options: Mapping[str, Any], cle: str, champs: Sequence[str]
    ) -> Sequence[Document]:
        """The rows under ``cle`` of one answer, each with these fields. Raises LectureImpossible."""
        document = await self.demander(service, chemin, options)
        try:
            lues: Sequence[Document] = document[cle]
            _ = [[ligne[champ] for champ in champs] for ligne in lues]
        except (KeyError, TypeError) as exc:
            raise LectureImpossible(f"Réponse inattendue du service {service} à {chemin} ({exc!r}).") from exc
        return lues


def auth_de(adresses: Mapping[str, str]) -> httpx.Auth | None:
    """What shows the services at these addresses who asks."""
    return adresses.auth if isinstance(adresses, Adresses) else None


def sans_reponse(service: str, exc: httpx.HTTPError) -> LectureImpossible:
    """What is said of a call that had no answer."""
    if isinstance(exc, JetonNonObtenu):
        return LectureImpossible(f"Le service {service} n'a pas pu être lu. {exc}")
    return LectureImpossible(f"Le service {service} ne répond pas ({type(exc).__name__}).")
