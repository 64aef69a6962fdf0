"""Projections of the indicators of a service: which cells to read, what can be projected, and the answer in words."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.cibles import CibleApplicable
from shared.catalogue.indicateurs import Indicateur
from shared.catalogue.mise_en_mots import nombre
from shared.catalogue.processus import HORLOGES_DEDUITES
from shared.dossiers.cellules import Entiers, Filtre, Selection, entre
from shared.dossiers.lieux import contexte
from shared.dossiers.presentation import cible_le, decrire_cible, verdict_de
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds, bornes, exiger, slugs
from shared.dossiers.valeurs import Demande, DemandeInvalide, preciser
from shared.indicators.echeances import EN_HEURES
from shared.indicators.periodes import Periode, decouper
from shared.indicators.projection.mesures import Encadree
from shared.indicators.projection.persistance import poursuivre, semaines
from shared.indicators.projection.projeter import (
    AUTRE,
    COMPTEE,
    EXCLUE,
    Apport,
    PasAssezDHistoire,
    Projetee,
    Question,
    apprendre,
    projeter,
)
from shared.indicators.projection.triangle import JOURS_LUS
from shared.indicators.statistiques import Cellules, Valeur
from shared.network.jours import date_de, en_clair, jour_de
from shared.network.mois import mois_de

Horizon = Literal["fin_mois", "fin_mois_suivant", "fin_mois_2", "fin_mois_3", "fin_mois_4"]

_MOIS_PLUS_LOIN: Mapping[Horizon, int] = {
    "fin_mois": 0, "fin_mois_suivant": 1, "fin_mois_2": 2, "fin_mois_3": 3, "fin_mois_4": 4,
}  # fmt: skip

GENRES = ("stock", "stock_age_quantile", "delai_moyen", "delai_quantile", "echeance")

PAS_ASSEZ = (
    "Pas assez d'histoire pour projeter : il faut huit semaines de dossiers connus et une centaine de clôtures "
    "récentes dans le réseau."
)

_PAS_ASSEZ_ICI = (
    "{qui} : pas assez d'histoire pour projeter ; il faut quatre semaines de dossiers connus, et des dossiers en cours "
    "ou reçus depuis six semaines."
)
_OUVERTURE = 9
"""Stands for the outcome of rows that are openings."""

_MILLIEME = 1_000


def mois_vise(arrete: int, horizon: Horizon) -> Periode:
    """The month that the day after ``arrete`` is in, or one of the next."""
    return _mois(jour_de(mois_de(date_de(arrete + 1)).plus(_MOIS_PLUS_LOIN[horizon]).du))


async def projection(
    fonds: Fonds, conn: AsyncConnection, demande: Demande, horizon: Horizon, apport: Apport | None
) -> Document:
    """The indicator at the end of the month, per caisse, as a document with a sentence for each.

    ``demande``: its periods are not looked at; ``caisse`` None: the network and every caisse. ``apport``:
    capacity added to the caisse asked. Raises DemandeInvalide where no projection makes sense.
    """
    ici = contexte(demande.maintenant)
    arrete = min(jour for jour, _ in ici.maintenant.values()) - 1
    periode = mois_vise(arrete, horizon)
    demande = _mesuree(replace(demande, periodes=[periode]), periode)
    question = _question(demande.indicateur, periode)
    if apport is not None and _en_heures(demande.indicateur):
        raise DemandeInvalide(
            f"{demande.indicateur.code} se compte en heures : son taux est prolongé, et ne dit rien d'une capacité en "
            "plus. Demandez-la sur le stock.",
            "capacite_en_plus",
        )
    entete: Document = {
        "indicateur": demande.indicateur.code, "version": demande.indicateur.version,
        "unite": demande.indicateur.unite, "horizon": horizon, **bornes(periode), "arrete_au": date_de(arrete),
        "niveau_intervalle": 80,
        "capacite_en_plus": None if apport is None else {
            "par_semaine": apport.par_semaine, "a_partir_du": date_de(apport.depuis)},
    }  # fmt: skip
    filtre = fonds.filtre(replace(demande, caisse=None))
    if filtre is None:
        return entete | {"projetable": False, "phrase": PAS_ASSEZ, "valeurs": []}
    ouvertures, clotures = await lire_le_triangle(fonds, conn, demande.indicateur, filtre, arrete)
    mesurees = await _taux_passes(fonds, conn, demande, arrete) if _en_heures(demande.indicateur) else None

    def calculer() -> tuple[list[Projetee], list[Projetee]]:
        appris = apprendre(ouvertures, clotures, ici.calendriers, arrete)
        sans = projeter(appris, question, caisse=demande.caisse)
        if mesurees is not None:
            return poursuivre(appris, sans, mesurees, periode), []
        return sans, [] if apport is None else projeter(appris, question, apport, demande.caisse)

    try:
        sans, avec = await asyncio.to_thread(calculer)
    except PasAssezDHistoire:
        return entete | {"projetable": False, "phrase": PAS_ASSEZ, "valeurs": []}
    dire = _Diseur(demande.indicateur, periode, arrete, apport)
    aides = {ligne.caisse: ligne for ligne in avec}
    return entete | {"projetable": True, "valeurs": [dire.ligne(li, aides.get(li.caisse)) for li in sans]}


def _mois(premier: int) -> Periode:
    return decouper(date_de(premier), date_de(premier + 31), "mois")[0]


def _mesuree(demande: Demande, periode: Periode) -> Demande:
    mesure = demande.indicateur.mesure(date_de(periode.du), date_de(periode.au))
    if mesure is None:
        raise DemandeInvalide(
            f"{demande.indicateur.code} change de mesure pendant ce mois : il n'y a rien à projeter.", "code"
        )
    demande = replace(demande, indicateur=mesure)
    exiger(
        demande,
        GENRES,
        "un stock, un délai, un âge de stock ni un taux à échéance : son avenir ne se lit pas dans le stock",
    )
    return preciser(demande)


def _en_heures(indicateur: Indicateur) -> bool:
    return indicateur.genre == "echeance" and indicateur.parametres["horloge"] in EN_HEURES


def _question(indicateur: Indicateur, periode: Periode) -> Question:
    p = indicateur.parametres
    if _en_heures(indicateur):
        return Question("stock", periode)
    horloge = p.get("horloge", "jours_calendaires")
    if horloge not in HORLOGES_DEDUITES:
        raise DemandeInvalide(
            f"{indicateur.code} est sur l'horloge « {horloge} », que le jour d'ouverture et le jour de clôture ne "
            f"donnent pas : prenez-en une autre s'il en a ({', '.join(HORLOGES_DEDUITES)}), ou projetez le stock.",
            "horloge",
        )
    limite = int(p["limite"]) if indicateur.genre == "echeance" else None
    return Question(indicateur.genre, periode, horloge, tuple(p.get("q", (9, 10))), limite)


async def lire_le_triangle(
    fonds: Fonds, conn: AsyncConnection, indicateur: Indicateur, filtre: Filtre, arrete: int
) -> tuple[Cellules, Cellules]:
    """Openings, less what was closed before the days looked at, and closings since: see ``apprendre``."""
    p, depuis = indicateur.parametres, arrete - JOURS_LUS + 1
    comptees = p.get("issues") or p.get("tenues") or ()
    classe = (
        f"CASE WHEN {fonds.issues(comptees)} THEN {COMPTEE} "
        f"WHEN {fonds.issues(p.get('exclues', ()))} THEN {EXCLUE} ELSE {AUTRE} END"
    )
    ouverture = {"jour_ouvert": "jour", "jour": "jour", "classe": str(_OUVERTURE), "n": "n", "secondes": "0"}
    ancienne = {"jour_ouvert": "jour_ouvert", "jour": "jour_ouvert", "classe": str(_OUVERTURE), "n": "-n"}
    cloture = {"jour_ouvert": "jour_ouvert", "jour": "jour_clos", "classe": classe, "n": "n", "secondes": "secondes"}
    lues = await fonds.sommer(
        conn,
        filtre,
        [
            Selection("ouverts", ouverture, f"jour <= {arrete}"),
            Selection("clos", ancienne | {"secondes": "0"}, f"jour_clos < {depuis}"),
            Selection("clos", cloture, entre("jour_clos", depuis, arrete)),
        ],
        ("n", "secondes"),
    )
    entrees = lues["classe"] == _OUVERTURE
    return _ou(lues, entrees, ("caisse", "jour", "n")), _ou(lues, ~entrees, tuple(lues))


def _ou(lues: Mapping[str, Entiers], lignes: Entiers, noms: Sequence[str]) -> dict[str, Entiers]:
    return {nom: lues[nom][lignes] for nom in noms}


async def _taux_passes(fonds: Fonds, conn: AsyncConnection, demande: Demande, arrete: int) -> list[Valeur]:
    """The rate by week, and since the month began, as far as the last evening."""
    (periode,) = demande.periodes
    ecoule = [Periode(periode.du, arrete)] if periode.du <= arrete else []
    question = replace(demande, caisse=None, periodes=[*ecoule, *semaines(arrete)])
    return await fonds.evaluateur.valeurs(conn, question)


class _Diseur:
    """Writes the rows of one answer."""

    def __init__(self, indicateur: Indicateur, periode: Periode, arrete: int, apport: Apport | None) -> None:
        self._indicateur, self._periode, self._arrete, self._apport = indicateur, periode, arrete, apport
        self._slugs = slugs()

    def ligne(self, sans: Projetee, avec: Projetee | None) -> Document:
        """``avec`` (capacity added) is the projection when there is one, and ``sans`` stands beside it."""
        dite = avec or sans
        qui = self._slugs[sans.caisse]
        document: Document = {"caisse": qui, "projetable": sans.projetable, "stock_actuel": sans.stock}
        if not sans.projetable:
            return document | {"valeur": None, "intervalle": None, "phrase": _PAS_ASSEZ_ICI.format(qui=qui)}
        return document | {
            **_presenter(dite),
            "verdict": self._verdict(dite),
            "cible": decrire_cible(self._cible(sans.caisse)),
            "sans_capacite_en_plus": None if avec is None else _presenter(sans),
            "phrase": self._phrase(qui, sans, avec),
        }

    def _verdict(self, projetee: Projetee) -> str:
        valeur = projetee.mesure.valeur
        if valeur is None:
            return verdict_de(self._indicateur, None, self._cible(projetee.caisse))
        unites = _MILLIEME * (100 if self._indicateur.unite == "%" else 1)
        exacte = Valeur(projetee.caisse, self._periode, valeur, 1, round(valeur * _MILLIEME), unites)
        return verdict_de(self._indicateur, exacte, self._cible(projetee.caisse))

    def _cible(self, caisse: int) -> CibleApplicable | None:
        return cible_le(self._indicateur, self._periode, organisme=caisse)

    def _phrase(self, qui: str, sans: Projetee, avec: Projetee | None) -> str:
        mesure, quand = (avec or sans).mesure, en_clair(self._periode.au)
        unite = self._indicateur.unite
        if mesure.valeur is None:
            return f"{qui} : rien à mesurer d'ici au {quand} ; {_dit(sans.stock)} en stock au {en_clair(self._arrete)}."
        du = "au " if self._indicateur.genre in ("stock", "stock_age_quantile") else "pour le mois finissant le "
        phrase = (
            f"{qui} : {self._indicateur.libelle}, {_dit(mesure.valeur)} {unite} attendus {du}{quand} (entre "
            f"{_dit(mesure.bas)} et {_dit(mesure.haut)}, huit chances sur dix). Stock de {_dit(sans.stock)} au "
            f"{en_clair(self._arrete)}, {_dit((avec or sans).fin.valeur, 0)} attendus au {quand} : "
            f"{_dit(sans.arrivees.valeur, 0)} arrivées, {_dit((avec or sans).clotures.valeur, 0)} clôtures."
        )
        if avec is None or self._apport is None:
            return phrase
        return phrase + (
            f" Ce compte a {_dit(self._apport.par_semaine)} de capacité en plus par semaine à partir du "
            f"{en_clair(self._apport.depuis)} ; sans elle : {_dit(sans.mesure.valeur)} {unite}, stock de "
            f"{_dit(sans.fin.valeur, 0)}."
        )


def _presenter(p: Projetee) -> Document:
    return {
        "valeur": _arrondi(p.mesure.valeur),
        "intervalle": _intervalle(p.mesure),
        "arrivees": _arrondi(p.arrivees.valeur),
        "arrivees_intervalle": _intervalle(p.arrivees),
        "clotures": _arrondi(p.clotures.valeur),
        "clotures_intervalle": _intervalle(p.clotures),
        "stock_fin": _arrondi(p.fin.valeur),
        "stock_fin_intervalle": _intervalle(p.fin),
    }


def _intervalle(mesure: Encadree) -> list[float | None] | None:
    return None if mesure.valeur is None else [_arrondi(mesure.bas), _arrondi(mesure.haut)]


def _arrondi(valeur: float | None) -> float | None:
    return None if valeur is None else round(valeur, 3)


def _dit(valeur: float | None, decimales: int = 1) -> str:
    if valeur is None:
        return "non mesuré"
    arrondie = Decimal(str(round(valeur, decimales)))
    return nombre(arrondie.to_integral_value() if arrondie == arrondie.to_integral_value() else arrondie)
