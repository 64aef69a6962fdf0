"""From the triangle to the projected indicator of each caisse and of the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from shared.indicators.periodes import Periode
from shared.indicators.projection.chemins import (
    DUREES,
    GRAINE,
    Chemins,
    Regard,
    apport_hebdomadaire,
    jouer,
    rang_de_duree,
    tirer,
)
from shared.indicators.projection.mesures import (
    Encadree,
    ages_du_stock,
    delai_moyen,
    encadrer,
    parts,
    quantile,
    taux,
)
from shared.indicators.projection.modele import Modele, histoire_suffisante, modeles
from shared.indicators.projection.triangle import JOURS_LUS, Reels, passes
from shared.indicators.rangs import Entiers, Quantile
from shared.indicators.statistiques import RESEAU, CalendrierDe, Cellules, jours_ecoules

AUTRE, COMPTEE, EXCLUE = 0, 1, 2
"""What a closing is to the indicator: neither, one that counts (is held), one that is left out of the population."""

_SECONDES_PAR_JOUR = 86_400


class PasAssezDHistoire(ValueError):
    """The process is too young, or too little of it was closed, for anything to be projected."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to project: a kind of indicator (of the catalogue) over a month. ``horloge``: one of days."""

    genre: str
    periode: Periode
    horloge: str = "jours_calendaires"
    q: Quantile = (9, 10)
    limite: int | None = None


@dataclass(frozen=True, slots=True)
class Apport:
    """Capacity added (below 0: taken away): files per week, from the day ``depuis`` on."""

    par_semaine: float
    depuis: int


class Appris(NamedTuple):
    """A process as learnt (see ``apprendre``)."""

    modeles: list[Modele]
    ouvertures: Cellules
    clotures: Cellules
    arrete: int


class Projetee(NamedTuple):
    """One caisse (code 0: the network) on the evening the month ends.

    ``mesure``: the indicator. ``stock``: files open at the start; it plus ``arrivees`` less ``clotures`` is ``fin``,
    for their values. ``projetable`` False: the caisse has no history enough, and only ``stock`` is known.
    """

    caisse: int
    projetable: bool
    mesure: Encadree
    stock: int
    arrivees: Encadree
    clotures: Encadree
    fin: Encadree


class _Connu(NamedTuple):
    """What is known of the month, and the shares of the outcomes; by caisse of the same order as the model."""

    n: Reels
    jours: Reels
    durees: Reels
    tenus: Reels
    dus: Reels
    comptees: Reels
    exclues: Reels


def apprendre(ouvertures: Cellules, clotures: Cellules, calendriers: Mapping[int, CalendrierDe], arrete: int) -> Appris:
    """What the cells known on the evening of ``arrete`` say of the process.

    ``ouvertures``: caisse, jour, n; ``clotures``: caisse, jour_ouvert, jour, n, classe (AUTRE, COMPTEE, EXCLUE),
    secondes; what was closed more than ``JOURS_LUS`` days before that evening is taken off the openings. Raises
    PasAssezDHistoire.
    """
    tous = passes(ouvertures, clotures, calendriers, arrete)
    if not histoire_suffisante(tous):
        raise PasAssezDHistoire
    return Appris(modeles(tous), ouvertures, clotures, arrete)


def projeter(
    appris: Appris, question: Question, apport: Apport | None = None, caisse: int | None = None, graine: int = GRAINE
) -> list[Projetee]:
    """The network, then every caisse; or ``caisse`` (``RESEAU``: the network) alone.

    The same for the same arguments, and for one caisse alone as among the others.
    """
    au, seule = question.periode.au, caisse not in (None, RESEAU)
    regard = Regard(question.periode, question.horloge, question.limite)
    joues: list[tuple[Modele, Chemins, _Connu]] = []
    for modele in [_restreindre(m, caisse) for m in appris.modeles] if seule else appris.modeles:
        if len(modele.caisses):
            plus = None if apport is None else apport_hebdomadaire(modele, au, apport.par_semaine, apport.depuis)
            chemins = jouer(modele, au, regard, tirer(modele, au, graine), plus)
            joues.append((modele, chemins, _connu(modele, appris, question)))
    decalage = _decalage(appris.clotures)
    lignes = [] if seule else [_reseau(joues, question, decalage, graine)]
    if caisse != RESEAU:
        lignes += [ligne for joue in joues for ligne in _caisses(*joue, question, decalage, graine)]
    return sorted(lignes, key=lambda ligne: ligne.caisse)


