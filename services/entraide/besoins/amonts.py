"""What entraide asks of contacts, claims and alerts: one call per figure for the whole network."""

from collections.abc import Mapping
from typing import Any

from services.entraide.besoins.charges import Appels, Charge, Dossiers, Telephone, ensemble
from services.entraide.domain.semaines import Horizon
from shared.catalogue.indicateurs import charger_indicateurs
from shared.network.jours import date_de
from shared.service.amonts import Amonts as AmontsHTTP
from shared.service.amonts import LectureImpossible

PAGES_MAX = 20
"""Pages of open alerts read at most: 500 alerts a page."""

RESEAU = "reseau"


class Amonts(AmontsHTTP):
    """The figures a plan rests on. Every method raises LectureImpossible."""

    async def dossiers(self, lecture: Dossiers, horizon: Horizon) -> dict[str, Charge]:
        """The load of every caisse that can be projected, all its stocks together."""
        par_caisse: dict[str, list[Charge]] = {}
        options = {"a_partir_du": str(date_de(horizon.premier)), "semaines": str(horizon.nombre)}
        for stock in lecture.stocks:
            chemin = f"/v1/indicateurs/{stock}/charge"
            document = await self.demander(lecture.service, chemin, options)
            try:
                for ligne in document["valeurs"]:
                    if ligne["projetable"]:
                        par_caisse.setdefault(ligne["caisse"], []).append(_charge(ligne))
            except (KeyError, TypeError, ValueError) as exc:
                raise _inattendue(lecture.service, chemin) from exc
        return {caisse: ensemble(charges) for caisse, charges in par_caisse.items()}

    async def appels(self, lecture: Telephone, hier: int) -> dict[str, Appels]:
        """Calls and rate of every caisse that had some, over the days that end on ``hier``."""
        du = hier - lecture.jours + 1
        chemin = f"/v1/indicateurs/{lecture.taux}/valeurs"
        options = {"du": str(date_de(du)), "au": str(date_de(hier))}
        document = await self.demander(lecture.service, chemin, options)
        try:
            return {
                li["caisse"]: Appels(float(li["n"]), li["valeur"] / 100, du, hier)
                for li in document["valeurs"]
                if li["caisse"] != RESEAU and li["valeur"] is not None and li["n"]
            }
        except (KeyError, TypeError, ValueError) as exc:
            raise _inattendue(lecture.service, chemin) from exc

    async def alertes(self) -> frozenset[tuple[str, str]]:
        """(caisse, process) with an alert open on an indicator."""
        process = {code: defini.process for code, defini in charger_indicateurs().items()}
        ouvertes: set[tuple[str, str]] = set()
        options: dict[str, Any] = {"genre": "performance", "etat": ["ouverte", "prise_en_compte"], "limite": "500"}
        for _ in range(PAGES_MAX):
            document = await self.demander("alerts", "/v1/alertes", options)
            try:
                ouvertes |= {(a["caisse"], process.get(a["objet"], "")) for a in document["alertes"]}
                suivant = document["suivant"]
            except (KeyError, TypeError) as exc:
                raise _inattendue("alerts", "/v1/alertes") from exc
            if suivant is None:
                return frozenset(ouvertes)
            options = {**options, "curseur": suivant}
        raise LectureImpossible(f"Le service alerts a plus de {500 * PAGES_MAX} alertes ouvertes.")


def _charge(ligne: Mapping[str, Any]) -> Charge:
    avant = ligne["avant"]
    return Charge(
        tuple((float(age), float(n)) for age, n in ligne["ages"]),
        int(avant["jours"]),
        float(avant["arrivees"]),
        float(avant["clotures"]),
        tuple(map(float, ligne["arrivees"])),
        tuple(map(float, ligne["clotures"])),
        tuple(map(float, ligne["clotures_au_mieux"])),
    )


def _inattendue(service: str, chemin: str) -> LectureImpossible:
    return LectureImpossible(f"Le service {service} répond autrement qu'attendu à {chemin}.")
