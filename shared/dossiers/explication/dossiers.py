"""The dossiers behind a figure: those about a quantile, those a rate missed, those still open. By page, bounded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import asyncpg

from shared.catalogue.indicateurs import Indicateur
from shared.catalogue.processus import HORLOGES_GARDEES
from shared.dossiers.contributions import ATTENTE, CLOS, DIMENSIONS, FLUX, OUVERT, lire_strate
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.echeances import premier_ouvert
from shared.dossiers.effets import Cle
from shared.dossiers.gardees import decoder_contributions
from shared.dossiers.valeurs import Demande
from shared.indicators.echeances import due_le
from shared.indicators.statistiques import Valeur
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger

SECONDES_MAX = 3.0
"""Longest a list of dossiers may take; beyond it the figures stand without it."""

VUS_MAX = 50_000
"""Most dossiers looked at for one page; the next page goes on from there."""

_SECONDES_PAR_JOUR = 86_400

Cellules = Mapping[int, Mapping[str, int]]
"""Kind of cell -> its dimensions by name, of one dossier."""


class Dossier(NamedTuple):
    """``mesure``: its delay, wait or age, in the unit of the indicator; None: it has none yet, or none matters."""

    namespace: str
    id: str
    caisse: int
    ouvert: int | None
    clos: int | None
    issue: str
    mesure: float | None


class PageDossiers(NamedTuple):
    """``suivant``: the key to go on after; None: that was all. ``trop_long``: not listed within the time allowed."""

    dossiers: Sequence[Dossier]
    suivant: Cle | None
    trop_long: bool


@dataclass(frozen=True, slots=True)
class Recherche:
    """Which dossiers to show. ``role``: what they are to the figure (see ``mots.ROLES``).

    ``condition``: SQL over jour_ouvert and jour_clos that holds for all of them. ``mesurer``: their measure, or
    False when they are not to be shown.
    """

    role: str
    condition: str
    mesurer: Callable[[Cellules], float | bool | None]


def recherche(demande: Demande, valeur: Valeur | None, dictionnaire: Dictionnaire) -> Recherche | None:
    """The dossiers to show for a value of one period; None when its kind has none to show."""
    faire = _RECHERCHES.get(demande.indicateur.genre)
    if faire is None or valeur is None:
        return None
    return faire(_Criteres(demande, valeur, dictionnaire))


class _Criteres:
    """What the searches of one question share."""

    def __init__(self, demande: Demande, valeur: Valeur, dictionnaire: Dictionnaire) -> None:
        self.demande, self.valeur, self._dictionnaire = demande, valeur, dictionnaire
        (periode,) = demande.periodes
        self.du, self.au = periode
        self.parametres: Mapping[str, Any] = demande.indicateur.parametres

    def codes(self, issues: Sequence[str]) -> frozenset[int]:
        return frozenset(c for c in (self._dictionnaire.connait("issue", i) for i in issues) if c is not None)

    def dans(self, cellule: Mapping[str, int] | None, jour: str) -> bool:
        return cellule is not None and self.du <= cellule[jour] <= self.au

    def autour(self, mesure: float) -> bool:
        """Within the interval of the value; at the value itself when it has none."""
        v = self.valeur
        bas = v.bas if v.bas is not None else v.valeur
        haut = v.haut if v.haut is not None else v.valeur
        return bas is not None and haut is not None and bas <= mesure <= haut


def _appels_manques(c: _Criteres) -> Recherche:
    p = c.parametres
    return _issues_manquees(c, FLUX, "jour", p["numerateur"], p["denominateur"])


def _clos_manques(c: _Criteres) -> Recherche:
    p = c.parametres
    return _issues_manquees(c, CLOS, "jour_clos", p["issues"], p["parmi"])


def _issues_manquees(c: _Criteres, genre: int, jour: str, num: Sequence[str], den: Sequence[str]) -> Recherche:
    """Where low is better, what the rate counts is what to look at; else what it lacks."""
    bas = c.demande.indicateur.sens == "bas"
    voulues = c.codes(num) if bas else c.codes(den) - c.codes(num)

    def mesurer(cellules: Cellules) -> float | bool | None:
        cellule = cellules.get(genre)
        return None if cellule and c.dans(cellule, jour) and cellule["issue"] in voulues else False

    return Recherche("comptes" if bas else "manques", _clos_dans(c), mesurer)


def _attentes(c: _Criteres) -> Recherche:
    p = c.parametres
    issues, den = c.codes(p["issues"]), c.codes(p.get("denominateur", p["issues"]))
    genre = c.demande.indicateur.genre
    moyenne, part = c.valeur.valeur or 0.0, int(p.get("secondes", 0))

    def mesurer(cellules: Cellules) -> float | bool | None:
        cellule = cellules.get(ATTENTE)
        if cellule is None or not c.dans(cellule, "jour") or cellule["issue"] not in den:
            return False
        attente = cellule["secondes"]
        if genre == "attente_part":
            garde = cellule["issue"] not in issues or attente > part
        else:
            garde = c.autour(attente) if genre == "attente_quantile" else attente > moyenne
        return float(attente) if garde else False

    roles = {"attente_part": "manques", "attente_quantile": "autour", "attente_moyenne": "au_dela"}
    return Recherche(roles[genre], _clos_dans(c), mesurer)


def _delais(c: _Criteres) -> Recherche:
    issues, moyenne = c.codes(c.parametres["issues"]), c.valeur.valeur or 0.0
    quantile = c.demande.indicateur.genre == "delai_quantile"
    horloge = c.parametres.get("horloge", "jours_calendaires")

    def mesurer(cellules: Cellules) -> float | bool | None:
        cellule = cellules.get(CLOS)
        if cellule is None or not c.dans(cellule, "jour_clos") or cellule["issue"] not in issues:
            return False
        delai = float(_duree(cellule, horloge, cellule["jour_clos"]))
        return delai if (c.autour(delai) if quantile else delai > moyenne) else False

    return Recherche("autour" if quantile else "au_dela", _clos_dans(c), mesurer)


def _ouverts(c: _Criteres) -> Recherche:
    ages = c.demande.indicateur.genre == "stock_age_quantile"
    horloge = c.parametres.get("horloge", "jours_calendaires")

    def mesurer(cellules: Cellules) -> float | bool | None:
        ouvert, clos = cellules.get(OUVERT), cellules.get(CLOS)
        if ouvert is None or ouvert["jour"] > c.au or (clos is not None and clos["jour_clos"] <= c.au):
            return False
        soir = min(c.au, ouvertures_de(charger().par_code[ouvert["caisse"]]).fuseau.jour(c.demande.maintenant))
        age = float(_duree({**ouvert, "jour_ouvert": ouvert["jour"]}, horloge, soir))
        return age if not ages or c.autour(age) else False

    condition = f"jour_ouvert <= {c.au} AND (jour_clos IS NULL OR jour_clos > {c.au})"
    return Recherche("autour" if ages else "ouverts", condition, mesurer)


def _echeances_manquees(c: _Criteres) -> Recherche:
    p = c.parametres
    horloge, limite = p["horloge"], int(p["limite"])
    tenues, exclues = c.codes(p["tenues"]), c.codes(p["exclues"])

    def mesurer(cellules: Cellules) -> float | bool | None:
        ouvert, clos = cellules.get(OUVERT), cellules.get(CLOS)
        if ouvert is None or (clos is None and c.demande.executante):
            return False
        agenda = ouvertures_de(charger().par_code[ouvert["caisse"]])
        jour_du, passe = due_le(agenda, horloge, limite, ouvert["jour"], ouvert["heure"])
        if not c.du <= jour_du <= c.au or passe > c.demande.maintenant:
            return False
        if clos is None:
            return None
        mesure = float(_duree(clos, horloge, clos["jour_clos"]))
        a_temps = mesure <= limite
        return False if a_temps and clos["issue"] in tenues | exclues else mesure

    depuis = premier_ouvert(horloge, limite, c.du)
    return Recherche("manques", f"jour_ouvert BETWEEN {depuis} AND {c.au}", mesurer)


_RECHERCHES: Mapping[str, Callable[[_Criteres], Recherche]] = {
    "rapport": _appels_manques,
    "part_issue": _clos_manques,
    "attente_part": _attentes,
    "attente_moyenne": _attentes,
    "attente_quantile": _attentes,
    "delai_moyen": _delais,
    "delai_quantile": _delais,
    "stock": _ouverts,
    "stock_age_quantile": _ouverts,
    "echeance": _echeances_manquees,
}


def _clos_dans(c: _Criteres) -> str:
    return f"jour_clos BETWEEN {c.du} AND {c.au}"


def _duree(cellule: Mapping[str, int], horloge: str, fin: int) -> int:
    if horloge in HORLOGES_GARDEES:
        return cellule[horloge]
    debut = cellule["jour_ouvert"]
    if horloge == "jours_calendaires":
        return fin - debut
    return ouvertures_de(charger().par_code[cellule["caisse"]]).calendrier.ouvres_entre(debut, fin)


async def lister(
    conn: asyncpg.Connection,
    schema: str,
    dictionnaire: Dictionnaire,
    demande: Demande,
    quoi: Recherche,
    limite: int,
    apres: Cle | None,
) -> PageDossiers:
    """Up to ``limite`` dossiers after the key ``apres``, in key order. In a transaction of its own, bounded in time."""
    series = {
        code: nom.partition("|")[2]
        for code, nom in dictionnaire.noms("serie").items()
        if nom.partition("|")[0] == demande.indicateur.process
    }
    responsable = demande.caisse if demande.vue == "responsable" else None
    requete = (
        "WITH candidats AS MATERIALIZED ("
        f"SELECT subject, serie, contributions, jour_ouvert, jour_clos FROM {schema}.dossiers "
        f"WHERE serie = ANY($1) AND {quoi.condition} AND ($2::int IS NULL OR caisse = $2)) "
        "SELECT * FROM candidats WHERE $3::text IS NULL OR (subject, serie) > ($3, $4) ORDER BY subject, serie"
    )
    trouves: list[Dossier] = []
    vus, dernier = 0, None
    try:
        async with conn.transaction(readonly=True):
            await conn.execute(f"SET LOCAL statement_timeout = {int(SECONDES_MAX * 1000)}")
            sujet, serie = apres or (None, None)
            async for ligne in conn.cursor(requete, list(series), responsable, sujet, serie, prefetch=1_000):
                if vus == VUS_MAX:
                    return PageDossiers(trouves, dernier, trop_long=False)
                trouve = _trouver(ligne, series, dictionnaire, demande, quoi)
                if trouve is not None and len(trouves) == limite:
                    return PageDossiers(trouves, dernier, trop_long=False)
                vus, dernier = vus + 1, (ligne["subject"], ligne["serie"])
                if trouve is not None:
                    trouves.append(trouve)
    except asyncpg.QueryCanceledError:
        return PageDossiers([], None, trop_long=True)
    return PageDossiers(trouves, None, trop_long=False)


def _trouver(
    ligne: Any, series: Mapping[int, str], dictionnaire: Dictionnaire, demande: Demande, quoi: Recherche
) -> Dossier | None:
    cellules = {
        genre: dict(zip(DIMENSIONS[genre], dims, strict=True))
        for genre, dims, _ in decoder_contributions(ligne["contributions"])
    }
    fait = cellules.get(CLOS) or cellules.get(FLUX)
    cellule = fait or cellules[OUVERT]
    if not (_du_bon_cote(fait, demande) and _de_la_population(cellule, demande.indicateur, dictionnaire)):
        return None
    mesure = quoi.mesurer(cellules)
    if mesure is False:
        return None
    return Dossier(
        series[ligne["serie"]],
        ligne["subject"],
        cellule["caisse"],
        ligne["jour_ouvert"],
        ligne["jour_clos"],
        dictionnaire.nom("issue", fait["issue"]) if fait else "",
        None if mesure is None else float(mesure),
    )


def _du_bon_cote(fait: Mapping[str, int] | None, demande: Demande) -> bool:
    """Of the productrice and of the platform asked; what nobody has worked on is of none."""
    if not demande.executante:
        return True
    if fait is None:
        return False
    productrice = demande.vue != "productrice" or demande.caisse in (None, fait["productrice"])
    return productrice and demande.plateforme in (None, fait["plateforme"])


def _de_la_population(cellule: Mapping[str, int], indicateur: Indicateur, dictionnaire: Dictionnaire) -> bool:
    if not indicateur.population:
        return True
    return indicateur.population.items() <= lire_strate(dictionnaire.nom("strate", cellule["strate"])).items()
