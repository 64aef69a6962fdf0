"""Cursor pagination: a page says where the next one starts, by the sort key of its last element.

A query asks for ``page.limite + 1`` rows after ``page.apres``; ``paginer`` cuts them into the page and its
cursor.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from fastapi import Query, Request, Response

from shared.service.erreurs import RequeteMalformee

T = TypeVar("T")

LIMITE_PAR_DEFAUT = 50
LIMITE_MAX = 500
# A sort key is a few scalars; a longer text is not one of our cursors.
_LONGUEUR_MAX = 1024


@dataclass(frozen=True, slots=True)
class Page:
    """What a caller asks for: at most ``limite`` elements after ``curseur`` (None: from the start)."""

    limite: int
    curseur: str | None

    def apres(self, type_cle: type[T]) -> T | None:
        """The sort key to start after, as ``type_cle`` (``tuple[date, int]``…); None at the start.

        Raises ``RequeteMalformee`` for a cursor that this list did not give.
        """
        return None if self.curseur is None else lire_curseur(self.curseur, type_cle)


def page_demandee(
    limite: Annotated[int, Query(ge=1, le=LIMITE_MAX, description="Nombre d'éléments par page")] = LIMITE_PAR_DEFAUT,
    curseur: Annotated[str | None, Query(description="Le `suivant` de la page précédente")] = None,
) -> Page:
    """The dependency of every list: ``Annotated[Page, Depends(page_demandee)]``."""
    return Page(limite, curseur)


def ecrire_curseur(cle: tuple[Any, ...]) -> str:
    """An opaque cursor for a sort key of JSON scalars, dates, instants or UUIDs."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cle)).rstrip(b"=").decode()


def lire_curseur(texte: str, type_cle: type[T]) -> T:
    """The sort key of ``texte``, of the type ``type_cle``. Raises ``RequeteMalformee``."""
    try:
        if len(texte) > _LONGUEUR_MAX:
            raise ValueError
        octets = base64.b64decode(texte + "=" * (-len(texte) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(octets, type=type_cle)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise RequeteMalformee(
            "Ce curseur n'est pas valide. Reprenez la liste depuis le début, sans curseur."
        ) from None


def paginer(elements: Sequence[T], page: Page, cle: Callable[[T], tuple[Any, ...]]) -> tuple[list[T], str | None]:
    """Of up to ``limite + 1`` sorted elements: those of the page, and the cursor of the next one if there is
    one.
    """
    gardes = list(elements[: page.limite])
    return gardes, ecrire_curseur(cle(gardes[-1])) if len(elements) > page.limite else None


def lier_suivante(request: Request, response: Response, suivant: str | None) -> None:
    """Add ``Link: <…>; rel="next"`` (RFC 8288): same path and filters, the next cursor. Relative: no host is
    trusted.
    """
    if suivant is None:
        return
    parametres = [(n, v) for n, v in parse_qsl(request.url.query, keep_blank_values=True) if n != "curseur"]
    requete = urlencode([*parametres, ("curseur", suivant)])
    response.headers["Link"] = f'<{quote(request.scope["path"])}?{requete}>; rel="next"'
