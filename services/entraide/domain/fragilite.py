"""Aid that keeps coming back: PHARE is *ponctuel* and answers no structural weakness (IGAS 2017, tome I [65]). Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.entraide.domain.besoins import fragilite_structurelle


@dataclass(frozen=True, slots=True)
class Passee:
    """A mission that began. Days are day numbers, ``fin`` the last one so far."""

    mission: int
    besoin: str
    caisse: str
    process: str
    debut: int
    fin: int


@dataclass(frozen=True, slots=True)
class Fragilite:
    """A caisse and a process helped too often. ``depuis``: first day of the aid that made it so; ``debuts``: first days
    of the aids of the period that ends there; ``missions``: theirs.
    """

    caisse: str
    process: str
    depuis: int
    debuts: tuple[int, ...]
    missions: tuple[int, ...]


@dataclass(slots=True)
class _Aide:
    debut: int
    fin: int
    besoins: set[str]
    missions: list[int]


def fragilites(passees: Iterable[Passee], missions: int, jours: int) -> list[Fragilite]:
    """Every time a caisse and process reached ``missions`` aids begun within ``jours`` days; it is said again only
    after it fell below.

    Several aidantes at once, or for one need, are one aid: what counts is that it came back.
    """
    par_cle: defaultdict[tuple[str, str], list[Passee]] = defaultdict(list)
    for passee in passees:
        par_cle[passee.caisse, passee.process].append(passee)
    trouvees = []
    for (caisse, process), siennes in sorted(par_cle.items()):
        fragile, aides = False, _aides(siennes)
        for rang, aide in enumerate(aides):
            avant = aides[: rang + 1]
            deja, fragile = fragile, fragilite_structurelle(tuple(a.debut for a in avant), aide.debut, missions, jours)
            if fragile and not deja:
                comptees = [a for a in avant if a.debut > aide.debut - jours]
                debuts = tuple(a.debut for a in comptees)
                numeros = tuple(m for a in comptees for m in a.missions)
                trouvees.append(Fragilite(caisse, process, aide.debut, debuts, numeros))
    return trouvees


def _aides(siennes: Iterable[Passee]) -> list[_Aide]:
    aides: list[_Aide] = []
    for m in sorted(siennes, key=lambda m: (m.debut, m.mission)):
        meme = next((a for a in aides if m.debut <= a.fin or m.besoin in a.besoins), None)
        if meme is None:
            aides.append(_Aide(m.debut, m.fin, {m.besoin}, [m.mission]))
        else:
            meme.fin = max(meme.fin, m.fin)
            meme.besoins.add(m.besoin)
            meme.missions.append(m.mission)
    return aides
