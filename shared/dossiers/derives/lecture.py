"""Statistics read in the cells of the derived processes, alone or beside those of the process they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.processus import charger_processus
from shared.dossiers.cellules import Cellier, Entiers, Filtre, Selection, jours_de, liste, strates_de
from shared.dossiers.dictionnaire import Dictionnaire
from shared.indicators import statistiques as st
from shared.indicators.statistiques import Valeur

if TYPE_CHECKING:
    from shared.dossiers.valeurs import Demande


async def part_chaine(
    cellier: Cellier, noms: Dictionnaire, conn: AsyncConnection, d: "Demande", filtre: Filtre
) -> list[Valeur]:
    """Share of the contacts whose ``attribut`` is one of ``valeurs``, however they ended."""
    p = d.indicateur.parametres
    colonnes = {
        "num": f"CASE WHEN strate = ANY({liste(strates_parmi(noms, p['attribut'], p['valeurs']))}) THEN n ELSE 0 END",
        "den": "n",
    }
    selection = Selection("flux", colonnes, jours=jours_de(d, "jour"))
    lues = await cellier.sommer(conn, filtre, [selection], ("num", "den"))
    return st.rapport(lues, d.periodes)


async def part_nette(
    cellier: Cellier, noms: Dictionnaire, conn: AsyncConnection, d: "Demande", filtre: Filtre
) -> list[Valeur]:
    """Share of ``numerateur`` in what came, less the contacts of the derived process ``sans`` on both sides.

    Of calls and visits, those that ended in one of ``denominateur``; of files, those opened in the period, whenever
    they ended. What is not announced yet is not taken out.
    """
    p = d.indicateur.parametres
    sans, canal = p["sans"], d.indicateur.process
    venus = await cellier.sommer(conn, filtre, _venus(canal, noms, p, d), ("num", "den"))
    derive = replace(
        filtre,
        process=noms.connait("process", sans["process"]) or 0,
        strates=tuple(_strates(noms, canal, d.indicateur.population, sans)),
    )
    toutes = "denominateur" not in p and not d.executante
    condition = "true" if toutes else _issue(noms, _denominateur(canal, p))
    otes = await cellier.sommer(
        conn, derive, [Selection("flux", _num_den(noms, p), condition, jours_de(d, "jour"))], ("num", "den")
    )
    return st.rapport(_nets(venus, otes), d.periodes)


def strates_parmi(noms: Dictionnaire, attribut: str, valeurs: Sequence[str]) -> list[int]:
    """Codes of the strata where an attribute has one of these values."""
    voulues = {f"{attribut}={valeur}" for valeur in valeurs}
    return [code for code, nom in noms.noms("strate").items() if not voulues.isdisjoint(nom.split(";"))]


def _venus(canal: str, noms: Dictionnaire, p: Mapping[str, Sequence[str]], d: "Demande") -> list[Selection]:
    if charger_processus()[canal].forme == "flux":
        return [Selection("flux", _num_den(noms, p), _issue(noms, p["denominateur"]), jours_de(d, "jour"))]
    le = jours_de(d, "jour_ouvert")
    if d.executante:
        return [Selection("clos", _num_den(noms, p), jours=le)]
    return [
        Selection("ouverts", {"num": "0", "den": "n"}, jours=jours_de(d, "jour")),
        Selection("clos", {"num": "n", "den": "0"}, _issue(noms, p["numerateur"]), le),
    ]


def _num_den(noms: Dictionnaire, p: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {"num": f"CASE WHEN {_issue(noms, p['numerateur'])} THEN n ELSE 0 END", "den": "n"}


def _strates(
    noms: Dictionnaire, canal: str, population: Mapping[str, str], sans: Mapping[str, Sequence[str]]
) -> list[int]:
    """Codes of the strata of the contacts to take out: of this channel and population."""
    voulues = set(strates_de(noms, {"canal": canal, **population}) or ())
    return [code for code in strates_parmi(noms, str(sans["attribut"]), sans["valeurs"]) if code in voulues]


def _nets(venus: Mapping[str, Entiers], otes: Mapping[str, Entiers]) -> dict[str, Entiers]:
    """What came less what is taken out, by caisse and day. Read one after the other while contacts come, the two may
    disagree for a moment: nothing goes below none, nor above what came."""
    caisses, jours = (np.concatenate([venus[nom], otes[nom]]) for nom in ("caisse", "jour"))
    cles, rangs = np.unique(np.stack([caisses, jours]), axis=1, return_inverse=True)
    sommes = {nom: np.zeros(cles.shape[1], dtype=np.int64) for nom in ("den", "num")}
    for nom, somme in sommes.items():
        np.add.at(somme, rangs.ravel(), np.concatenate([venus[nom], -otes[nom]]))
    den = np.maximum(sommes["den"], 0)
    return {"caisse": cles[0], "jour": cles[1], "den": den, "num": np.clip(sommes["num"], 0, den)}


def _denominateur(canal: str, p: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return p["denominateur"] if "denominateur" in p else charger_processus()[canal].issues


def _issue(noms: Dictionnaire, issues: Sequence[str]) -> str:
    codes = (noms.connait("issue", nom) for nom in issues)
    return f"issue = ANY({liste([code for code in codes if code is not None])})"
