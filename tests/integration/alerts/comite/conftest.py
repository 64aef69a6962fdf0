"""A comité on a real PostgreSQL: the whole stack, or owners of indicators that answer what a test says."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from services.alerts.comite.calendrier import Mois
from services.alerts.comite.lecture import Lecteur
from services.alerts.comite.preparation import Preparateur
from shared.catalogue.indicateurs import charger_indicateurs
from shared.catalogue.seuils import charger_seuils
from shared.clock import SimulatedClock
from shared.network.reseau import charger
from tests.integration.alerts.conftest import Reseau, journal_capture, ouvrir_alertes
from tests.integration.api.conftest import instant

__all__ = ["journal_capture"]

MOIS = Mois(2026, 10)
JOUR_DIT = "2026-11-06 08:00"
"""The fifth working day of November 2026 (the 1st is a Sunday): the present of every test until it moves it."""

IJ, DECROCHE = "delai_ij_premiere_non_subrogee_moyen", "taux_decroche"


@dataclass
class Proprietaires:
    """The owners of the indicators: per indicator and caisse, twelve months (short lists are filled with the first).

    ``absents``: ends of paths that answer 404. ``en_panne``: hosts that do not answer. ``appels``: paths asked.
    """

    valeurs: dict[str, Mapping[str, list[float | None]]] = field(default_factory=dict)
    absents: set[str] = field(default_factory=set)
    en_panne: set[str] = field(default_factory=set)
    appels: list[str] = field(default_factory=list)
    n: int = 2_000

    def repondre(self, requete: httpx.Request) -> httpx.Response:
        chemin = requete.url.path
        self.appels.append(chemin)
        if requete.url.host in self.en_panne:
            raise httpx.ConnectError("panne", request=requete)
        if any(chemin.endswith(fin) for fin in self.absents):
            return httpx.Response(404, json={})
        return httpx.Response(200, json=self._document(chemin, dict(requete.url.params)))

    def _document(self, chemin: str, options: dict[str, str]) -> Any:
        if chemin == "/v1/sources":
            return {"sources": []}
        if chemin == "/v1/contacts-induits":
            return {"contacts": 100, "induits": 12, "taux": 12.0, "motifs": []}
        *_, code, quoi = chemin.split("/")
        return {
            "valeurs": self._valeurs, "depassement": self._depassement, "detenteurs": self._detenteurs,
            "spc": self._spc, "projection": self._projection,
        }[quoi](code, options)  # fmt: skip

    def _serie(self, code: str, caisse: str) -> list[float | None]:
        lus = self.valeurs.get(code, {}).get(caisse, [None])
        return [lus[0]] * (12 - len(lus)) + list(lus)

    def _valeurs(self, code: str, options: dict[str, str]) -> Any:
        nombre = {"2025-11-01": 12, "2026-05-01": 6}.get(options["du"], 1) if "pas" in options else 1
        lignes = []
        for rang in range(12 - nombre, 12):
            mois = MOIS.plus(rang - 11)
            for caisse in ["reseau", *(c.slug for c in charger().caisses)]:
                valeur = self._serie(code, caisse)[rang]
                lignes.append(
                    {
                        "caisse": caisse, "du": str(mois.du), "au": str(mois.au), "valeur": valeur,
                        "n": 0 if valeur is None else self.n, "intervalle": None, "cible": None, "rupture": False,
                        "verdict": "non_mesure" if valeur is None else "sous_le_socle",
                    }
                )  # fmt: skip
        return {
            "indicateur": code,
            "version": f"{code}-1",
            "unite": "?",
            "vue": options.get("vue", "responsable"),
            "valeurs": lignes,
        }

    def _depassement(self, code: str, options: dict[str, str]) -> Any:
        lignes = []
        for caisse in self.valeurs.get(code, {}):
            valeur = self._serie(code, caisse)[-1]
            if valeur is None:
                continue
            au_dela = self.n // 5 if valeur > float(options["seuil"]) else self.n // 50
            somme = round(self.n * valeur)
            lignes.append(
                {"caisse": caisse, "n": self.n, "au_dela": au_dela, "somme": somme,
                 "carres": round(self.n * (valeur**2 + 25))}
            )  # fmt: skip
        return {"valeurs": lignes}

    def _detenteurs(self, code: str, _: dict[str, str]) -> Any:
        parts = {"caisse": {"jours": 20.0, "part": 80.0}, "employeur": {"jours": 5.0, "part": 20.0}}
        return {"valeurs": [{"caisse": c, "n": self.n, "detenteurs": parts} for c in self.valeurs.get(code, {})]}

    def _spc(self, code: str, _: dict[str, str]) -> Any:
        point = {"valeur": 1.0, "n": 1, "signal": "hors_limites"}
        return {
            "series": [
                {"caisse": c, "points": [point], "limites": {"moyenne": 1.0}, "assurance": "inconstant"}
                for c in self.valeurs.get(code, {})
            ]
        }

    def _projection(self, _: str, __: dict[str, str]) -> Any:
        return {"valeurs": []}


@dataclass
class Comite:
    """The alerts service, with a preparer that asks ``proprietaires``."""

    reseau: Reseau
    proprietaires: Proprietaires
    preparateur: Preparateur

    @property
    def moteur(self) -> Any:
        return self.reseau.service.moteur

    def il_est(self, texte: str) -> None:
        self.reseau.il_est(texte)

    async def compter(self, table: str) -> int:
        return int(await self.reseau.service.pool.fetchval(f"SELECT count(*) FROM alerts.{table}"))

    async def acte(self, quoi: str, corps: Any = None, statut: int = 200, **entetes: str) -> dict[str, Any]:
        """An act of the séance on what was just read."""
        chemin = f"/v1/comites/{MOIS}"
        vu = (await self.reseau.client.get(chemin)).headers["etag"]
        reponse = await self.reseau.envoyer("POST", f"{chemin}/{quoi}", corps, **({"if_match": vu} | entetes))
        assert reponse.status_code == statut, reponse.text
        document: dict[str, Any] = reponse.json()
        return document

    async def ouvrir(self) -> dict[str, Any]:
        membres = [{"identifiant": i, "nom": n} for i, n in (("local", "Mme D."), ("b", "M. B."), ("c", "Mme C."))]
        return await self.acte("ouverture", {"president": "local", "membres": membres})

    async def tout_accepter(self) -> dict[str, Any]:
        lu = await self.reseau.lire(f"/v1/comites/{MOIS}")
        decisions = [
            {"caisse": m["caisse"], "mesure": m["mesure"], "issue": "acceptee"}
            for m in lu["mesures"]
            if m["proposee"] and m["decision"] is None
        ]
        return await self.acte("decisions", decisions) if decisions else lu


def mois_trouble() -> dict[str, Mapping[str, list[float | None]]]:
    """Everything well but an IJ crisis in Paris and a slow drift in Toulouse."""
    sains: dict[str, list[float | None]] = {c.slug: [25.0] for c in charger().caisses}
    appels: dict[str, list[float | None]] = {c.slug: [92.0] for c in charger().caisses}
    sains["cpam-75"] = [27.0, 55.0]
    sains["cpam-31"] = [30.0, 33.0, 36.5, 37.5]
    return {IJ: sains, DECROCHE: appels}


@asynccontextmanager
async def ouvrir_comite(url: str, proprietaires: Proprietaires) -> AsyncIterator[Comite]:
    async with AsyncExitStack() as pile:
        reseau = await pile.enter_async_context(
            ouvrir_alertes(
                url, SimulatedClock(instant(JOUR_DIT)), contacts_url="http://contacts", claims_url="http://claims"
            )
        )
        client = await pile.enter_async_context(
            httpx.AsyncClient(transport=httpx.MockTransport(proprietaires.repondre))
        )
        lecteur = Lecteur(client, reseau.service.reglages.amonts)
        preparateur = Preparateur(reseau.service.moteur, lecteur, reseau.service.journal, reseau.clock)
        yield Comite(reseau, proprietaires, preparateur)


@pytest.fixture
async def comite(postgres_url: str) -> AsyncIterator[Comite]:
    async with ouvrir_comite(postgres_url, Proprietaires(mois_trouble())) as ouvert:
        yield ouvert


def tous_les_surveilles() -> list[str]:
    connus = charger_indicateurs()
    return [code for code in charger_seuils().surveilles if code in connus]
