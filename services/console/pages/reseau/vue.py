"""What the template of the network shows: filters, the caisses to look at first, the matrix, the map."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel

from services.console.mots import CASES_ALERTE, COLONNES, Verdict, avec_unite
from services.console.pages.reseau.lecture import Colonne, EtatReseau
from services.console.releves import Mesure
from shared.network.reseau import Caisse, charger

ATTENTION = "attention"
PREMIERES = 6
"""Caisses to look at first: what one reads on a Monday morning."""

FRANCHI = "v-alerte"


class Choix(BaseModel):
    """What was asked of the page. A value that nothing has filters everything out, visibly."""

    tri: str = ATTENTION
    sens: Literal["asc", "desc", ""] = ""
    region: str = ""
    process: str = ""
    convention: str = ""
    carte: str = ""
    """Indicator of the map; empty: the alerts of each caisse."""

    def adresse(self, **change: str) -> str:
        """The same page with another choice."""
        voulu = {nom: valeur for nom, valeur in (self.model_dump() | change).items() if valeur}
        if voulu.get("tri") == ATTENTION:
            del voulu["tri"]
        return "/" + (f"?{urlencode(voulu)}" if voulu else "")


@dataclass(frozen=True, slots=True)
class Ligne:
    """One caisse of the matrix; ``cellules`` in the order of the columns, None where the column could not be read."""

    caisse: Caisse
    cellules: Sequence[Mesure | None]
    averees: int

    @property
    def franchis(self) -> int:
        return sum(c is not None and c.verdict.classe == FRANCHI for c in self.cellules)

    @property
    def sous_le_socle(self) -> int:
        return sum(c is not None and c.verdict.classe == "v-sous" for c in self.cellules)

    @property
    def pire(self) -> Mesure | None:
        lues = [c for c in self.cellules if c is not None]
        return max(lues, key=lambda c: c.verdict.rang, default=None)


@dataclass(frozen=True, slots=True)
class Premiere:
    """A caisse to look at first, with its reasons: sentences of its proven crossings, the others counted."""

    caisse: Caisse
    raisons: Sequence[str]
    autres: int


def colonnes_voulues(etat: EtatReseau, choix: Choix) -> list[Colonne]:
    """The columns that the filters leave."""
    return [
        c
        for c in etat.colonnes
        if (not choix.process or c.indicateur.process == choix.process)
        and (not choix.convention or (c.cible or {}).get("convention") == choix.convention)
    ]


def lignes_voulues(etat: EtatReseau, colonnes: Sequence[Colonne], choix: Choix) -> list[Ligne]:
    """The caisses that the filters leave, in the order asked."""
    averes = _averes(etat)
    lignes = [
        Ligne(caisse, [c.mesures.get(caisse.slug) for c in colonnes], len(averes.get(caisse.slug, ())))
        for caisse in charger().caisses
        if not choix.region or caisse.region == choix.region
    ]
    return trier(lignes, colonnes, choix)


def trier(lignes: Sequence[Ligne], colonnes: Sequence[Colonne], choix: Choix) -> list[Ligne]:
    """By caisse, by the values of a column (the worst first, what is not measured last), or by attention."""
    par_nom = sorted(lignes, key=lambda li: li.caisse.slug)
    codes = [c.code for c in colonnes]
    if choix.tri == "caisse":
        return par_nom[::-1] if choix.sens == "desc" else par_nom
    if choix.tri not in codes:
        ordre = sorted(par_nom, key=lambda li: (-li.averees, -li.franchis, -li.sous_le_socle))
        return ordre[::-1] if choix.sens == "asc" else ordre
    rang = codes.index(choix.tri)
    mesurees = [li for li in par_nom if _valeur(li, rang) is not None]
    autres = [li for li in par_nom if _valeur(li, rang) is None]
    mesurees.sort(key=lambda li: _valeur(li, rang) or 0.0, reverse=sens_du_tri(choix, colonnes[rang]) == "desc")
    return mesurees + autres


def sens_du_tri(choix: Choix, colonne: Colonne) -> str:
    """The order asked, by default the worst first."""
    return choix.sens or ("asc" if colonne.indicateur.sens == "haut" else "desc")


def _valeur(ligne: Ligne, rang: int) -> float | None:
    cellule = ligne.cellules[rang]
    return None if cellule is None else cellule.valeur


def premieres(etat: EtatReseau, choix: Choix, colonnes: Sequence[Colonne]) -> list[Premiere]:
    """The caisses whose crossings are proven and lasting, the most first. Empty when the alerts cannot be read."""
    par_slug, ouvertes = charger().par_slug, _averes(etat)
    codes = {c.code for c in colonnes}
    vues = []
    for slug, alertes in ouvertes.items():
        siennes = [a for a in alertes if a["objet"] in codes]
        if siennes and (not choix.region or par_slug[slug].region == choix.region):
            phrases = [_raison(a, colonnes) for a in siennes[:3]]
            vues.append(Premiere(par_slug[slug], phrases, len(siennes) - len(phrases)))
    vues.sort(key=lambda p: (-(len(p.raisons) + p.autres), p.caisse.slug))
    return vues[:PREMIERES]


def _raison(alerte: Mapping[str, Any], colonnes: Sequence[Colonne]) -> str:
    unite = next(c.indicateur.unite for c in colonnes if c.code == alerte["objet"])
    nom = COLONNES.get(alerte["objet"], alerte["objet"])
    return f"{nom} : {avec_unite(alerte['valeur'], unite)} (alerte {avec_unite(alerte['seuil'], unite)})"


def _averes(etat: EtatReseau) -> dict[str, list[Mapping[str, Any]]]:
    """Proven crossings that last, by caisse; a missing caisse has none."""
    vivantes = [] if etat.alertes.valeur is None else etat.alertes.valeur["alertes"]
    averees = [
        a for a in vivantes if a["genre"] == "performance" and a["gravite"] == "avere" and a["etat"] != "en_observation"
    ]
    return _par_caisse(averees)


def carte_voulue(
    etat: EtatReseau, lignes: Sequence[Ligne], colonnes: Sequence[Colonne], choix: Choix
) -> dict[str, tuple[Ligne, Verdict]]:
    """By department, the caisse of it that is worst off, and how: by its alerts, or on the indicator asked.

    When the alerts cannot be read, by the worst verdict of each.
    """
    rang = next((i for i, c in enumerate(colonnes) if c.code == choix.carte), None)
    alertes = None if etat.alertes.valeur is None else _par_caisse(etat.alertes.valeur["alertes"])

    def juger(ligne: Ligne) -> Verdict | None:
        if rang is None and alertes is not None:
            return CASES_ALERTE[_pire_alerte(alertes.get(ligne.caisse.slug, ()))]
        cellule = ligne.pire if rang is None else ligne.cellules[rang]
        return None if cellule is None else cellule.verdict

    pires: dict[str, tuple[Ligne, Verdict]] = {}
    for ligne in lignes:
        verdict = juger(ligne)
        deja = pires.get(ligne.caisse.departement)
        if verdict is not None and (deja is None or verdict.rang > deja[1].rang):
            pires[ligne.caisse.departement] = (ligne, verdict)
    return pires


def _par_caisse(alertes: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    rangees: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for alerte in alertes:
        rangees[alerte["caisse"]].append(alerte)
    return rangees


def _pire_alerte(alertes: Sequence[Mapping[str, Any]]) -> str:
    ouvertes = [a for a in alertes if a["etat"] != "en_observation"]
    if any(a["gravite"] == "avere" for a in ouvertes):
        return "averee"
    return "ouverte" if ouvertes else "observee" if alertes else "aucune"
