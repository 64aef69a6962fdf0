"""An answer made of tables: which rows a page holds, and how they are written, as JSON or CSV. Pure.

The rows of an answer follow one another indicator by indicator, period by period, the network then the caisses: the
rank of a row among them all says which it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from shared.dossiers.couvertures import Couverture
from shared.dossiers.tableau import Forme, Tableau, Titre, entete_csv, rangs
from shared.dossiers.valeurs import Demande
from shared.indicators.periodes import Periode

Cle = tuple[str, int, int]
"""(indicator, first day of the period, organism code): what names a row in a cursor."""


@dataclass(frozen=True, slots=True)
class Serie:
    """One indicator of a question, as it is titled and as it is asked."""

    titre: Titre
    demande: Demande


@dataclass(frozen=True, slots=True)
class Question:
    """What one request asks: the same periods of each indicator. ``organisme`` None: the network and every caisse."""

    series: Sequence[Serie]
    organisme: int | None
    forme: Forme

    @property
    def periodes(self) -> Sequence[Periode]:
        return self.series[0].demande.periodes

    @property
    def organismes(self) -> Sequence[int]:
        """Of the rows of one table, in their order."""
        return list(rangs()) if self.organisme is None else [self.organisme]

    @property
    def nombre(self) -> int:
        """Rows of the whole answer."""
        return len(self.series) * len(self.periodes) * len(self.organismes)


@dataclass(frozen=True, slots=True)
class Lue:
    """A table of a page, and what it is built on."""

    tableau: Tableau
    couverture: Couverture


@dataclass(frozen=True, slots=True)
class Coupe:
    """The rows of a page: ranks [debut, fin)."""

    debut: int
    fin: int

    def periodes(self, question: Question, rang: int) -> range:
        """Which periods of the indicator of this rank the page holds rows of."""
        lignes, nombre = len(question.organismes), len(question.periodes)
        premier, dernier = self.debut // lignes - rang * nombre, -(-self.fin // lignes) - rang * nombre
        return range(min(max(premier, 0), nombre), min(max(dernier, 0), nombre))


def couper(question: Question, limite: int | None, apres: Cle | None) -> Coupe | None:
    """The page of at most ``limite`` rows after the row ``apres``; None when the answer has no such row."""
    debut = 0
    if apres is not None:
        place = _rang(question, apres)
        if place is None:
            return None
        debut = place + 1
    return Coupe(debut, question.nombre if limite is None else min(question.nombre, debut + limite))


def suivante(question: Question, coupe: Coupe) -> Cle | None:
    """The last row of the page, when another page follows."""
    if coupe.fin >= question.nombre:
        return None
    reste, organisme = divmod(coupe.fin - 1, len(question.organismes))
    serie, periode = divmod(reste, len(question.periodes))
    code = question.series[serie].titre.indicateur.code
    return code, question.periodes[periode].du, question.organismes[organisme]


def en_json(
    question: Question,
    coupe: Coupe,
    tableaux: Sequence[Sequence[Lue]],
    suivant: str | None,
    en_plus: Sequence[Mapping[str, object]] | None = None,
    *,
    plusieurs: bool,
) -> bytes:
    """The document of the page; ``en_plus``: what it also says of each series."""
    documents = []
    dits = en_plus or [{}] * len(question.series)
    for rang, (serie, lus, dit) in enumerate(zip(question.series, tableaux, dits, strict=True)):
        indicateur = serie.titre.indicateur
        lignes = msgspec.Raw(b"[" + b",".join(_lignes(question, coupe, rang, lus)) + b"]")
        entete = {"indicateur": indicateur.code, "version": indicateur.version, "unite": indicateur.unite}
        documents.append(entete | {"vue": serie.titre.vue, **dit, "valeurs": lignes})
    if plusieurs:
        pleins = [d for d, lus in zip(documents, tableaux, strict=True) if lus]
        return msgspec.json.encode({"indicateurs": pleins, "suivant": suivant})
    return msgspec.json.encode(documents[0] | {"suivant": suivant})


def en_csv(question: Question, coupe: Coupe, tableaux: Sequence[Sequence[Lue]]) -> bytes:
    """A header, then the rows of the page."""
    lignes = (b"".join(_lignes(question, coupe, rang, lus)) for rang, lus in enumerate(tableaux))
    return entete_csv(question.forme) + b"".join(lignes)


def _lignes(question: Question, coupe: Coupe, rang: int, tableaux: Sequence[Lue]) -> list[bytes]:
    """The rows of one indicator in the page; ``tableaux``: those of ``coupe.periodes``."""
    titre, par_tableau = question.series[rang].titre, len(question.organismes)
    ecrites = [
        ligne
        for lue in tableaux
        for ligne in lue.tableau.lignes(titre, question.forme, lue.couverture, question.organisme)
    ]
    premiere = (rang * len(question.periodes) + coupe.periodes(question, rang).start) * par_tableau
    return ecrites[max(coupe.debut - premiere, 0) : max(coupe.fin - premiere, 0)]


def _rang(question: Question, cle: Cle) -> int | None:
    code, du, organisme = cle
    codes = [serie.titre.indicateur.code for serie in question.series]
    debuts = [periode.du for periode in question.periodes]
    if code not in codes or du not in debuts or organisme not in question.organismes:
        return None
    bloc = codes.index(code) * len(debuts) + debuts.index(du)
    return bloc * len(question.organismes) + question.organismes.index(organisme)
