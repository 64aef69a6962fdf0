"""What a silence or a neutralisation is about: caisses, a platform or the whole network, and some indicators."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from services.alerts.domain.etats import Cle
from shared.network.jours import jour_de
from shared.network.plateformes import PlateformeInconnue, charger_plateformes
from shared.network.reseau import charger

RESEAU = "reseau"


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of the alerts it is about, which go on living. A None is no condition."""

    id: int
    debut: datetime
    fin: datetime
    auteur: str
    motif: str
    caisse: str | None = None
    objet: str | None = None
    genre: str | None = None

    def tait(self, cle: Cle, instant: datetime) -> bool:
        """Whether it keeps this alert quiet at this instant."""
        return (
            self.debut <= instant < self.fin
            and self.caisse in (None, cle.caisse)
            and self.objet in (None, cle.objet)
            and self.genre in (None, cle.genre)
        )


@dataclass(frozen=True, slots=True)
class Neutralisation:
    """Days whose figures are judged by nobody, for some indicators. It changes a verdict, never a value.

    ``au`` None: until it is ended. ``caisse`` and ``plateforme`` both None: the whole network.
    """

    id: int
    du: date
    au: date | None
    indicateurs: frozenset[str]
    auteur: str
    motif: str
    caisse: str | None = None
    plateforme: str | None = None

    def couvre(self, indicateur: str, caisse: str, du: date, au: date) -> bool:
        """Whether a figure over these days, both in, is neutralised: any common day is enough."""
        if indicateur not in self.indicateurs or au < self.du or (self.au is not None and self.au < du):
            return False
        if self.caisse is not None:
            return caisse == self.caisse
        return self.plateforme is None or caisse in caisses_servies(self.plateforme, max(self.du, du))

    @property
    def phrase(self) -> str:
        """Why, in words."""
        fin = f" au {self.au:%d/%m/%Y}" if self.au is not None else ""
        return f"Neutralisée du {self.du:%d/%m/%Y}{fin} par {self.auteur} : {self.motif}"


def caisses_servies(plateforme: str, jour: date) -> frozenset[str]:
    """Slugs of the caisses a platform serves that day; none when it does not exist then."""
    try:
        codes = charger_plateformes().plateforme(plateforme, jour_de(jour)).caisses
    except PlateformeInconnue:
        return frozenset()
    par_code = charger().par_code
    return frozenset(par_code[code].slug for code in codes)


def neutralisee_par(
    neutralisations: Iterable[Neutralisation], indicateur: str, caisse: str, du: date, au: date
) -> str | None:
    """The sentence of the first neutralisation that covers this figure, by number; None: it is judged."""
    trouvees = [n for n in neutralisations if n.couvre(indicateur, caisse, du, au)]
    return min(trouvees, key=lambda n: n.id).phrase if trouvees else None
