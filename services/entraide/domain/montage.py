"""From pôles, needs and projections to the allocation problem, with every refusal on the way."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from services.entraide.domain.activites import parametres, productivite
from services.entraide.domain.allocation.modele import (
    CENTIEMES,
    Demande,
    Offreur,
    Paire,
    Poids,
    Probleme,
    Regles,
    Surete,
)
from services.entraide.domain.besoins import Besoin, dimensionner, en_etp_semaines
from services.entraide.domain.cycle_de_vie import echeance
from services.entraide.domain.donneur import SituationTelephone, apres, etp_manquants, marge, meilleure_marge
from services.entraide.domain.eligibilite import Aidante, Refus, refus
from services.entraide.domain.poles import Pole
from services.entraide.domain.projection import Situation
from services.entraide.domain.semaines import JOURS, Horizon
from services.entraide.domain.telephone import Modele, modele
from shared.network.calendrier import Calendrier

SEMAINES_PAR_AN = 52

Attendue = Situation | SituationTelephone


@dataclass(frozen=True, slots=True)
class Engagement:
    """A mission under way or ordered: hundredths of ETP in each week of the horizon, weeks already worked."""

    pole: str
    caisse: str
    process: str
    etp: tuple[int, ...]
    deja: int


@dataclass(frozen=True)
class Donnees:
    """Everything a plan is made from. ``situations`` of aidées and aidantes alike, by (caisse, process), over the
    horizon, with the work of ``engagements`` already counted at the aidée and not yet at the aidante.

    ``alertes``: (caisse, process) with an open alert. ``calendriers``: by caisse, for those that have pôles or needs.
    ``jour``: the day the plan is put forward: nothing starts before both caisses have had their working days to answer
    (None: they have answered). ``tram``: (prenante, cédante, process) that hold durably over the horizon's start.
    """

    horizon: Horizon
    poles: tuple[Pole, ...]
    besoins: tuple[Besoin, ...]
    situations: Mapping[tuple[str, str], Attendue]
    alertes: frozenset[tuple[str, str]]
    calendriers: Mapping[str, Calendrier]
    engagements: tuple[Engagement, ...] = ()
    poids: Poids = field(default_factory=Poids)
    telephone: Modele | None = None
    jour: int | None = None
    tram: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(frozen=True)
class Montage:
    """The problem, and why each other (pôle, need) pair is not in it."""

    probleme: Probleme
    refus: Mapping[tuple[str, str], tuple[Refus, ...]]


def regles() -> Regles:
    """The rules of ``parametres.yaml``."""
    p = parametres()["mission"]
    return Regles(round(CENTIEMES * p["etp_min"]), p["semaines_min"], p["semaines_max"])


def monter(donnees: Donnees) -> Montage:
    """Build the problem. Raises KeyError when a need has no situation, ProductiviteInconnue when one has no unit."""
    regles_, horizon = regles(), donnees.horizon
    telephone = donnees.telephone or modele()
    suretes = _suretes(donnees, telephone)
    demandes = tuple(_demande(b, donnees, telephone) for b in donnees.besoins)
    parts = _parts(donnees, demandes)
    offreurs = tuple(replace(_offreur(p, donnees), part=parts[p.cle]) for p in donnees.poles)
    paires, refuses = [], {}
    for pole in donnees.poles:
        for besoin in donnees.besoins:
            clef = (pole.caisse, besoin.process)
            surete = suretes.get(clef)
            aidante = Aidante(
                clef in donnees.alertes,
                None if surete is None else _marge(surete, pole),
                (pole.caisse, besoin.caisse, besoin.process) in donnees.tram,
            )
            motifs = refus(pole, besoin, aidante, regles_.etp_min / CENTIEMES)
            if motifs:
                refuses[pole.cle, besoin.cle] = motifs
            else:
                premiere = _premiere(donnees, pole, besoin)
                paires.append(Paire(pole.cle, besoin.cle, _deja(donnees, pole, besoin), premiere))
    demandes = tuple(replace(d, premiere=_au_plus_tot(d, paires)) for d in demandes)
    probleme = Probleme(horizon.nombre, demandes, offreurs, tuple(paires), suretes, donnees.poids, regles_)
    return Montage(probleme, refuses)


def _au_plus_tot(demande: Demande, paires: Sequence[Paire]) -> int:
    """First week in which some pair may work for the need."""
    siennes = [p.premiere for p in paires if p.demande == demande.cle]
    return max(demande.premiere, min(siennes, default=0))


def _premiere(donnees: Donnees, pole: Pole, besoin: Besoin) -> int:
    """First week that begins once both caisses have had their working days to answer; never past the horizon."""
    if donnees.jour is None:
        return 0
    delai = parametres()["proposition"]["jours_ouvres_pour_repondre"]
    terme = echeance(donnees.jour, delai, (donnees.calendriers[pole.caisse], donnees.calendriers[besoin.caisse]))
    return min(donnees.horizon.nombre, donnees.horizon.semaines(terme + 1, terme + JOURS).start)


def _marge(surete: Surete, pole: Pole) -> float:
    libre = meilleure_marge(surete)
    return max((pole.etp, *pole.exceptions.values())) if libre is None else libre


def _suretes(donnees: Donnees, telephone: Modele) -> dict[tuple[str, str], Surete]:
    """Margins of every aidante whose projection is known, less what it already gives."""
    donnes: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * donnees.horizon.nombre)
    caisses = {p.cle: p.caisse for p in donnees.poles}
    for e in donnees.engagements:
        serie = donnes[caisses[e.pole], e.process]
        for rang, etp in enumerate(e.etp):
            serie[rang] += etp
    clefs = {(p.caisse, process) for p in donnees.poles for process in p.process}
    return {
        clef: apres(marge(clef[1], donnees.situations[clef], telephone), tuple(donnes[clef]))
        for clef in sorted(clefs & donnees.situations.keys())
    }


def _demande(besoin: Besoin, donnees: Donnees, telephone: Modele) -> Demande:
    situation = donnees.situations[besoin.caisse, besoin.process]
    horizon = donnees.horizon
    semaines = horizon.semaines(besoin.debut, besoin.fin)
    if isinstance(situation, SituationTelephone):
        socle, objectif = _manques_d_appels(besoin, situation, telephone, semaines)
    else:
        socle, objectif = _manques_de_dossiers(besoin, situation, semaines.start)
    centiemes_objectif = tuple(ceil(CENTIEMES * v - 1e-6) for v in objectif)
    return Demande(
        cle=besoin.cle,
        caisse=besoin.caisse,
        process=besoin.process,
        cumulatif=not isinstance(situation, SituationTelephone),
        manque_socle=tuple(min(o, ceil(CENTIEMES * v - 1e-6)) for v, o in zip(socle, centiemes_objectif, strict=True)),
        manque_objectif=centiemes_objectif,
        premiere=semaines.start,
        derniere=semaines.stop - 1,
        priorite=besoin.priorite,
    )


def _manques_d_appels(
    besoin: Besoin, situation: SituationTelephone, telephone: Modele, semaines: range
) -> tuple[list[float], list[float]]:
    """ETP missing on socle and on objectif in each week of the need, brought to its volume, which a coordinator may
    amend.

    A volume given where no call is projected to be missed is spread over these weeks.
    """
    socle, objectif = (
        etp_manquants(situation, taux, telephone) for taux in (situation.taux_socle, situation.taux_objectif)
    )
    voulus, total = en_etp_semaines(besoin.process, besoin.volume), sum(objectif[rang] for rang in semaines)
    if total <= 0:
        socle, objectif, total = (0.0,) * len(objectif), (1.0,) * len(objectif), len(semaines)
    return _dans(socle, semaines, voulus / total), _dans(objectif, semaines, voulus / total)


def _dans(serie: Sequence[float], semaines: range, facteur: float) -> list[float]:
    return [facteur * v if rang in semaines else 0.0 for rang, v in enumerate(serie)]


def _manques_de_dossiers(besoin: Besoin, situation: Situation, premiere: int) -> tuple[list[float], list[float]]:
    """ETP-weeks late on socle and on objectif, brought to the volume of the need, which a coordinator may amend."""
    taille = dimensionner(besoin.process, situation)
    if taille.volume > 0:
        facteur = besoin.volume / taille.volume
        series = (taille.manque_socle, taille.manque_objectif)
        socle, objectif = ([en_etp_semaines(besoin.process, facteur * v) for v in serie] for serie in series)
        return socle, objectif
    annonce = en_etp_semaines(besoin.process, besoin.volume)
    semaines = len(situation.arrivees)
    return [0.0] * semaines, [annonce if rang >= premiere else 0.0 for rang in range(semaines)]


def _offreur(pole: Pole, donnees: Donnees) -> Offreur:
    pris = [0] * donnees.horizon.nombre
    for e in donnees.engagements:
        if e.pole == pole.cle:
            pris = [a + b for a, b in zip(pris, e.etp, strict=True)]
    return Offreur(
        cle=pole.cle,
        caisse=pole.caisse,
        capacite=tuple(
            max(0, int(CENTIEMES * etp + 1e-6) - p)
            for etp, p in zip(pole.etp_par_semaine(donnees.horizon), pris, strict=True)
        ),
        jours=donnees.horizon.jours_ouvres(donnees.calendriers[pole.caisse]),
        montee=pole.acculturation,
        productivites={p: pole.rythme(p) for p in sorted(pole.process) if _convertible(p)},
        part=0,
    )


def _convertible(process: str) -> bool:
    try:
        productivite(process)
    except LookupError:
        return False
    return True


def _parts(donnees: Donnees, demandes: tuple[Demande, ...]) -> dict[str, int]:
    """Fair share of each pôle, less what it has given: all give alike, in proportion to what they have.

    The rate is what was given in a year plus what is asked now (or can be given, if less), over the yearly ETP-weeks.
    """
    annuel = {p.cle: p.etp * SEMAINES_PAR_AN for p in donnees.poles}
    demande = sum(max(d.manque_objectif, default=0) for d in demandes) / CENTIEMES
    possible = sum(sum(p.etp_par_semaine(donnees.horizon)) for p in donnees.poles)
    total = sum(annuel.values())
    taux = (sum(p.donne for p in donnees.poles) + min(demande, possible)) / total if total else 0.0
    return {p.cle: round(CENTIEMES * (taux * annuel[p.cle] - p.donne)) for p in donnees.poles}


def _deja(donnees: Donnees, pole: Pole, besoin: Besoin) -> int:
    return max(
        (
            e.deja
            for e in donnees.engagements
            if (e.pole, e.caisse, e.process) == (pole.cle, besoin.caisse, besoin.process)
        ),
        default=0,
    )
