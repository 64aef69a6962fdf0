"""Values read from counts, strata and quantities: how many, which share of a stratum, and how much was measured."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.processus import tous_les_processus
from shared.dossiers.cellules import Cellier, Filtre, Selection, entre, jours_de, liste, strates_de
from shared.dossiers.dictionnaire import Dictionnaire
from shared.indicators import statistiques as st
from shared.indicators.periodes import coupes
from shared.indicators.rangs import Entiers
from shared.indicators.releves import ecarts
from shared.indicators.statistiques import Valeur

if TYPE_CHECKING:
    from shared.dossiers.valeurs import Demande


async def nombre(
    cellier: Cellier, noms: Dictionnaire, conn: AsyncConnection, d: "Demande", filtre: Filtre
) -> list[Valeur]:
    """How many came and ended in one of ``issues``."""
    condition = _issue(noms, d.indicateur.parametres["issues"])
    selection = Selection("flux", {"n": "n"}, condition, jours_de(d, "jour"))
    return st.comptage(await cellier.sommer(conn, filtre, [selection], ("n",)), d.periodes)


async def part_strate(
    cellier: Cellier, noms: Dictionnaire, conn: AsyncConnection, d: "Demande", filtre: Filtre
) -> list[Valeur]:
    """Share of ``valeurs`` of an attribute among what ended in one of ``issues`` and has a listed value of it."""
    p = d.indicateur.parametres
    processus = tous_les_processus()[d.indicateur.process]
    table, jour = ("clos", "jour_clos") if processus.forme == "dossiers" else ("flux", "jour")
    voulues = _strates(noms, p["attribut"], p["valeurs"])
    connues = _strates(noms, p["attribut"], processus.attributs[p["attribut"]])
    colonnes = {
        "num": f"CASE WHEN strate = ANY({liste(voulues)}) THEN n ELSE 0 END",
        "den": f"CASE WHEN strate = ANY({liste(connues)}) THEN n ELSE 0 END",
    }
    selection = Selection(table, colonnes, _issue(noms, p["issues"]), jours_de(d, jour))
    lues = await cellier.sommer(conn, filtre, [selection], ("num", "den"))
    return st.rapport(lues, d.periodes)


async def releve_moyenne(
    cellier: Cellier, noms: Dictionnaire, conn: AsyncConnection, d: "Demande", filtre: Filtre
) -> list[Valeur]:
    """Mean of a quantity over the times it was read."""
    colonnes = {"n": "n", "somme": "n * valeur", "duree": "n * valeur", "carre": "n * valeur::bigint * valeur"}
    condition = de_la_grandeur(noms, d.indicateur.parametres["grandeur"])
    selection = Selection("releves", colonnes, condition, jours_de(d, "jour"))
    return st.moyenne(await cellier.sommer(conn, filtre, [selection], tuple(colonnes)), d.periodes)


async def releve_part(
    cellier: Cellier, noms: Dictionnaire, conn: AsyncConnection, d: "Demande", filtre: Filtre
) -> list[Valeur]:
    """Σ of a quantity over Σ of another; ``n``: how many times the second was read."""
    p = d.indicateur.parametres
    haut, bas = de_la_grandeur(noms, p["numerateur"]), de_la_grandeur(noms, p["denominateur"])
    colonnes = {
        "num": f"CASE WHEN {haut} THEN n * valeur ELSE 0 END",
        "den": f"CASE WHEN {bas} THEN n * valeur ELSE 0 END",
        "n": f"CASE WHEN {bas} THEN n ELSE 0 END",
    }
    selection = Selection("releves", colonnes, jours=jours_de(d, "jour"))
    return st.part_mesuree(await cellier.sommer(conn, filtre, [selection], ("num", "den", "n")), d.periodes)


async def ecart_sources(
    cellier: Cellier, noms: Dictionnaire, conn: AsyncConnection, d: "Demande", filtre: Filtre
) -> list[Valeur]:
    """How far apart the counts of two sources of the same calls are, day by day and platform by platform."""
    lues = await comptes_des_sources(cellier, noms, conn, d, filtre)
    dits = lues["origine"] >= 0
    return st.part_mesuree(ecarts({nom: colonne[dits] for nom, colonne in lues.items()}), d.periodes)


async def comptes_des_sources(
    cellier: Cellier, noms: Dictionnaire, conn: AsyncConnection, d: "Demande", filtre: Filtre
) -> Mapping[str, Entiers]:
    """What each source counted: caisse, jour, plateforme, origine (-1: not said), total, and n readings."""
    p, jours = d.indicateur.parametres, coupes(d.periodes)
    origines = tous_les_processus()[d.indicateur.process].attributs[p["attribut"]]
    rangs = " ".join(
        f"WHEN strate = ANY({liste(_strates(noms, p['attribut'], [origine]))}) THEN {rang}"
        for rang, origine in enumerate(origines)
    )
    colonnes = {
        "jour": "jour", "plateforme": "plateforme", "origine": f"CASE {rangs} ELSE -1 END",
        "total": "n * valeur", "n": "n",
    }  # fmt: skip
    condition = f"{entre('jour', jours[0], jours[-1] - 1)} AND {de_la_grandeur(noms, p['grandeur'])}"
    return await cellier.sommer(conn, filtre, [Selection("releves", colonnes, condition)], ("total", "n"))


def _strates(noms: Dictionnaire, attribut: str, valeurs: Sequence[str]) -> list[int]:
    return [code for valeur in valeurs for code in strates_de(noms, {attribut: valeur}) or ()]


def _issue(noms: Dictionnaire, issues: Sequence[str]) -> str:
    codes = (noms.connait("issue", nom) for nom in issues)
    return f"issue = ANY({liste([code for code in codes if code is not None])})"


def de_la_grandeur(noms: Dictionnaire, grandeur: str) -> str:
    """SQL condition on the cells of readings."""
    return f"grandeur = {noms.connait('grandeur', grandeur) or 0}"
