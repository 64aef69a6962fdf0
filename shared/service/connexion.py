"""A client's connection, with the limits that an application cannot set: it only sees requests whose headers ended."""

import asyncio
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ENTETES_S = 20.0
"""Seconds for the headers of a request to arrive, or for the rest of a body already answered."""

ENTETES_OCTETS = 64 * 1024
"""Bytes of headers, beyond those that came with the first block of the request."""

_TROP_LENT = b"408 Request Timeout"
_TROP_LONG = b"431 Request Header Fields Too Large"


class Connexion(HttpToolsProtocol):
    """uvicorn's, closed when nothing is asked or headers do not end: in ``entetes_s`` seconds, in ``ENTETES_OCTETS``.

    The body has the time limit of the request (``Delai``) until it is answered; what still comes after the answer is
    thrown away, for ``entetes_s`` seconds too.
    """

    def __init__(self, *arguments: Any, entetes_s: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._entetes_s = entetes_s
        self._minuterie: asyncio.TimerHandle | None = None
        self._en_entetes = self._en_corps = False
        self._recus = 0
        self._debute_ici = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._armer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._desarmer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._debute_ici = False
        super().data_received(data)
        if self._en_entetes and not self._debute_ici:
            self._recus += len(data)
            if self._recus > ENTETES_OCTETS:
                self._refuser(_TROP_LONG)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._en_entetes = self._debute_ici = True
        self._recus = 0
        self._armer()

    def on_headers_complete(self) -> None:
        self._en_entetes, self._en_corps = False, True
        self._desarmer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._en_corps = False
        self._desarmer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._en_corps:
            self._armer()

    def _armer(self) -> None:
        self._desarmer()
        self._minuterie = self.loop.call_later(self._entetes_s, self._refuser, _TROP_LENT)

    def _desarmer(self) -> None:
        if self._minuterie is not None:
            self._minuterie.cancel()
            self._minuterie = None

    def _refuser(self, statut: bytes) -> None:
        """Close; said to the client only while it is its turn to be answered."""
        if self.transport.is_closing():
            return
        if self._en_entetes and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(b"HTTP/1.1 " + statut + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()


def connexion(delai_s: float) -> type[asyncio.Protocol]:
    """The protocol for uvicorn, for requests that may take ``delai_s`` seconds in all."""
    return cast("type[asyncio.Protocol]", partial(Connexion, entetes_s=min(ENTETES_S, delai_s)))
