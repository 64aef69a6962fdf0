"""From an indicator of the catalogue to its values: which cells to read, and which statistic to give them to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import Indicateur
from shared.catalogue.processus import HORLOGES_DEDUITES, HORLOGES_GARDEES, Processus, charger_processus
from shared.dossiers.cellules import Cellier, Entiers, Filtre, Vue, strates_de
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.lieux import contexte
from shared.indicators import statistiques as st
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import Contexte, Valeur

_ORIGINE = -40_000
"""A day number before every cell (1860): where the sums of a stock begin."""

_MARGE_JOURS_OUVRES = 3
"""Calendar days that may hold one working day, at the most, over the longest run of holidays."""


class DemandeInvalide(ValueError):
    """The question cannot be put to this indicator; ``str()`` is a French sentence."""


@dataclass(frozen=True, slots=True)
class Demande:
    """What is asked: an indicator over periods. ``caisse`` None: every caisse and the network.

    ``horloge``: another clock than the catalogue's, for delays. ``maintenant``: Unix seconds, which decides
    what is already due.
    """

    indicateur: Indicateur
    periodes: Sequence[Periode]
    maintenant: int
    vue: Vue = "responsable"
    caisse: int | None = None
    plateforme: int | None = None
    horloge: str | None = None


class Evaluateur:
    """Computes values of one schema's indicators. ``dictionnaire`` must be loaded (see ``actualiser``)."""

    def __init__(self, schema: str, dictionnaire: Dictionnaire) -> None:
        self._cellier = Cellier(schema)
        self._dictionnaire = dictionnaire

    async def valeurs(self, conn: AsyncConnection, demande: Demande) -> list[Valeur]:
        """Values by period and caisse (code 0: the network); what has no activity is absent.

        Raises DemandeInvalide when the clock asked does not exist for the process.
        """
        if not demande.periodes:
            return []
        demande = replace(demande, indicateur=_sur_horloge(demande.indicateur, demande.horloge))
        indicateur = demande.indicateur
        process = self._dictionnaire.connait("process", indicateur.process)
        strates = strates_de(self._dictionnaire, indicateur.population)
        if process is None or strates == ():
            return []
        filtre = Filtre(process, demande.vue, strates, demande.caisse, demande.plateforme)
        return await _LECTURES[indicateur.genre](self, conn, demande, filtre)

    def _issues(self, noms: Sequence[str]) -> list[int]:
        codes = (self._dictionnaire.connait("issue", nom) for nom in noms)
        return [code for code in codes if code is not None]

    def _parmi(self, issues: Entiers, noms: Sequence[str]) -> Entiers:
        return np.isin(issues, self._issues(noms)).astype(np.int64)

    async def _rapport(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        flux = await self._cellier.flux(conn, filtre, *_bornes(d.periodes))
        p = d.indicateur.parametres
        flux["num"] = self._parmi(flux["issue"], p["numerateur"])
        flux["den"] = self._parmi(flux["issue"], p["denominateur"])
        return st.rapport(flux, d.periodes)

    async def _attente_part(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p = d.indicateur.parametres
        flux = await self._cellier.flux(conn, filtre, *_bornes(d.periodes))
        attentes = await self._cellier.attentes(conn, filtre, *_bornes(d.periodes), self._issues(p["issues"]))
        presentes = self._parmi(flux["issue"], p["denominateur"])
        rapides = (attentes["secondes"] <= p["secondes"]).astype(np.int64)
        ensemble = {nom: np.concatenate([flux[nom], attentes[nom]]) for nom in ("caisse", "jour", "n")}
        ensemble["num"] = np.concatenate([np.zeros_like(presentes), rapides])
        ensemble["den"] = np.concatenate([presentes, np.zeros_like(rapides)])
        return st.rapport(ensemble, d.periodes)

    async def _attente(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p = d.indicateur.parametres
        attentes = await self._cellier.attentes(conn, filtre, *_bornes(d.periodes), self._issues(p["issues"]))
        if d.indicateur.genre == "attente_moyenne":
            return st.attente_moyenne(attentes, d.periodes)
        return st.attente_quantile(attentes, tuple(p["q"]), d.periodes)

    async def _delai(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p = d.indicateur.parametres
        moyen = d.indicateur.genre == "delai_moyen"
        horloge = p.get("horloge", "jours_calendaires")
        dimensions = ["issue", *([] if moyen else ["jour_ouvert"]), *([horloge] if horloge in HORLOGES_GARDEES else [])]
        clos = await self._cellier.clos(
            conn, filtre, *_bornes(d.periodes), dimensions, sommes=("secondes",) if moyen else ()
        )
        clos = _garder(clos, self._parmi(clos["issue"], p["issues"]) == 1)
        if moyen:
            return st.delai_moyen(clos, d.periodes)
        return st.delai_quantile(clos, horloge, tuple(p["q"]), d.periodes, self._contexte(d))

    async def _part_issue(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p = d.indicateur.parametres
        clos = await self._cellier.clos(conn, filtre, *_bornes(d.periodes), ["issue"])
        clos["num"] = self._parmi(clos["issue"], p["issues"])
        clos["den"] = self._parmi(clos["issue"], p["parmi"])
        return st.rapport(clos, d.periodes)

    async def _stock(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        _refuser_productrice(d)
        fin = _bornes(d.periodes)[1]
        p = d.indicateur.parametres
        ouverts = await self._cellier.ouverts(conn, filtre, _ORIGINE, fin)
        age = d.indicateur.genre == "stock_age_quantile"
        clos = await self._cellier.clos(conn, filtre, _ORIGINE, fin, ["jour_ouvert"] if age else [])
        if age:
            q, horloge = tuple(p["q"]), p["horloge"]
            return st.stock_age_quantile(ouverts, clos, horloge, q, d.periodes, self._contexte(d))
        return st.stock(ouverts, clos, d.periodes)

    async def _echeance(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p = d.indicateur.parametres
        horloge, limite = p["horloge"], int(p["limite"])
        jours = -(-limite // 24) if "heures" in horloge else limite
        marge = 2 + jours * (_MARGE_JOURS_OUVRES if "ouvre" in horloge else 1)
        du, au = _bornes(d.periodes)
        gardee = [horloge] if horloge in HORLOGES_GARDEES else []
        # An item closed in time was closed at the latest on the day it was due.
        clos = await self._cellier.clos(conn, filtre, du - marge, au, ["issue", "jour_ouvert", "heure_ouvert", *gardee])
        clos["tenue"] = self._parmi(clos["issue"], p["tenues"])
        clos["exclue"] = self._parmi(clos["issue"], p["exclues"])
        if filtre.vue == "productrice" or filtre.plateforme is not None:
            # Nobody has worked on an open file yet: from this side only closed ones are known.
            ouverts = {n: clos[o] for n, o in _OUVERTS_DES_CLOS.items()}
        else:
            ouverts = await self._cellier.ouverts(conn, filtre, du - marge, au, ["heure"])
        return st.echeance(ouverts, clos, horloge, limite, d.periodes, self._contexte(d))

    def _contexte(self, d: Demande) -> Contexte:
        return contexte(d.maintenant)


_Lecture = Callable[[Evaluateur, AsyncConnection, Demande, Filtre], Awaitable[list[Valeur]]]

_LECTURES: Mapping[str, _Lecture] = {
    "rapport": Evaluateur._rapport,
    "attente_part": Evaluateur._attente_part,
    "attente_quantile": Evaluateur._attente,
    "attente_moyenne": Evaluateur._attente,
    "delai_moyen": Evaluateur._delai,
    "delai_quantile": Evaluateur._delai,
    "part_issue": Evaluateur._part_issue,
    "stock": Evaluateur._stock,
    "stock_age_quantile": Evaluateur._stock,
    "echeance": Evaluateur._echeance,
}

_OUVERTS_DES_CLOS = {"caisse": "caisse", "jour": "jour_ouvert", "heure": "heure_ouvert", "n": "n"}


def _bornes(periodes: Sequence[Periode]) -> tuple[int, int]:
    return min(p.du for p in periodes), max(p.au for p in periodes)


def _garder(cellules: dict[str, Entiers], masque: np.ndarray) -> dict[str, Entiers]:
    return {nom: colonne[masque] for nom, colonne in cellules.items()}


def _refuser_productrice(d: Demande) -> None:
    if d.vue == "productrice" or d.plateforme is not None:
        raise DemandeInvalide(
            f"{d.indicateur.code} compte des dossiers en instance : ils n'ont pas encore de productrice ni de "
            "plateforme. Demandez la vue responsable, sans plateforme."
        )


def _sur_horloge(indicateur: Indicateur, horloge: str | None) -> Indicateur:
    if horloge is None:
        return indicateur
    processus: Processus = charger_processus()[indicateur.process]
    if indicateur.genre not in ("delai_quantile", "stock_age_quantile", "echeance"):
        raise DemandeInvalide(f"{indicateur.code} n'a pas d'horloge à choisir.")
    permises = processus.horloges
    if indicateur.genre == "stock_age_quantile":
        permises = tuple(h for h in permises if h in HORLOGES_DEDUITES)
    if horloge not in permises:
        raise DemandeInvalide(f"Horloge {horloge!r} absente pour {indicateur.code}. Au choix : {', '.join(permises)}.")
    return replace(indicateur, parametres={**indicateur.parametres, "horloge": horloge})
