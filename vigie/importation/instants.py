"""Reading times: from the text of a cell to an instant with its offset, and the crossing of midnight."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DEMI_JOUR = timedelta(hours=12)
"""How far back a time of day must go before it is taken for the next day; less is dirt of the source."""
JOUR = timedelta(days=1)
MINUTE = timedelta(minutes=1)

Lire = Callable[[str], datetime]
"""Text to aware datetime. Raises ValueError, or OverflowError at the ends of the calendar."""

Precedent = tuple[frozenset[str], datetime]
"""The columns that made a time of day, and the instant it was taken for."""

# What strptime accepts for each directive (ASCII digits only), so that the compiled reader agrees with it.
_DIRECTIVES = {
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "m": r"(?P<m>1[0-2]|0[1-9]|[1-9])",
    "d": r"(?P<d>3[0-1]|[1-2][0-9]|0[1-9]|[1-9]| [1-9])",
    "H": r"(?P<H>2[0-3]|[0-1][0-9]|[0-9])",
    "M": r"(?P<M>[0-5][0-9]|[0-9])",
    "S": r"(?P<S>[0-5][0-9]|[0-9])",
    "%": "%",
}
_MORCEAU = re.compile(r"%(.)|(\s+)|([^%\s]+)", re.DOTALL)
_EPOQUE = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?")


def lecteur(format_: str, zone: ZoneInfo) -> Lire:
    """The reader of ``iso8601``, ``epoch`` (Unix seconds) or a strptime pattern; ``zone`` is for local times."""
    if format_ == "iso8601":
        return lambda texte: placer(datetime.fromisoformat(texte), zone)
    if format_ == "epoch":
        return _epoque
    return _motif(format_, zone) or (lambda texte: placer(datetime.strptime(texte, format_), zone))


def motif_complet(format_: str) -> bool:
    """Whether a strptime pattern gives back the year, month and day that it was written with."""
    temoin = datetime(2023, 11, 27, 21, 43, 56)
    try:
        return datetime.strptime(temoin.strftime(format_), format_).date() == temoin.date()
    except (ValueError, re.error):
        return False


def placer(moment: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a time read: in ``zone`` when it tells no offset.

    An ambiguous local time is its first occurrence; a skipped one keeps the offset from before the change,
    which is the instant an hour later on the new clock. An offset that is not whole minutes, which RFC 3339
    cannot write, is turned into UTC. Raises OverflowError at the ends of the calendar.
    """
    decalage = moment.utcoffset()
    if decalage is None:
        return moment.replace(tzinfo=zone)
    return moment if not decalage % MINUTE else moment.astimezone(UTC)


def reporter(moment: datetime, colonnes: frozenset[str], precedents: Iterable[Precedent]) -> datetime:
    """The next day, when a time of day has passed midnight since an earlier jalon that shares its day.

    ``precedents`` are the jalons before it in the row. A step back of at most 12 h is kept. Times of one zone are
    compared as its clock shows them. Raises OverflowError at the end of the calendar.
    """
    for autres, avant in precedents:
        if avant > moment and DEMI_JOUR < avant - moment <= JOUR and autres & colonnes:
            return moment + JOUR
    return moment


def _epoque(texte: str) -> datetime:
    if not _EPOQUE.fullmatch(texte):
        raise ValueError(texte)
    return datetime.fromtimestamp(float(texte), UTC)


def _motif(format_: str, zone: ZoneInfo) -> Lire | None:
    """What strptime does, several times faster; None when the pattern has other directives or repeats one."""
    morceaux: list[str] = []
    for directive, blanc, texte in _MORCEAU.findall(format_):
        if directive and directive not in _DIRECTIVES:
            return None
        morceaux.append(_DIRECTIVES[directive] if directive else r"\s+" if blanc else re.escape(texte))
    try:
        motif = re.compile("".join(morceaux), re.IGNORECASE)
    except re.error:
        return None
    champs = motif.groupindex
    if not ({"m", "d"} <= champs.keys() and len({"Y", "y"} & champs.keys()) == 1):
        return None
    extraire = motif.fullmatch
    annee, siecle = ("Y", False) if "Y" in champs else ("y", True)
    lus = [nom for nom in (annee, "m", "d", "H", "M", "S") if nom in champs]
    complet = lus == [annee, "m", "d", "H", "M", "S"]

    def lire(texte: str) -> datetime:
        trouve = extraire(texte)
        if trouve is None:
            raise ValueError(texte)
        if complet:
            an, mois, jour, heure, minute, seconde = map(int, trouve.group(*lus))
        else:
            vus = {nom: int(trouve[nom]) for nom in lus}
            an, mois, jour = vus[annee], vus["m"], vus["d"]
            heure, minute, seconde = vus.get("H", 0), vus.get("M", 0), vus.get("S", 0)
        if siecle:
            an += 1900 if an >= 69 else 2000
        return datetime(an, mois, jour, heure, minute, seconde, 0, zone)

    return lire
