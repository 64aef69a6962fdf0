"""The jalons of one row and their instants, for each shape of file."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from vigie.importation.cellules import Cellules, Rangs, Refus, cite, condition_de, nomme, texte_de
from vigie.importation.instants import Lire, Precedent, lecteur, reporter
from vigie.importation.modele import Mapping, Moment

Dater = Callable[[Cellules], dict[str, datetime]]
"""Jalon -> aware instant, in declared order; empty when the row makes none on purpose. Raises Refus."""


class _Essai(NamedTuple):
    """One way to date a jalon."""

    remplie: Callable[[Cellules], bool] | None
    texte: Callable[[Cellules], str]
    lire: Lire
    colonnes: frozenset[str]
    """Empty when the time is in one column, which then tells its own day."""
    moment: Moment


def dater_dossiers(mapping: Mapping, rangs: Rangs) -> Dater:
    """Shape dossiers: each jalon at the first of its times that applies and is not empty, midnight crossed."""
    essais = [(nom, [_essai(m, rangs, mapping.zone) for m in moments]) for nom, moments in mapping.jalons.items()]
    colonnes = tuple(dict.fromkeys(c for liste in mapping.jalons.values() for m in liste for c in m.gabarit.colonnes))

    def dater(cellules: Cellules) -> dict[str, datetime]:
        jalons: dict[str, datetime] = {}
        precedents: list[Precedent] = []
        for nom, liste in essais:
            for essai in liste:
                if essai.remplie is not None and not essai.remplie(cellules):
                    continue
                texte = essai.texte(cellules)
                if texte:
                    jalons[nom] = _instant(texte, essai, precedents)
                    break
        if not jalons:
            raise Refus(
                "sans_jalon",
                f"Aucun jalon : {nomme(colonnes).lower()} vides, ou leurs conditions non remplies. "
                "Pour laisser de telles lignes de côté, écrivez when ou unless en tête du mapping.",
            )
        return jalons

    return dater


def dater_evenements(mapping: Mapping, rangs: Rangs) -> Dater:
    """Shape events: the jalons of the row's activity, all at the row's time; none when it maps to nothing."""
    if mapping.activite is None or mapping.heure is None:
        raise ValueError("shape events needs activity and time")
    toute = frozenset(mapping.toute_activite)
    ordre = mapping.ordre
    faits = {a: tuple(n for n in ordre if n in noms or n in toute) for a, noms in mapping.activites.items()}
    rang, essai = rangs[mapping.activite], _essai(mapping.heure, rangs, mapping.zone)

    def dater(cellules: Cellules) -> dict[str, datetime]:
        noms = faits.get(cellules[rang], mapping.toute_activite)
        if not noms:
            return {}
        texte = essai.texte(cellules)
        if not texte:
            raise Refus("date_invalide", f"{nomme(essai.moment.gabarit.colonnes)} : l'heure est vide.")
        return dict.fromkeys(noms, _instant(texte, essai, []))

    return dater


def _essai(moment: Moment, rangs: Rangs, zone: ZoneInfo) -> _Essai:
    gabarit = moment.gabarit
    colonnes = frozenset(gabarit.colonnes) if gabarit.compose else frozenset[str]()
    return _Essai(
        condition_de(moment.condition, rangs),
        texte_de(gabarit, rangs),
        lecteur(moment.format, zone),
        colonnes,
        moment,
    )


def _instant(texte: str, essai: _Essai, precedents: list[Precedent]) -> datetime:
    """The instant of a text; a time of day is carried over midnight after ``precedents``, and joins them."""
    try:
        moment = essai.lire(texte)
        if essai.colonnes:
            moment = reporter(moment, essai.colonnes, precedents)
            precedents.append((essai.colonnes, moment))
    except (ValueError, OverflowError):
        raise Refus(
            "date_invalide",
            f"{nomme(essai.moment.gabarit.colonnes)} ({essai.moment.chemin}) : {cite(texte)} n'est pas une date "
            f"lisible (time_format: {essai.moment.format}).",
        ) from None
    return moment
