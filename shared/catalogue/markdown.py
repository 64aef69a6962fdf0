"""Tables, lists and folded parts of a Markdown page."""

from collections.abc import Iterable, Iterator, Sequence


def tableau(colonnes: str, rangees: Iterable[tuple[str, ...]], *, vides: Sequence[str] = ()) -> Iterator[str]:
    """A table; ``colonnes`` are its titles, separated by bars. A column of nothing but ``vides`` is left out."""
    titres, lues = colonnes.split("|"), list(rangees)
    gardees = [i for i in range(len(titres)) if not lues or not all(rangee[i] in vides for rangee in lues)]
    yield f"| {' | '.join(titres[i] for i in gardees)} |"
    yield "|" + "---|" * len(gardees)
    for rangee in lues:
        yield f"| {' | '.join(rangee[i].replace('|', '/') for i in gardees)} |"
    yield ""


def liste(titre: str, phrases: Iterable[str]) -> Iterator[str]:
    """A titled list, each item ended by one full stop; nothing when there is no item."""
    phrases = tuple(phrases)
    if phrases:
        yield f"**{titre}**\n"
        yield from (f"- {phrase.rstrip('.')}." for phrase in phrases)
        yield ""


def repli(titre: str, phrases: Iterable[str]) -> Iterator[str]:
    """The same list folded under its title: kept, and not in the way."""
    phrases = tuple(phrases)
    if phrases:
        yield f"<details><summary>{titre}</summary>\n"
        yield from (f"- {phrase.rstrip('.')}." for phrase in phrases)
        yield "\n</details>\n"
