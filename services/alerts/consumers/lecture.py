"""Pulling values from the services that own them. What does not answer is said, and changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import httpx

from services.alerts.domain.continuite import SourceMuette
from services.alerts.domain.lacunes import lacune
from services.alerts.domain.performance import Fenetre, Mesure, eprouvable, preuve_de
from services.alerts.domain.portee import RESEAU
from shared.catalogue.indicateurs import Indicateur, indicateur
from shared.catalogue.seuils import Surveille
from shared.service.amonts import LectureImpossible, auth_de, sans_reponse

__all__ = ["Amont", "LectureImpossible"]

DELAI_S = 20.0

_LUS = {"valeurs": ("caisse", "valeur", "n", "verdict"), "depassement": ("caisse", "n", "au_dela", "somme", "carres")}


@dataclass(frozen=True, slots=True)
class Amont:
    """The HTTP APIs of contacts and claims."""

    client: httpx.AsyncClient
    adresses: Mapping[str, str]

    async def mesures(self, surveille: Surveille, fenetre: Fenetre, *, avec_preuves: bool) -> list[Mesure]:
        """The value of each caisse over a window, measured or not. Raises LectureImpossible.

        A value built on too few of its events is officially *non mesuré*: it is none here either. ``avec_preuves``:
        of a delay or a wait, the counts its test needs too.
        """
        defini = indicateur(surveille.indicateur)
        options = {"du": str(fenetre.du), "au": str(fenetre.au), "vue": surveille.vue}
        lignes = await self._lignes(defini, "valeurs", options)
        preuves = {}
        if avec_preuves and eprouvable(defini):
            preuves = {
                li["caisse"]: preuve_de(defini, li["n"], li["au_dela"], li["somme"], li["carres"])
                for li in await self._lignes(defini, "depassement", {**options, "seuil": str(surveille.seuil)})
            }
        return [
            Mesure(li["caisse"], _mesuree(li), li["n"], preuves.get(li["caisse"]), lacune(li.get("completude")))
            for li in lignes
            if li["caisse"] != RESEAU
        ]

    async def series(self, defini: Indicateur, du: date, au: date) -> dict[str, list[float | None]]:
        """The value of each caisse at the end of each week, in order. Raises LectureImpossible."""
        par_caisse: dict[str, list[float | None]] = {}
        for ligne in await self._lignes(defini, "valeurs", {"du": str(du), "au": str(au), "pas": "semaine"}):
            if ligne["caisse"] != RESEAU:
                par_caisse.setdefault(ligne["caisse"], []).append(ligne["valeur"])
        return par_caisse

    async def sources(self, service: str) -> list[SourceMuette] | None:
        """The silent sources of a service; None when it does not follow its sources. Raises LectureImpossible."""
        reponse = await self._demander(service, "/v1/sources", {})
        if reponse.status_code == httpx.codes.NOT_FOUND:
            return None
        try:
            return [_muette(s) for s in _document(reponse, service)["sources"] if s["etat"] == "silencieuse"]
        except (KeyError, TypeError, ValueError) as exc:
            raise LectureImpossible(f"Le service {service} décrit ses sources autrement qu'attendu ({exc!r}).") from exc

    async def _lignes(
        self, defini: Indicateur, quoi: Literal["valeurs", "depassement"], options: dict[str, str]
    ) -> Sequence[Mapping[str, Any]]:
        reponse = await self._demander(defini.service, f"/v1/indicateurs/{defini.code}/{quoi}", options)
        try:
            lignes: Sequence[Mapping[str, Any]] = _document(reponse, defini.service)["valeurs"]
            # What is read of every line, so that an answer of another form is told here.
            _ = [[ligne[champ] for champ in _LUS[quoi]] for ligne in lignes]
        except (KeyError, TypeError) as exc:
            raise LectureImpossible(f"{defini.code} : réponse inattendue du service {defini.service}.") from exc
        return lignes

    async def _demander(self, service: str, chemin: str, options: dict[str, str]) -> httpx.Response:
        adresse = self.adresses.get(service)
        if not adresse:
            raise LectureImpossible(f"Aucune adresse n'est donnée pour le service {service}.")
        try:
            return await self.client.get(
                f"{adresse}{chemin}", params=options, auth=auth_de(self.adresses), timeout=DELAI_S
            )
        except httpx.HTTPError as exc:
            raise sans_reponse(service, exc) from exc


def _mesuree(ligne: Mapping[str, Any]) -> float | None:
    valeur: float | None = ligne["valeur"]
    return None if ligne["verdict"] == "non_mesure" else valeur


def _document(reponse: httpx.Response, service: str) -> Mapping[str, Any]:
    if reponse.status_code != httpx.codes.OK:
        raise LectureImpossible(f"Le service {service} répond {reponse.status_code} à {reponse.url.path}.")
    try:
        document: Mapping[str, Any] = reponse.json()
    except ValueError as exc:
        raise LectureImpossible(f"Le service {service} ne répond pas en JSON à {reponse.url.path}.") from exc
    return document


def _muette(source: Mapping[str, Any]) -> SourceMuette:
    depuis = source["silencieuse_depuis"]
    return SourceMuette(
        source["source"],
        source["process"],
        tuple(source["caisses"]),
        None if depuis is None else datetime.fromisoformat(depuis),
    )