def _restreindre(m: Modele, caisse: int | None) -> Modele:
    ici = m.caisses == caisse
    par_caisse = ("caisses", "stock", "niveau", "evidence", "risques", "capacite", "rythme", "pointe", "projetable")
    return m._replace(**{nom: getattr(m, nom)[ici] for nom in par_caisse})


def _caisses(
    m: Modele, chemins: Chemins, connu: _Connu, question: Question, decalage: float, graine: int
) -> list[Projetee]:
    ages = _ages(m, chemins, question)
    lignes = []
    for i, code in enumerate(m.caisses.tolist()):
        stock = int(m.stock[i].sum())
        if not m.projetable[i]:
            rien = Encadree(None, None, None)
            lignes.append(Projetee(code, False, rien, stock, rien, rien, rien))
            continue
        ici = _Connu(*(tableau[i] for tableau in connu))
        vus = _Vus(chemins.stock[i, :, -1], chemins.durees[i], chemins.tenues[i], chemins.echus[i], ages[i])
        mesure = _mesurer(question, ici, vus, m.dispersion, decalage, graine + code)
        totaux = (chemins.arrivees[i], chemins.clotures[i], chemins.stock[i, :, -1])
        lignes.append(Projetee(code, True, encadrer(mesure), stock, *(encadrer(t) for t in totaux)))
    return lignes


def _reseau(
    joues: Sequence[tuple[Modele, Chemins, _Connu]], question: Question, decalage: float, graine: int
) -> Projetee:
    """The network: the sum of its caisses on each path, of which the common part of chance is the same for all."""

    def somme(tableaux: Sequence[Reels]) -> Reels:
        total: Reels = np.sum([t.sum(axis=0) for t in tableaux], axis=0)
        return total

    chemins = [c for _, c, _ in joues]
    poids = [m.rythme + 1e-9 for m, _, _ in joues]
    total = sum(float(p.sum()) for p in poids)
    connu = _Connu(
        *(somme([getattr(k, nom) for _, _, k in joues]) for nom in ("n", "jours", "durees", "tenus", "dus")),
        *(
            np.asarray(
                sum(float((getattr(k, nom) * p).sum()) for (_, _, k), p in zip(joues, poids, strict=True)) / total
            )
            for nom in ("comptees", "exclues")
        ),
    )
    fin = somme([c.stock[:, :, -1] for c in chemins])
    vus = _Vus(
        fin,
        somme([c.durees for c in chemins]),
        somme([c.tenues for c in chemins]),
        somme([c.echus for c in chemins]),
        somme([_ages(m, c, question) for m, c, _ in joues]),
    )
    mesure = _mesurer(question, connu, vus, joues[0][0].dispersion, decalage, graine)
    stock = sum(int(m.stock.sum()) for m, _, _ in joues)
    totaux = (somme([c.arrivees for c in chemins]), somme([c.clotures for c in chemins]), fin)
    return Projetee(RESEAU, True, encadrer(mesure), stock, *(encadrer(t) for t in totaux))


class _Vus(NamedTuple):
    """What the paths of one caisse show, by path first."""

    fin: Reels
    durees: Reels
    tenues: Reels
    echus: Reels
    ages: Reels


def _mesurer(q: Question, connu: _Connu, vus: _Vus, dispersion: float, decalage: float, graine: int) -> Reels:
    if q.genre == "stock":
        return vus.fin
    if q.genre == "stock_age_quantile":
        return quantile(np.zeros(len(DUREES)), vus.ages, q.q, dispersion, graine)
    if q.genre == "delai_quantile":
        return quantile(connu.durees, vus.durees * connu.comptees, q.q, dispersion, graine)
    if q.genre == "delai_moyen":
        deja = float(connu.n), float(connu.jours)
        return delai_moyen(deja, vus.durees * connu.comptees, decalage, dispersion, graine)
    deja = float(connu.tenus), float(connu.dus)
    return taux(deja, vus.tenues * connu.comptees, vus.tenues * connu.exclues, vus.echus, dispersion, graine)


