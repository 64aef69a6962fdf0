"""Continuity: what threatens a *rupture d'activité*. Silent sources, stocks exploding, declarations of a caisse."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Literal
from zoneinfo import ZoneInfo

from services.alerts.domain.etats import CONTINUITE, Cle, Genre, Observation, Position, Regle
from services.alerts.domain.performance import Inhibitions
from shared.catalogue.indicateurs import Indicateur, charger_indicateurs

Situation = Literal["normale", "degradee", "rupture"]
"""How a caisse is doing, from best to worst."""

_FUSEAU = ZoneInfo("Europe/Paris")

ORDRE: Sequence[Situation] = ("normale", "degradee", "rupture")

GenreDeclaration = Literal["situation", "site_ferme", "pca"]
"""``situation``: how the caisse says it is doing. ``site_ferme``: a site is closed. ``pca``: its *plan de continuité
d'activité* is in force."""


_AUSSITOT = Regle()
_DEUX_JOURS_DE_RETOUR = Regle(retour=timedelta(days=2))
_UN_JOUR_DE_PERSISTANCE = Regle(persistance=timedelta(days=1))


@dataclass(frozen=True, slots=True)
class ReglagesContinuite:
    """When a stock explodes, and how long a disagreement may last. Hypotheses: no source gives them.

    A stock explodes when it is above ``rapport_stock`` times the median of the weeks before, and above ``stock_min``
    files; it is back at or below ``retour_stock`` times that median.
    """

    semaines: int = 6
    rapport_stock: float = 1.5
    retour_stock: float = 1.2
    stock_min: int = 50
    regle_stock: Regle = _DEUX_JOURS_DE_RETOUR
    regle_source: Regle = _AUSSITOT
    regle_desaccord: Regle = _UN_JOUR_DE_PERSISTANCE


