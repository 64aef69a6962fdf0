"""Performance: the watched indicators of each caisse against their seuil d'alerte, and which crossings are real."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from services.alerts.domain.cibles import Adaptees, CibleAdaptee
from services.alerts.domain.etats import Cle, Observation, Regle, situer
from services.alerts.domain.portee import Neutralisation, neutralisee_par
from shared.catalogue.indicateurs import Indicateur, indicateur
from shared.catalogue.mise_en_mots import nombre
from shared.catalogue.seuils import Surveille, charger_seuils
from shared.indicators.fausses_decouvertes import AuDela, Controle, Taux, examiner
from shared.indicators.fausses_decouvertes import Mesure as Essai
from shared.indicators.intervalles import Sommes

POUR_CENT = 100

Preuve = Taux | AuDela | Sommes

_QUANTILES = ("delai_quantile", "attente_quantile")
_MOYENNES = ("delai_moyen", "attente_moyenne")


@dataclass(frozen=True, slots=True)
class Mesure:
    """What the indicator API says of one caisse over a window. ``preuve``: what its test needs, where it was asked.

    ``lacune``: the sentence on what its sources did not send. Where too much is missing there is no ``valeur``.
    """

    caisse: str
    valeur: float | None
    n: int
    preuve: Preuve | None = None
    lacune: str | None = None


@dataclass(frozen=True, slots=True)
class Fenetre:
    """Days of a window, both in."""

    du: date
    au: date


Inhibitions = Mapping[tuple[str, str], str]
"""(process, caisse) -> the sentence that says which of its sources is silent."""


def surveilles_le(jour: date) -> tuple[Surveille, ...]:
    """The watched list that holds on a day: the one of ``seuils.yaml``, none before the day it says."""
    seuils = charger_seuils()
    return tuple(seuils.surveilles.values()) if jour >= seuils.depuis else ()


def fenetre(surveille: Surveille, jour: date) -> Fenetre:
    """The window of a watched indicator that ends on a day, that day in."""
    return Fenetre(jour - timedelta(days=surveille.fenetre - 1), jour)


def exacte(mesure: Mesure, unite: str) -> Fraction | None:
    """The value as an exact number in ``unite``; None: not measured.

    A rate is a whole number of items out of ``n``: the float says which one. Another value is what is printed.
    """
    if mesure.valeur is None:
        return None
    if unite == "%" and mesure.n > 0:
        return Fraction(POUR_CENT * _items(mesure), mesure.n)
    return Fraction(str(mesure.valeur))


def _items(mesure: Mesure) -> int:
    return round((mesure.valeur or 0) * mesure.n / POUR_CENT)


def observer_mesures(
    surveille: Surveille,
    mesures: Iterable[Mesure],
    jour: date,
    instant: datetime,
    neutralisations: Sequence[Neutralisation],
    inhibitions: Inhibitions,
    adaptees: Adaptees | None = None,
) -> list[Observation]:
    """One observation for each caisse measured or not. ``adaptees``: the targets adapted that day, to say so."""
    traces = {c: a for (c, code), a in (adaptees or {}).items() if code == surveille.indicateur}
    defini = indicateur(surveille.indicateur)
    jours = fenetre(surveille, jour)
    regle = Regle(timedelta(days=surveille.persistance), timedelta(days=surveille.persistance_retour))
    seuil, retour = Fraction(surveille.seuil), Fraction(surveille.retour)
    return [
        Observation(
            cle=Cle("performance", mesure.caisse, defini.code),
            instant=instant,
            position=situer(exacte(mesure, defini.unite), seuil, retour, defini.sens),
            regle=regle,
            constat=_constat(defini, mesure, surveille, jours, traces.get(mesure.caisse)),
            valeur=mesure.valeur,
            effectif=mesure.n,
            seuil=float(surveille.seuil),
            neutralisee_par=neutralisee_par(neutralisations, defini.code, mesure.caisse, jours.du, jours.au),
            inhibee_par=inhibitions.get((defini.process, mesure.caisse)),
            details={"du": jours.du.isoformat(), "au": jours.au.isoformat(), "liste": surveille.liste}
            | ({"cible_adaptee": traces[mesure.caisse].trace} if mesure.caisse in traces else {}),
        )
        for mesure in mesures
    ]


def observer_retires(suivies: Iterable[Cle], jour: date, instant: datetime) -> list[Observation]:
    """The end of the alerts of indicators that are no longer watched on that day."""
    codes = {s.indicateur for s in surveilles_le(jour)}
    constat = "Cet indicateur n'est plus surveillé."
    return [
        Observation(cle, instant, "revenu", Regle(), constat)
        for cle in suivies
        if cle.genre == "performance" and cle.objet not in codes
    ]


def _constat(
    defini: Indicateur, mesure: Mesure, surveille: Surveille, jours: Fenetre, adaptee: CibleAdaptee | None
) -> str:
    periode = f"du {jours.du:%d/%m/%Y} au {jours.au:%d/%m/%Y}"
    if mesure.valeur is None:
        manque = f", source incomplète. {mesure.lacune}" if mesure.lacune else "."
        return f"{defini.libelle} : non mesuré {periode}{manque}"
    valeur = f"{mesure.valeur:.2f}".rstrip("0").rstrip(".").replace(".", ",")
    borne = nombre(surveille.seuil)
    provisoire = f" Provisoire : {mesure.lacune}" if mesure.lacune else ""
    dite = f"{defini.libelle} : {valeur} {defini.unite} {periode} (seuil d'alerte {borne}, n = {mesure.n}).{provisoire}"
    return dite if adaptee is None else f"{dite} {adaptee.phrase}"


def essais(surveille: Surveille, mesures: Iterable[Mesure], inhibitions: Inhibitions) -> list[Essai]:
    """The hypotheses of one indicator that can be tried: those whose proof is known. A rate carries its own.

    A figure built on a silent source is incomplete: it is listed and never *avérée*.
    """
    defini = indicateur(surveille.indicateur)
    tentes = []
    for mesure in mesures:
        valeur = exacte(mesure, defini.unite)
        preuve = mesure.preuve
        if preuve is None and defini.unite == "%" and mesure.n > 0:
            preuve = Taux(_items(mesure), mesure.n)
        if valeur is not None and preuve is not None:
            complet = (defini.process, mesure.caisse) not in inhibitions
            tentes.append(
                Essai(mesure.caisse, defini.code, valeur, Fraction(surveille.seuil), defini.sens, preuve, complet)
            )
    return tentes


def eprouvable(defini: Indicateur) -> bool:
    """Whether the test of an indicator needs more than its value: the counts of a delay or a wait."""
    return defini.genre in _QUANTILES or defini.genre in _MOYENNES


def preuve_de(defini: Indicateur, n: int, au_dela: int, somme: int, carres: int) -> Preuve:
    """The proof of a delay or a wait, from its counts beyond the seuil and the sums of its durations."""
    if defini.genre in _MOYENNES:
        return Sommes(n, somme, carres)
    numerateur, denominateur = defini.parametres["q"]
    return AuDela(au_dela, n, (numerateur, denominateur))


def classer(tentes: Sequence[Essai]) -> Controle[tuple[str, str]]:
    """The crossings, named (caisse, indicator), ranked: *avéré* or *à surveiller*, with the false ones to expect."""
    return examiner(tentes).controle
