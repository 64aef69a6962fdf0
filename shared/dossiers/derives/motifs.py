"""Réitérations and induced contacts of a period, motif by motif: sums of cells, for one caisse or the network."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.derives import AUCUN, CONTACT_INDUIT, REITERATION, Regles
from shared.dossiers.cellules import Cellier, Filtre, Selection, Vue, entre
from shared.dossiers.contributions import lire_strate
from shared.dossiers.dictionnaire import Dictionnaire
from shared.indicators.periodes import Periode


@dataclass(slots=True)
class Compte:
    """Contacts, those counted among them, and these by what explains them (the channel, or the late file)."""

    contacts: int = 0
    comptes: int = 0
    dont: Counter[str] = field(default_factory=Counter)

    @property
    def taux(self) -> float | None:
        """In %; None without contacts."""
        return 100 * self.comptes / self.contacts if self.contacts else None

    def signale(self, regles: Regles) -> bool:
        """Whether there are more, and a greater share of them, than the rules let pass."""
        return self.comptes > regles.plus_de and 100 * self.comptes > regles.taux * self.contacts

    def ajouter(self, n: int, compte: bool, par: str) -> None:
        """``n`` contacts."""
        self.contacts += n
        if compte:
            self.comptes += n
            self.dont[par] += n


@dataclass(frozen=True, slots=True)
class Question:
    """One caisse (None: the network), one period, one side."""

    periode: Periode
    vue: Vue = "responsable"
    caisse: int | None = None


async def reiterations(
    conn: AsyncConnection, schema: str, noms: Dictionnaire, question: Question, jours: int
) -> dict[str, Compte]:
    """By motif: contacts that came at most ``jours`` days (0 to ECART_MAX) after the last; by the channel they took."""
    comptes: dict[str, Compte] = {}
    for strate, n in await _strates(conn, schema, noms, question, REITERATION):
        ecart = strate["ecart"]
        repete = ecart != AUCUN and int(ecart) <= jours
        comptes.setdefault(strate["motif"], Compte()).ajouter(n, repete, strate["canal"])
    return comptes


async def contacts_induits(
    conn: AsyncConnection, schema: str, noms: Dictionnaire, question: Question
) -> dict[str, Compte]:
    """By motif (empty: not said): contacts of persons with a late file; by the process of that file."""
    comptes: dict[str, Compte] = {}
    for strate, n in await _strates(conn, schema, noms, question, CONTACT_INDUIT):
        retard = strate["retard"]
        comptes.setdefault(strate["motif"], Compte()).ajouter(n, retard != AUCUN, retard)
    return comptes


async def _strates(
    conn: AsyncConnection, schema: str, noms: Dictionnaire, question: Question, process: str
) -> Sequence[tuple[Mapping[str, str], int]]:
    filtre = Filtre(noms.connait("process", process) or 0, question.vue, caisse=question.caisse)
    du, au = question.periode
    selection = Selection("flux", {"strate": "strate", "n": "n"}, entre("jour", du, au))
    lues = await Cellier(schema).sommer(conn, filtre, [selection], ("n",))
    couples = zip(lues["strate"].tolist(), lues["n"].tolist(), strict=True)
    return [(lire_strate(noms.nom("strate", code)), n) for code, n in couples]
