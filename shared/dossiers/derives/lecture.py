"""Statistics read in the cells of the derived processes, alone or beside those of the process they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.derives import TENU
from shared.catalogue.processus import charger_processus
from shared.dossiers.cellules import Cellier, Entiers, Filtre, Selection, jours_de, liste, strates_de
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.echeances import dans_les_temps
from shared.dossiers.lieux import contexte
from shared.indicators import statistiques as st
from shared.indicators.statistiques import Valeur

if TYPE_CHECKING:
    from shared.dossiers.valeurs import Demande

ECHUS_APRES = 3
"""Days after which all that came on a day has fallen due: 48 hours, counted from the end of that day."""

_HEURE = 3_600
"""Seconds by which a change of clocks may put off what is due."""


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
    canal = d.indicateur.process
    venus = await cellier.sommer(conn, filtre, _venus(canal, noms, p, d), ("num", "den"))
    derive = cellules_otees(noms, d, filtre)
    toutes = "denominateur" not in p and not d.executante
    condition = "true" if toutes else _issue(noms, _denominateur(canal, p))
    otes = await cellier.sommer(
        conn, derive, [Selection("flux", _num_den(noms, p), condition, jours_de(d, "jour"))], ("num", "den")
    )
    return st.rapport(_nets(venus, otes), d.periodes)


async def echeance_nette(
    cellier: Cellier, noms: Dictionnaire, conn: AsyncConnection, d: "Demande", filtre: Filtre
) -> list[Valeur]:
    """Share of ``tenues`` within the limit in what came and has fallen due, less the contacts of the derived process
    ``sans`` on both sides.

    By the day they came: a chain keeps the day of a contact, not its hour. A day counts once all that came on it is
    due in every caisse. From the side of those who did the work only closed items are known, however late.
    """
    p = d.indicateur.parametres
    canal, horloge, limite = d.indicateur.process, p["horloge"], int(p["limite"])
    dernier = dernier_echu(d.maintenant)
    le, tenues = jours_de(d, "jour_ouvert"), _issue(noms, p["tenues"])
    a_temps = f"{tenues} AND {dans_les_temps(horloge, limite, *_bornes(d))}"
    tous = (
        Selection("clos", {"num": "0", "den": "n"}, f"jour_ouvert <= {dernier}", le)
        if d.executante
        else Selection("ouverts", {"num": "0", "den": "n"}, f"jour <= {dernier}", jours_de(d, "jour"))
    )
    clos = Selection("clos", {"num": "n", "den": "0"}, f"{a_temps} AND jour_ouvert <= {dernier}", le)
    venus = await cellier.sommer(conn, filtre, [tous, clos], ("num", "den"))
    derive = cellules_otees(noms, d, filtre)
    dans_le_delai = f"strate = ANY({liste(strates_parmi(noms, 'delai', [TENU]))})"
    cellules = {"num": f"CASE WHEN {tenues} AND {dans_le_delai} THEN n ELSE 0 END", "den": "n"}
    finis = _issue(noms, charger_processus()[canal].issues) if d.executante else "true"
    otes = await cellier.sommer(
        conn,
        derive,
        [Selection("flux", cellules, f"{finis} AND jour <= {dernier}", jours_de(d, "jour"))],
        ("num", "den"),
    )
    return st.rapport(_nets(venus, otes), d.periodes)


def dernier_echu(maintenant: int) -> int:
    """The last day of which all that came is due in every caisse."""
    return min(jour for jour, _ in contexte(maintenant - _HEURE).maintenant.values()) - ECHUS_APRES


def cellules_otees(noms: Dictionnaire, d: "Demande", filtre: Filtre) -> Filtre:
    """Which cells of the derived process ``sans`` are taken out of an indicator."""
    sans = d.indicateur.parametres["sans"]
    strates = _strates(noms, d.indicateur.process, d.indicateur.population, sans)
    return replace(filtre, process=noms.connait("process", sans["process"]) or 0, strates=tuple(strates))


def _bornes(d: "Demande") -> tuple[int, int]:
    return min(p.du for p in d.periodes), max(p.au for p in d.periodes)


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
