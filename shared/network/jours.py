"""Days as integers: days since 1970-01-01, local to the caisse they are told of."""

from datetime import date

_ORDINAL_DU_JOUR_ZERO = date(1970, 1, 1).toordinal()


def jour_de(jour: date) -> int:
    """Day number of a date."""
    return jour.toordinal() - _ORDINAL_DU_JOUR_ZERO


def date_de(jour: int) -> date:
    """Date of a day number."""
    return date.fromordinal(jour + _ORDINAL_DU_JOUR_ZERO)


def en_clair(jour: int) -> str:
    """The day as a French reader writes it: ``03/11/2026``."""
    return date_de(jour).strftime("%d/%m/%Y")