@dataclass(frozen=True, slots=True)
class SourceMuette:
    """A source that sent nothing of a process while it should have, and the caisses it spoke of."""

    source: str
    process: str
    caisses: tuple[str, ...]
    depuis: datetime | None

    @property
    def phrase(self) -> str:
        """What is seen."""
        depuis = f" depuis le {self.depuis.astimezone(_FUSEAU):%d/%m/%Y à %H:%M}" if self.depuis is not None else ""
        return f"La source {self.source} n'envoie plus rien ({self.process}){depuis}."

    @property
    def objet(self) -> str:
        """What its alerts are about."""
        return f"{self.source} {self.process}"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a caisse declares, from ``debut`` until ``fin`` (None: until it is ended)."""

    id: int
    caisse: str
    genre: GenreDeclaration
    debut: datetime
    fin: datetime | None
    motif: str
    situation: Situation | None = None
    site: str | None = None

    def court(self, instant: datetime) -> bool:
        return self.debut <= instant and (self.fin is None or instant < self.fin)


def stocks_surveilles(processus: Iterable[str]) -> tuple[Indicateur, ...]:
    """The stock indicators of these processes, for everyone they concern."""
    voulus = frozenset(processus)
    return tuple(i for i in charger_indicateurs().values() if i.genre == "stock" and i.process in voulus)


def inhibitions(muettes: Iterable[SourceMuette]) -> Inhibitions:
    """What the silent sources keep from being judged."""
    return {(m.process, caisse): m.phrase for m in muettes for caisse in m.caisses}


def observer_sources(
    muettes: Sequence[SourceMuette], suivies: Iterable[Cle], instant: datetime, reglages: ReglagesContinuite
) -> list[Observation]:
    """The silent sources, and the return of those that were followed as silent."""
    vues = {Cle("source_muette", caisse, m.objet): m for m in muettes for caisse in m.caisses}
    rendues = [cle for cle in suivies if cle.genre == "source_muette" and cle not in vues]
    return [
        *(_voir(cle, instant, "franchi", reglages.regle_source, m.phrase) for cle, m in sorted(vues.items())),
        *(
            _voir(c, instant, "revenu", reglages.regle_source, f"La source {source} envoie de nouveau ({process}).")
            for c in rendues
            for source, _, process in [c.objet.rpartition(" ")]
        ),
    ]


def observer_stock(
    defini: Indicateur,
    caisse: str,
    serie: Sequence[float | None],
    instant: datetime,
    reglages: ReglagesContinuite,
    inhibee_par: str | None,
) -> Observation:
    """``serie``: the stock at the end of each week, the last one now. Fewer than three weeks before tell nothing."""
    avant = [s for s in serie[:-1] if s is not None]
    actuel = serie[-1] if serie else None
    position: Position = "inconnu"
    if actuel is not None and len(avant) >= 3:
        usuel = median(avant)
        if actuel > reglages.rapport_stock * usuel and actuel > reglages.stock_min:
            position = "franchi"
        else:
            position = "revenu" if actuel <= max(reglages.retour_stock * usuel, reglages.stock_min) else "bande"
        constat = f"{defini.libelle} : {actuel:.0f} dossiers, pour {usuel:.0f} d'ordinaire."
    else:
        constat = f"{defini.libelle} : pas assez de recul."
    cle = Cle("stock", caisse, defini.code)
    seuil = reglages.rapport_stock * median(avant) if avant else None
    return Observation(
        cle, instant, position, reglages.regle_stock, constat, actuel, seuil=seuil, inhibee_par=inhibee_par
    )


def observer_declarations(
    declarations: Iterable[Declaration], suivies: Iterable[Cle], instant: datetime
) -> list[Observation]:
    """A site closed or a PCA in force is an alert at once, and ends with its declaration."""
    vues = {
        Cle("declaration", d.caisse, f"{d.genre}:{d.id}"): d
        for d in declarations
        if d.genre != "situation" and d.court(instant)
    }
    finies = [cle for cle in suivies if cle.genre == "declaration" and cle not in vues]
    return [
        *(_voir(cle, instant, "franchi", _AUSSITOT, _dire(d)) for cle, d in sorted(vues.items())),
        *(_voir(cle, instant, "revenu", _AUSSITOT, "La déclaration a pris fin.") for cle in finies),
    ]


def _dire(declaration: Declaration) -> str:
    quoi = f"site fermé ({declaration.site})" if declaration.genre == "site_ferme" else "PCA en vigueur"
    return f"Déclaré par la caisse : {quoi}. {declaration.motif}"


def situation_declaree(caisse: str, declarations: Iterable[Declaration], instant: datetime) -> Situation | None:
    """The worst of what a caisse now says of its situation; None when it says nothing."""
    dites = [d.situation for d in declarations if d.caisse == caisse and d.situation is not None and d.court(instant)]
    return max(dites, key=ORDRE.index, default=None)


def situation_calculee(ouvertes: Iterable[Genre]) -> Situation:
    """What the open alerts of a caisse say of it: those that were calculated, its own declarations left out."""
    genres = frozenset(ouvertes) - {"declaration", "desaccord"}
    if genres & frozenset(CONTINUITE):
        return "rupture"
    return "degradee" if genres else "normale"


def observer_desaccord(
    caisse: str, declaree: Situation | None, calculee: Situation, instant: datetime, reglages: ReglagesContinuite
) -> Observation:
    """The two situations side by side. A caisse that declares nothing disagrees with nothing."""
    accord = declaree in (None, calculee)
    constat = (
        f"La caisse se déclare en situation {declaree} ; la situation calculée est {calculee}."
        if declaree is not None
        else "La caisse ne déclare plus sa situation."
    )
    position: Position = "revenu" if accord else "franchi"
    details: dict[str, Any] = {"declaree": declaree, "calculee": calculee}
    cle = Cle("desaccord", caisse, "situation")
    return Observation(cle, instant, position, reglages.regle_desaccord, constat, details=details)


def semaines(jour: date, nombre: int) -> tuple[date, date]:
    """The days of a series of that many whole weeks and the one under way, both in; weeks begin on Monday."""
    return jour - timedelta(days=jour.weekday() + 7 * nombre), jour


def _voir(cle: Cle, instant: datetime, position: Position, regle: Regle, constat: str) -> Observation:
    return Observation(cle, instant, position, regle, constat)
