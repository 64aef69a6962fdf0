"""What a check says, and running many at once, each within its time."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Generic, Literal, TypeVar

Verdict = Literal["bon", "a_surveiller", "mauvais", "non_verifiable"]

MOTS: dict[Verdict, str] = {
    "bon": "bon",
    "a_surveiller": "à surveiller",
    "mauvais": "mauvais",
    "non_verifiable": "non vérifiable",
}
"""Verdicts as people read them."""

_GRAVITE: tuple[Verdict, ...] = ("bon", "non_verifiable", "a_surveiller", "mauvais")

DELAI_S = 8.0
"""Seconds one check may take, unless it says otherwise."""


class NonVerifiable(Exception):
    """What the check needs is not there, which another check tells; ``str()`` is a French sentence."""


@dataclass(frozen=True, slots=True)
class Constat:
    """One thing looked at. ``faire``: what to do, empty when there is nothing to do."""

    nom: str
    verdict: Verdict
    trouve: str
    faire: str = ""


L = TypeVar("L")


@dataclass(frozen=True, slots=True)
class Examen(Generic[L]):
    """A check on a place of type ``L``. ``muet``: what to do when it does not end in ``delai_s``."""

    nom: str
    fonction: Callable[[L], Awaitable[Sequence[Constat]]]
    muet: str = "Recommencez ; si cela dure, lisez le journal de ce qui est examiné."
    delai_s: float = DELAI_S


async def examiner(lieu: L, examens: Iterable[Examen[L]]) -> list[Constat]:
    """Every check at once; what they found, in their order. Takes the time of the slowest, never more than its
    ``delai_s``. What a check raises is a finding."""
    return [c for constats in await asyncio.gather(*(_un(lieu, e) for e in examens)) for c in constats]


async def _un(lieu: L, examen: Examen[L]) -> Sequence[Constat]:
    tache = asyncio.ensure_future(examen.fonction(lieu))
    finies, _ = await asyncio.wait((tache,), timeout=examen.delai_s)
    if not finies:
        # Not waited for: what hangs in a driver must not hold the others' answers.
        tache.cancel()
        return [Constat(examen.nom, "mauvais", f"Sans réponse en {examen.delai_s:g} s.", examen.muet)]
    exc = tache.exception()
    if exc is None:
        return tache.result()
    if isinstance(exc, NonVerifiable):
        return [Constat(examen.nom, "non_verifiable", str(exc))]
    return [Constat(examen.nom, "mauvais", f"L'examen a échoué ({type(exc).__name__} : {exc}).", examen.muet)]


def gravite(constats: Iterable[Constat]) -> Verdict:
    """The worst verdict; what could not be checked weighs less than what was found."""
    return max((c.verdict for c in constats), key=_GRAVITE.index, default="bon")


def code_de_sortie(constats: Iterable[Constat]) -> int:
    """1 when something is bad, else 0."""
    return int(gravite(constats) == "mauvais")


def document(constats: Sequence[Constat]) -> dict[str, object]:
    """The findings for a program."""
    compte = Counter(c.verdict for c in constats)
    return {
        "verdict": gravite(constats),
        "nombres": {verdict: compte[verdict] for verdict in MOTS},
        "constats": [asdict(c) for c in constats],
    }


def resume(constats: Sequence[Constat]) -> str:
    """The last line for a person."""
    compte = Counter(c.verdict for c in constats)
    parties = [f"{compte[v]} {MOTS[v]}" for v in MOTS if compte[v]]
    suite = {
        "mauvais": "commencez par ce qui est mauvais, dans l'ordre du tableau",
        "a_surveiller": "rien ne presse",
        "non_verifiable": "rien de mauvais, mais tout n'a pas pu être vérifié",
        "bon": "rien à faire",
    }[gravite(constats)]
    return f"{', '.join(parties)} : {suite}."
