"""From what the dossier services say of a caisse to the situation that a need is sized from. Pure.

What is read is the caisse with the aid it had: the aid delivered in the past weeks is taken off its paces, what it gave
is added back, and the aid that is agreed for the weeks to come is counted at the aidée.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from services.entraide.domain.activites import lire
from services.entraide.domain.besoins import en_etp_semaines
from services.entraide.domain.donneur import SituationTelephone
from services.entraide.domain.montage import Attendue
from services.entraide.domain.projection import Situation
from services.entraide.domain.semaines import JOURS, Horizon
from services.entraide.domain.telephone import Modele
from shared.catalogue.cibles import cible_applicable
from shared.network.calendrier import Calendrier
from shared.network.jours import jour_de

TAUX_MAX = 0.995
"""Décroché above which a platform's staff cannot be told from its rate: nothing is missing there in any case."""


class SansCible(LookupError):
    """No target to hold; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Dossiers:
    """What is read for a process of files. ``delais``: (objectif, socle) in days, assumed; None: those of ``cible``."""

    process: str
    service: str
    stocks: tuple[str, ...]
    cible: str | None
    delais: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Telephone:
    """What is read for calls: the rate, over the last ``jours`` days."""

    process: str
    service: str
    taux: str
    jours: int


@dataclass(frozen=True, slots=True)
class Bornes:
    """Objectif and socle: days not to exceed, or rates to reach (0 to 1). ``hypothese``: some bound is assumed."""

    objectif: float
    socle: float
    hypothese: bool


@dataclass(frozen=True, slots=True)
class Charge:
    """Files of a caisse: open by age in days on the evening known, volumes until the first Monday, then by week.

    ``clotures``: at the pace of the last weeks; ``au_mieux``: at the best pace seen.
    """

    ages: tuple[tuple[float, float], ...]
    jours_avant: int
    arrivees_avant: float
    clotures_avant: float
    arrivees: tuple[float, ...]
    clotures: tuple[float, ...]
    au_mieux: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Appels:
    """Calls of a caisse over the days looked at, and the share answered (0 to 1). ``du``, ``au``: those days."""

    appels: float
    taux: float
    du: int
    au: int


@dataclass(frozen=True, slots=True)
class Aide:
    """Aid of a caisse on a process, in its unit. ``recue``, ``donnee``: delivered a week, over the past weeks read.

    ``a_venir``: volume that live propositions bring in each week of the horizon. ``rythme``: the best weekly pace of
    its own since the aid that runs began (None: too soon to say, or no aid). Aid takes files that the caisse would
    have worked: its recent pace falls as it recovers.
    """

    recue: float = 0.0
    donnee: float = 0.0
    a_venir: tuple[float, ...] = ()
    rythme: float | None = None


@dataclass(frozen=True, slots=True)
class EnPlus:
    """What a need announces, by Monday: volumes coming in beside the usual (adossement), capacity lost."""

    arrivees: Mapping[date, float]
    capacite: Mapping[date, float]


RIEN = EnPlus({}, {})


@lru_cache(maxsize=1)
def lectures() -> Mapping[str, Dossiers | Telephone]:
    """What is read for each process, of ``charges.yaml``."""
    contenu = lire("charges.yaml")
    dossiers = {
        process: Dossiers(
            process, li["service"], tuple(li["stocks"]), li.get("cible"),
            (float(li["delais"]["objectif"]), float(li["delais"]["socle"])) if "delais" in li else None,
        )
        for process, li in contenu["dossiers"].items()
    }  # fmt: skip
    telephone = {
        process: Telephone(process, li["service"], li["taux"], int(li["jours"]))
        for process, li in contenu["telephone"].items()
    }
    return {**dossiers, **telephone}


def bornes(lecture: Dossiers | Telephone, jour: date) -> Bornes:
    """What is to be held on a day. Raises SansCible."""
    if isinstance(lecture, Dossiers) and lecture.delais is not None:
        return Bornes(*lecture.delais, hypothese=True)
    code = lecture.taux if isinstance(lecture, Telephone) else lecture.cible
    assert code is not None
    applicable = cible_applicable(code, jour)
    if applicable is None or applicable.cible.valeur is None:
        raise SansCible(f"« {code} » n'a pas d'objectif chiffré au {jour:%d/%m/%Y} : il n'y a pas de délai à tenir.")
    objectif = applicable.cible.valeur
    socle = objectif if applicable.cible.socle is None else applicable.cible.socle
    diviseur = Decimal(100) if isinstance(lecture, Telephone) else Decimal(1)
    return Bornes(float(objectif / diviseur), float(socle / diviseur), applicable.hypothese)


def situation_des_dossiers(
    charge: Charge, tenir: Bornes, horizon: Horizon, aide: Aide, en_plus: EnPlus = RIEN, echantillon: int = 1
) -> Situation:
    """The caisse from the first Monday of the horizon on, by its own means and the aid already agreed.

    ``echantillon``: what each file read stands for.
    """
    fois = float(echantillon)
    propre = aide.donnee - aide.recue
    semaines_avant = charge.jours_avant / JOURS
    ages = tuple((age + 1 + charge.jours_avant, fois * n) for age, n in charge.ages)
    if charge.arrivees_avant > 0:
        ages += (((charge.jours_avant + 1) / 2, fois * charge.arrivees_avant),)
    faits = max(0.0, fois * charge.clotures_avant + propre * semaines_avant)
    lundis = [horizon.lundi(rang) for rang in range(horizon.nombre)]
    plus, moins = (_par_semaine(serie, lundis) for serie in (en_plus.arrivees, en_plus.capacite))
    a_venir = aide.a_venir or (0.0,) * horizon.nombre
    rythme = _au_moins([fois * v + propre for v in charge.clotures], aide.rythme)
    au_mieux = [max(r, fois * v - aide.recue) for r, v in zip(rythme, charge.au_mieux, strict=True)]
    capacite, pointe = (
        tuple(max(0.0, v - m) + a for v, m, a in zip(serie, moins, a_venir, strict=True))
        for serie in (rythme, au_mieux)
    )
    return Situation(
        ages=_sans_les_plus_anciens(ages, faits),
        arrivees=tuple(fois * v + p for v, p in zip(charge.arrivees, plus, strict=True)),
        capacite=capacite,
        pointe=pointe,
        delai_socle=max(tenir.socle, tenir.objectif),
        delai_objectif=tenir.objectif,
    )


def _au_moins(serie: Sequence[float], moyenne: float | None) -> list[float]:
    """The series raised in proportion to that mean, if it is above its own; its good and bad weeks stay so."""
    presente = sum(serie) / len(serie)
    if moyenne is None or presente >= moyenne:
        return list(serie)
    return [v * moyenne / presente for v in serie] if presente > 0 else [moyenne] * len(serie)


def situation_du_telephone(
    lus: Appels, tenir: Bornes, horizon: Horizon, aide: Aide, calendrier: Calendrier, modele: Modele,
    en_plus: EnPlus = RIEN, echantillon: int = 1,
) -> SituationTelephone:  # fmt: skip
    """Calls of an ordinary day, and the staff that explains the rate they were answered at.

    No source gives the staff of a caisse's telephone: it is read back through the model, and is an assumption.
    """
    jours = max(1, calendrier.ouvres_entre(lus.du, lus.au + 1))
    appels = echantillon * lus.appels / jours
    presents = modele.etp_pour(appels, min(TAUX_MAX, lus.taux))
    propre = max(0.0, presents + en_etp_semaines("appel", aide.donnee) - en_etp_semaines("appel", aide.recue))
    a_venir = [en_etp_semaines("appel", v) for v in aide.a_venir or (0.0,) * horizon.nombre]
    lundis = [horizon.lundi(rang) for rang in range(horizon.nombre)]
    plus, moins = (_par_semaine(serie, lundis) for serie in (en_plus.arrivees, en_plus.capacite))
    return SituationTelephone(
        appels_par_jour=tuple(appels + p / 5 for p in plus),
        etp=tuple(max(0.0, propre - en_etp_semaines("appel", m)) + a for m, a in zip(moins, a_venir, strict=True)),
        taux_socle=min(tenir.socle, tenir.objectif),
        taux_objectif=tenir.objectif,
    )


def situation_annoncee(process: str, tenir: Bornes, horizon: Horizon, en_plus: EnPlus) -> Attendue:
    """A caisse of which nothing is known but what is announced: nothing waits, and it can work nothing."""
    rien = (0.0,) * horizon.nombre
    if isinstance(lectures()[process], Telephone):
        nulle = SituationTelephone(rien, rien, min(tenir.socle, tenir.objectif), tenir.objectif)
        plus = _par_semaine(en_plus.arrivees, [horizon.lundi(r) for r in range(horizon.nombre)])
        return replace(nulle, appels_par_jour=tuple(p / 5 for p in plus))
    charge = Charge((), 0, 0.0, 0.0, rien, rien, rien)
    return situation_des_dossiers(charge, tenir, horizon, Aide(), en_plus)


def ensemble(charges: Sequence[Charge]) -> Charge:
    """The files of several stocks as one."""
    premiere = charges[0]
    return Charge(
        tuple(age for c in charges for age in c.ages),
        premiere.jours_avant,
        sum(c.arrivees_avant for c in charges),
        sum(c.clotures_avant for c in charges),
        tuple(sum(valeurs) for valeurs in zip(*(c.arrivees for c in charges), strict=True)),
        tuple(sum(valeurs) for valeurs in zip(*(c.clotures for c in charges), strict=True)),
        tuple(sum(valeurs) for valeurs in zip(*(c.au_mieux for c in charges), strict=True)),
    )


def _sans_les_plus_anciens(ages: Sequence[tuple[float, float]], faits: float) -> tuple[tuple[float, float], ...]:
    restent = []
    for age, volume in sorted(ages, reverse=True):
        pris = min(volume, faits)
        faits -= pris
        if volume > pris:
            restent.append((age, volume - pris))
    return tuple(restent)


def _par_semaine(serie: Mapping[date, float], lundis: Sequence[int]) -> list[float]:
    jours = {jour_de(lundi): volume for lundi, volume in serie.items()}
    return [jours.get(lundi, 0.0) for lundi in lundis]