def _ages(m: Modele, chemins: Chemins, question: Question) -> Reels:
    if question.genre != "stock_age_quantile":
        return np.zeros((*chemins.tenues.shape, 0))
    return ages_du_stock(chemins, m.calendrier, question.horloge, question.periode.au)


def _decalage(clotures: Cellules) -> float:
    """Days that a delay in seconds has more than its whole days, on average."""
    compte = clotures["classe"] == COMPTEE
    n = int(clotures["n"][compte].sum())
    jours = int((clotures["n"] * (clotures["jour"] - clotures["jour_ouvert"]))[compte].sum())
    return (int(clotures["secondes"][compte].sum()) / _SECONDES_PAR_JOUR - jours) / n if n > 0 else 0.0


def _connu(m: Modele, appris: Appris, q: Question) -> _Connu:
    _, ouvertures, clotures, arrete = appris
    codes = m.caisses.tolist()
    ici = np.isin(clotures["caisse"], m.caisses) & (clotures["jour"] <= arrete)
    clos = {nom: colonne[ici] for nom, colonne in clotures.items()}
    rangs = np.searchsorted(m.caisses, clos["caisse"])
    calendriers = dict.fromkeys(codes, m.calendrier)

    def compter(lignes: np.ndarray, montants: Entiers) -> Reels:
        total = np.zeros(len(codes))
        np.add.at(total, rangs[lignes], montants[lignes])
        return total

    n, comptee, exclue = clos["n"], clos["classe"] == COMPTEE, clos["classe"] == EXCLUE
    tous = np.ones(len(n), dtype=np.bool_)
    dispersion = m.dispersion
    total = compter(tous, n).astype(np.int64)
    comptees, exclues = (parts(compter(c, n).astype(np.int64), total, dispersion) for c in (comptee, exclue))
    du_mois = comptee & (clos["jour"] >= q.periode.du) & (clos["jour"] <= q.periode.au)
    durees = np.zeros((len(codes), len(DUREES)))
    passees = np.maximum(0, jours_ecoules(q.horloge, clos["caisse"], clos["jour_ouvert"], clos["jour"], calendriers))
    np.add.at(durees, (rangs[du_mois], rang_de_duree(passees[du_mois])), n[du_mois])
    tenus, dus = np.zeros(len(codes)), np.zeros(len(codes))
    if q.limite is not None:
        jours_dus = _echeances(m.calendrier, clos["jour_ouvert"], q)
        echus = (jours_dus >= q.periode.du) & (jours_dus <= q.periode.au) & (clos["jour"] <= jours_dus)
        tenus = compter(echus & comptee, n)
        siens = np.isin(ouvertures["caisse"], m.caisses) & (ouvertures["jour"] <= arrete)
        venus = _echeances(m.calendrier, ouvertures["jour"], q)
        siens &= (venus >= q.periode.du) & (venus <= q.periode.au)
        np.add.at(dus, np.searchsorted(m.caisses, ouvertures["caisse"][siens]), ouvertures["n"][siens])
        dus -= compter(echus & exclue, n)
    jours = compter(du_mois, clos["secondes"]) / _SECONDES_PAR_JOUR
    return _Connu(compter(du_mois, n), jours, durees, tenus, dus, comptees, exclues)


def _echeances(calendrier: CalendrierDe, ouverts: Entiers, q: Question) -> Entiers:
    limite = q.limite or 0
    if q.horloge == "jours_calendaires":
        return ouverts + limite
    # Only what was opened lately can fall due in the month: the rest is due long before it.
    jours, rangs = np.unique(np.maximum(ouverts, q.periode.du - JOURS_LUS), return_inverse=True)
    return np.array([calendrier.ajouter_ouvres(j, limite) for j in jours.tolist()], dtype=np.int64)[rangs]
