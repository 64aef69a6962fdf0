"""What the preparation asks of the services that own the indicators: one call an indicator, for the whole network.

Values and their proofs are needed: a snapshot is taken once. The rest only explains: what does not answer is a
*manque*, a French sentence that the case file prints.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from services.alerts.comite.calendrier import Mois
from services.alerts.comite.releves import Document, Explications, ParCaisse, Serie
from services.alerts.consumers.lecture import Amont, LectureImpossible
from services.alerts.domain.continuite import SourceMuette, stocks_surveilles
from services.alerts.domain.performance import Fenetre, Preuve, eprouvable, preuve_de
from services.alerts.domain.portee import RESEAU
from shared.catalogue.indicateurs import Indicateur, indicateur
from shared.catalogue.seuils import Surveille
from shared.network.jours import date_de, jour_de
from shared.service.amonts import Amonts

MOIS_DE_SERIE = 12
MOIS_DE_STOCK = 6
MOIS_DE_CARTE = 24
"""Months of the series, of the stock and of the control chart, the one judged included."""

_PROJETABLES = ("delai_moyen", "delai_quantile", "echeance")
"""Whose future is read in the stock, among what is watched."""


class Lecteur(Amonts):
    """The HTTP APIs of contacts and claims."""

    async def serie(self, surveille: Surveille, mois: Mois) -> Serie:
        """Raises LectureImpossible."""
        defini = indicateur(surveille.indicateur)
        chemin = f"/v1/indicateurs/{defini.code}/valeurs"
        options = {
            "du": str(mois.plus(1 - MOIS_DE_SERIE).du), "au": str(mois.au), "pas": "mois", "vue": surveille.vue,
        }  # fmt: skip
        document = await self.demander(defini.service, chemin, options)
        par_caisse = _par_caisse(document, defini.service, chemin, ("caisse", "du", "valeur", "n", "verdict"))
        preuves: dict[str, Preuve] = {}
        if eprouvable(defini):
            chemin = f"/v1/indicateurs/{defini.code}/depassement"
            options = {
                "du": str(mois.du), "au": str(mois.au), "seuil": str(surveille.seuil), "vue": surveille.vue,
            }  # fmt: skip
            comptes = await self.demander(defini.service, chemin, options)
            lus = _par_caisse(comptes, defini.service, chemin, ("caisse", "n", "au_dela", "somme", "carres"))
            preuves = {
                caisse: preuve_de(defini, li["n"], li["au_dela"], li["somme"], li["carres"])
                for caisse, (li,) in lus.items()
            }
        return Serie(surveille, document.get("version"), par_caisse, preuves)

    async def muettes(self, mois: Mois) -> tuple[list[SourceMuette], list[str]]:
        """The sources silent before the month was over, and the sentences on what could not be asked."""
        muettes: list[SourceMuette] = []
        manques = []
        amont = Amont(self._client, self.adresses)
        for service in self.adresses:
            try:
                lues = await amont.sources(service)
            except LectureImpossible as exc:
                manques.append(f"Sources silencieuses : {exc}")
                continue
            muettes += [m for m in lues or () if m.depuis is None or m.depuis.date() <= mois.au]
        return muettes, manques

    async def explications(self, surveille: Surveille, mois: Mois, fin_de_mois: int) -> Explications:
        """All that can be read about one indicator; raises nothing."""
        defini = indicateur(surveille.indicateur)
        racine = f"/v1/indicateurs/{defini.code}"
        trouvees = Explications()
        du, au = str(mois.du), str(mois.au)

        async def noter(quoi: str, nom: str, lire: Callable[[], Awaitable[Any]]) -> None:
            try:
                setattr(trouvees, nom, await lire())
            except LectureImpossible as exc:
                trouvees.manques.append(f"{defini.libelle} : {quoi}, faute de réponse. {exc}")

        async def lire_un(quoi: str, cle: str, options: Mapping[str, str]) -> ParCaisse:
            document = await self.demander(defini.service, f"{racine}/{quoi}", options)
            lus = _par_caisse(document, defini.service, f"{racine}/{quoi}", ("caisse",), cle)
            return {caisse: lignes[-1] for caisse, lignes in lus.items()}

        async def lire_fin() -> Mapping[str, float | None]:
            jours = Fenetre(date_de(jour_de(mois.au) - fin_de_mois + 1), mois.au)
            options = {"du": str(jours.du), "au": str(jours.au), "vue": surveille.vue}
            return {caisse: li["valeur"] for caisse, li in (await lire_un("valeurs", "valeurs", options)).items()}

        options = {"du": du, "au": au, "vue": surveille.vue}
        cartes = {"au": au, "mois": str(MOIS_DE_CARTE), "vue": surveille.vue}
        demandes = [
            noter("tendance de fin de mois non vue", "fin_de_mois", lire_fin),
            noter("carte de contrôle absente", "cartes", lambda: lire_un("spc", "series", cartes)),
            noter("stock inconnu", "stocks", lambda: self._stocks(defini, mois)),
        ]
        if defini.genre in _PROJETABLES:
            demandes.append(noter("projection absente", "projections", lambda: lire_un("projection", "valeurs", {})))
        if defini.genre.startswith("delai"):
            demandes.append(
                noter("détenteurs du délai inconnus", "detenteurs", lambda: lire_un("detenteurs", "valeurs", options))
            )
        await asyncio.gather(*demandes)
        trouvees.manques.sort()
        return trouvees

    async def contacts_induits(self, caisse: str, mois: Mois) -> Document:
        """The contacts that late files made. Raises LectureImpossible."""
        options = {"caisse": caisse, "du": str(mois.du), "au": str(mois.au)}
        return await self.demander("contacts", "/v1/contacts-induits", options)

    async def _stocks(self, defini: Indicateur, mois: Mois) -> Mapping[str, Sequence[float | None]]:
        """The stock of the process at the end of each month; empty when the process has none."""
        for stock in stocks_surveilles([defini.process]):
            chemin = f"/v1/indicateurs/{stock.code}/valeurs"
            options = {"du": str(mois.plus(1 - MOIS_DE_STOCK).du), "au": str(mois.au), "pas": "mois"}
            document = await self.demander(stock.service, chemin, options)
            lus = _par_caisse(document, stock.service, chemin, ("caisse", "valeur"))
            return {caisse: [li["valeur"] for li in lignes] for caisse, lignes in lus.items()}
        return {}


def _par_caisse(
    document: Document, service: str, chemin: str, champs: Sequence[str], cle: str = "valeurs"
) -> dict[str, list[Document]]:
    """The rows of an answer by caisse, in their order. Raises LectureImpossible when it is not of the form expected."""
    par_caisse: dict[str, list[Document]] = {}
    try:
        for ligne in document[cle]:
            _ = [ligne[champ] for champ in champs]
            if ligne["caisse"] != RESEAU:
                par_caisse.setdefault(ligne["caisse"], []).append(ligne)
    except (KeyError, TypeError) as exc:
        raise LectureImpossible(f"Réponse inattendue du service {service} à {chemin} ({exc!r}).") from exc
    return par_caisse
