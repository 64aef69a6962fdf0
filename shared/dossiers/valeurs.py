"""From an indicator of the catalogue to its values: which cells to read, and which statistic to give them to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import Indicateur
from shared.catalogue.processus import HORLOGES_DEDUITES, charger_processus
from shared.dossiers.cellules import (
    Cellier,
    Colonnes,
    Entiers,
    Filtre,
    Jours,
    Selection,
    Vue,
    entre,
    jours_de,
    liste,
    strates_de,
)
from shared.dossiers.derives.lecture import echeance_nette, part_chaine, part_nette
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.echeances import MARGE, dans_les_temps, duree, echus, premier_ouvert
from shared.dossiers.lieux import contexte
from shared.dossiers.releves import ecart_sources, nombre, part_strate, releve_moyenne, releve_part
from shared.indicators import echeances as ec
from shared.indicators import statistiques as st
from shared.indicators.periodes import Periode, coupes
from shared.indicators.statistiques import Contexte, Valeur
from shared.network.calendrier import FIN, PREMIER_JOUR
from shared.network.jours import date_de, jour_de

_ORIGINE = jour_de(date(1800, 1, 1))
"""A day before every cell: where the sums of a stock begin."""

_ARRIVE = "0"
"""Stands for the outcome of an item that is due, whatever became of it."""

_SECONDES_PAR_JOUR = 86_400


class DemandeInvalide(ValueError):
    """The question cannot be put to this indicator; ``str()`` is a French sentence. ``champ``: what to change."""

    def __init__(self, message: str, champ: str | None = None) -> None:
        super().__init__(message)
        self.champ = champ


@dataclass(frozen=True, slots=True)
class Demande:
    """What is asked: an indicator over periods. ``caisse`` None: every caisse and the network.

    ``horloge``: another clock than the catalogue's, for delays. ``maintenant``: Unix seconds, which decides
    what is already due. ``connu``: as known on the evening of that Paris day; None: all that is known.
    """

    indicateur: Indicateur
    periodes: Sequence[Periode]
    maintenant: int
    vue: Vue = "responsable"
    caisse: int | None = None
    plateforme: int | None = None
    horloge: str | None = None
    connu: int | None = None

    @property
    def executante(self) -> bool:
        """Whether it is asked from the side of those who did the work."""
        return self.vue == "productrice" or self.plateforme is not None


class Evaluateur:
    """Computes values of one schema's indicators. ``dictionnaire`` must be loaded (see ``actualiser``)."""

    def __init__(self, schema: str, dictionnaire: Dictionnaire, cellier: Cellier | None = None) -> None:
        self._schema = schema
        self._cellier = cellier or Cellier(schema)
        self._dictionnaire = dictionnaire

    def a_memoire(self) -> "Evaluateur":
        """The same for one round of questions, each read put once: what it gives is as of the first time."""
        return Evaluateur(self._schema, self._dictionnaire, self._cellier.a_memoire())

    async def valeurs(self, conn: AsyncConnection, demande: Demande) -> list[Valeur]:
        """Values by period and caisse (code 0: the network); what has no activity is absent.

        Raises DemandeInvalide when the clock asked does not exist for the process, when the side asked cannot
        be known, or when the days are outside the calendars. A period in which what is measured changes is absent.
        """
        if not demande.periodes:
            return []
        if demande.indicateur.mesures:
            return [v for mesure in _par_mesure(demande) for v in await self.valeurs(conn, mesure)]
        demande = preciser(demande)
        indicateur = demande.indicateur
        process = self._dictionnaire.connait("process", indicateur.process)
        strates = strates_de(self._dictionnaire, indicateur.population)
        if process is None or strates == () or not self._deja_venu(indicateur.process):
            return []
        filtre = Filtre(process, demande.vue, strates, demande.caisse, demande.plateforme, demande.connu)
        return await _LECTURES[indicateur.genre](self, conn, demande, filtre)

    def _deja_venu(self, process: str) -> bool:
        """Whether a source ever sent a dossier of this process: a stock is summed from the first day on."""
        return any(serie.startswith(f"{process}|") for serie in self._dictionnaire.noms("serie").values())

    async def _lire(
        self,
        conn: AsyncConnection,
        filtre: Filtre,
        table: str,
        jours: Jours,
        colonnes: Colonnes,
        *mesures: str,
        condition: str = "true",
    ) -> dict[str, Entiers]:
        return await self._cellier.sommer(conn, filtre, [Selection(table, colonnes, condition, jours)], mesures)

    def _codes(self, issues: Sequence[str]) -> list[int]:
        codes = (self._dictionnaire.connait("issue", nom) for nom in issues)
        return [code for code in codes if code is not None]

    def _issue(self, noms: Sequence[str]) -> str:
        return f"issue = ANY({liste(self._codes(noms))})"

    def _parmi(self, cellules: Mapping[str, Entiers], noms: Sequence[str]) -> Entiers:
        """1 for each cell of one of these outcomes, else 0."""
        return np.isin(cellules["issue"], self._codes(noms)).astype(np.int64)

    async def _rapport(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p = d.indicateur.parametres
        return await self._part(conn, d, filtre, ("flux", "jour"), p["numerateur"], p["denominateur"])

    async def _part_issue(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p = d.indicateur.parametres
        return await self._part(conn, d, filtre, ("clos", "jour_clos"), p["issues"], p["parmi"])

    async def _part(
        self,
        conn: AsyncConnection,
        d: Demande,
        filtre: Filtre,
        ou: tuple[str, str],
        num: Sequence[str],
        den: Sequence[str],
    ) -> list[Valeur]:
        """Share of the outcomes ``num`` in the outcomes ``den``. ``ou``: the table and its column of days."""
        table, jour = ou
        lues = await self._lire(conn, filtre, table, jours_de(d, jour), {"issue": "issue", "n": "n"}, "n")
        parts = {"num": lues["n"] * self._parmi(lues, num), "den": lues["n"] * self._parmi(lues, den)}
        return st.rapport(lues | parts, d.periodes)

    async def _attente_part(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        # Among the calls whose wait is known: a source that gives none is not measured, rather than at 0 %.
        p = d.indicateur.parametres
        rapides = f"{self._issue(p['issues'])} AND secondes <= {int(p['secondes'])}"
        colonnes = {
            "num": f"CASE WHEN {rapides} THEN n ELSE 0 END",
            "den": f"CASE WHEN {self._issue(p['denominateur'])} THEN n ELSE 0 END",
        }
        lues = await self._lire(conn, filtre, "attentes", jours_de(d, "jour"), colonnes, "num", "den")
        return st.rapport(lues, d.periodes)

    async def _attente(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p, colonnes, condition = d.indicateur.parametres, {"secondes": "secondes", "n": "n"}, self._issue
        attentes = await self._lire(
            conn, filtre, "attentes", jours_de(d, "jour"), colonnes, "n", condition=condition(p["issues"])
        )
        if d.indicateur.genre == "attente_moyenne":
            n, secondes, unite = attentes["n"], attentes["secondes"], int(p.get("secondes_par_unite", 1))
            entieres = secondes // unite
            sommes = {"somme": n * secondes, "duree": n * entieres, "carre": n * entieres * entieres}
            return st.moyenne({**attentes, **sommes}, d.periodes, unite)
        return st.quantiles(attentes, attentes["secondes"], tuple(p["q"]), d.periodes)

    async def _delai_moyen(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        # Cells keep no Σ x²: the spread of the delays is that of whole days, which each cell gives.
        colonnes = {
            "somme": "secondes",
            "n": "n",
            "duree": "n * (jour_clos - jour_ouvert)",
            "carre": "n * (jour_clos - jour_ouvert) * (jour_clos - jour_ouvert)",
        }
        condition, jours = self._issue(d.indicateur.parametres["issues"]), jours_de(d, "jour_clos")
        mesures = ("n", "somme", "duree", "carre")
        clos = await self._lire(conn, filtre, "clos", jours, colonnes, *mesures, condition=condition)
        return st.moyenne(clos, d.periodes, _SECONDES_PAR_JOUR)

    async def _delai_quantile(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p, jours = d.indicateur.parametres, jours_de(d, "jour_clos")
        condition, q = self._issue(p["issues"]), tuple(p["q"])
        if p["horloge"] != "jours_ouvres":
            colonnes = {"duree": duree(p["horloge"]), "n": "n"}
            clos = await self._lire(conn, filtre, "clos", jours, colonnes, "n", condition=condition)
            return st.quantiles(clos, clos["duree"], q, d.periodes)
        colonnes = {"ouvert_le": "jour_ouvert", "clos_le": "jour_clos", "lieu": "caisse", "n": "n"}
        clos = await self._lire(conn, filtre, "clos", jours, colonnes, "n", condition=condition)
        durees = st.jours_ecoules(
            "jours_ouvres", clos["lieu"], clos["ouvert_le"], clos["clos_le"], contexte(d.maintenant).calendriers
        )
        return st.quantiles(clos, durees, q, d.periodes)

    async def _stock(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        ici = contexte(d.maintenant)
        soirs = _soirs(d, ici)
        selections = [
            Selection("ouverts", {"n": "n", "ouverts": "n"}, jours=soirs._replace(colonne="jour")),
            Selection("clos", {"n": "-n", "ouverts": "0"}, jours=soirs._replace(colonne="jour_clos")),
        ]
        return st.stock(await self._cellier.sommer(conn, filtre, selections, ("n", "ouverts")), d.periodes, ici)

    async def _stock_age(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p, ici = d.indicateur.parametres, contexte(d.maintenant)
        soirs = _soirs(d, ici)
        selections = [
            Selection("ouverts", {"jour_ouvert": "jour", "n": "n"}, jours=soirs._replace(colonne="jour")),
            Selection("clos", {"jour_ouvert": "jour_ouvert", "n": "-n"}, jours=soirs._replace(colonne="jour_clos")),
        ]
        mouvements = await self._cellier.sommer(conn, filtre, selections, ("n",))
        return st.stock_age_quantile(mouvements, p["horloge"], tuple(p["q"]), d.periodes, ici)

    async def _echeance(self, conn: AsyncConnection, d: Demande, filtre: Filtre) -> list[Valeur]:
        p = d.indicateur.parametres
        horloge, limite, jours = p["horloge"], int(p["limite"]), coupes(d.periodes)
        au = jours[-1] - 1
        depuis = premier_ouvert(horloge, limite, jours[0])
        du = echus(horloge, limite, (depuis, au), jours, d.maintenant)
        clos = du("jour_ouvert", "heure_ouvert")
        a_temps = (
            f"{entre('jour_ouvert', depuis, au)} AND {entre('jour_clos', depuis, au)} "
            f"AND {dans_les_temps(horloge, limite, depuis, au)}"
        )
        if d.executante:
            # Nobody has worked on an open item yet: from this side only closed ones are known, however late.
            tous = Selection(
                "clos", _du(clos, _ARRIVE), f"{entre('jour_ouvert', depuis, au)} AND jour_clos >= {depuis}"
            )
        else:
            tous = Selection("ouverts", _du(du("jour", "heure"), _ARRIVE), entre("jour", depuis, au))
        lues = await self._cellier.sommer(conn, filtre, [tous, Selection("clos", _du(clos, "issue"), a_temps)], ("n",))
        arrives, exclus = (lues["issue"] == int(_ARRIVE)), self._parmi(lues, p["exclues"])
        parts = {"num": lues["n"] * self._parmi(lues, p["tenues"]), "den": lues["n"] * (arrives * 1 - exclus)}
        return st.rapport(lues | parts, d.periodes)


_Lecture = Callable[[Evaluateur, AsyncConnection, Demande, Filtre], Awaitable[list[Valeur]]]

_LectureDeReleves = Callable[[Cellier, Dictionnaire, AsyncConnection, Demande, Filtre], Awaitable[list[Valeur]]]


def _releve(lecture: _LectureDeReleves) -> _Lecture:
    return lambda evaluateur, conn, d, filtre: lecture(evaluateur._cellier, evaluateur._dictionnaire, conn, d, filtre)


_LECTURES: Mapping[str, _Lecture] = {
    "rapport": Evaluateur._rapport,
    "attente_part": Evaluateur._attente_part,
    "attente_quantile": Evaluateur._attente,
    "attente_moyenne": Evaluateur._attente,
    "delai_moyen": Evaluateur._delai_moyen,
    "delai_quantile": Evaluateur._delai_quantile,
    "part_issue": Evaluateur._part_issue,
    "stock": Evaluateur._stock,
    "stock_age_quantile": Evaluateur._stock_age,
    "echeance": Evaluateur._echeance,
    "nombre": _releve(nombre),
    "part_strate": _releve(part_strate),
    "releve_moyenne": _releve(releve_moyenne),
    "releve_part": _releve(releve_part),
    "ecart_sources": _releve(ecart_sources),
    "part_chaine": _releve(part_chaine),
    "part_nette": _releve(part_nette),
    "echeance_nette": _releve(echeance_nette),
}


def _du(jour: str, issue: str) -> Colonnes:
    return {"jour": jour, "issue": issue, "n": "n"}


def _soirs(d: Demande, ici: Contexte) -> Jours:
    """The days at which to cut the movements of a stock: the day after each evening asked, and after today."""
    dernier = max(p.au for p in d.periodes) + 1
    lendemains = {p.au + 1 for p in d.periodes} | {jour + 1 for jour, _ in ici.maintenant.values()}
    soirs = (_ORIGINE, *sorted(jour for jour in lendemains if jour < dernier), dernier)
    return Jours("", soirs, d.maintenant // _SECONDES_PAR_JOUR)


def _par_mesure(demande: Demande) -> list[Demande]:
    """The same question put to each thing the indicator measures in turn; a period across two of them has no value."""
    groupes: dict[str, tuple[Indicateur, list[Periode]]] = {}
    for periode in demande.periodes:
        mesure = demande.indicateur.mesure(date_de(periode.du), date_de(periode.au))
        if mesure is not None:
            groupes.setdefault(mesure.code, (mesure, []))[1].append(periode)
    return [replace(demande, indicateur=mesure, periodes=periodes) for mesure, periodes in groupes.values()]


def preciser(demande: Demande) -> Demande:
    """The question as it is answered, on the clock asked. Raises DemandeInvalide, as ``Evaluateur.valeurs``."""
    _verifier(demande)
    return replace(demande, indicateur=sur_horloge(demande.indicateur, demande.horloge), horloge=None)


def _verifier(d: Demande) -> None:
    if min(p.du for p in d.periodes) < PREMIER_JOUR or max(p.au for p in d.periodes) >= FIN - MARGE:
        bornes = f"du {date_de(PREMIER_JOUR):%d/%m/%Y} au {date_de(FIN - MARGE - 1):%d/%m/%Y}"
        raise DemandeInvalide(f"Les jours demandés sortent des calendriers connus, qui vont {bornes}.", "du")
    if d.executante and d.indicateur.genre in ("stock", "stock_age_quantile"):
        raise DemandeInvalide(
            f"{d.indicateur.code} compte des dossiers en instance : ils n'ont pas encore de productrice ni de "
            "plateforme. Demandez la vue responsable, sans plateforme.",
            "vue" if d.vue == "productrice" else "plateforme",
        )


def sur_horloge(indicateur: Indicateur, horloge: str | None) -> Indicateur:
    """The same indicator on another clock. Raises DemandeInvalide when it has none to choose, or not that one."""
    if horloge is None:
        return indicateur
    if indicateur.genre not in ("delai_quantile", "stock_age_quantile", "echeance"):
        raise DemandeInvalide(f"{indicateur.code} n'a pas d'horloge à choisir : retirez « horloge ».", "horloge")
    permises = charger_processus()[indicateur.process].horloges
    connues = {"stock_age_quantile": HORLOGES_DEDUITES, "echeance": ec.HORLOGES}.get(indicateur.genre, permises)
    permises = tuple(h for h in permises if h in connues)
    if horloge not in permises:
        raise DemandeInvalide(
            f"Horloge {horloge!r} absente pour {indicateur.code}. Au choix : {', '.join(permises)}.", "horloge"
        )
    return replace(indicateur, parametres={**indicateur.parametres, "horloge": horloge})
