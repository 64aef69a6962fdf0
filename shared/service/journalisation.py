"""JSON logs on standard output, one object a line: constant messages, everything that varies in fields.

``journal().info("lot integre", lot=12, lignes=3000)``. The request's id and correlation join every line
through structlog's context variables. Secrets are struck out by field name and by shape, in tracebacks too.
Logs of the libraries (uvicorn, aiokafka, alembic) go through the same processors.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import msgspec
import structlog
from pydantic import SecretBytes, SecretStr
from structlog.typing import Processor

from shared.clock import SystemClock

_BIFFE = "***"
_CHAMP_SECRET = re.compile(
    r"(?:^|_)(?:mot_de_passe|password|passwd|pwd|secret|token|jeton|authorization|cookie|api_?key|cle_(?:api|privee|pseudonyme)"
    r"|private_key|database_url|dsn)(?:_|$)",
    re.IGNORECASE,
)
# Two shapes of secret inside a text: the user part of a URL, and a bearer or basic credential.
_IDENTIFIANTS_URL = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_AUTORISATION = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)

_BIBLIOTHEQUES_BAVARDES = {
    "uvicorn.access": logging.CRITICAL,
    "aiokafka": logging.WARNING,
    "httpcore": logging.WARNING,  # it writes the headers of answers, cookies included
    "httpx": logging.WARNING,
}


def biffer(valeur: Any) -> Any:
    """``valeur`` (text, mapping, sequence, anything) without its secrets; what holds none is returned as it
    is.
    """
    match valeur:
        case str():
            if "://" in valeur:
                valeur = _IDENTIFIANTS_URL.sub(_BIFFE, valeur)
            return _AUTORISATION.sub(rf"\1 {_BIFFE}", valeur)
        case SecretStr() | SecretBytes():
            return _BIFFE
        case Mapping():
            return {c: _BIFFE if _nomme_un_secret(c) else biffer(v) for c, v in valeur.items()}
        case list() | tuple():
            return [biffer(v) for v in valeur]
        case _:
            return valeur


def _nomme_un_secret(champ: Any) -> bool:
    return isinstance(champ, str) and _CHAMP_SECRET.search(champ.replace("-", "_")) is not None


def _biffer_evenement(_: Any, __: str, evenement: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    propre: dict[str, Any] = biffer(evenement)
    return propre


def _horodater(_: Any, __: str, evenement: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A log line bears the machine's time, even where the service follows a simulated clock."""
    evenement["instant"] = SystemClock().now().isoformat(timespec="milliseconds")
    return evenement


def _en_json(_: Any, __: str, evenement: MutableMapping[str, Any]) -> str:
    return msgspec.json.encode(evenement, enc_hook=repr).decode()


def configurer_journal(service: str, niveau: str = "info", flux: TextIO | None = None) -> None:
    """Install the log of this process, once, before anything logs. ``niveau``: debug, info, warning or error.

    Replaces the handlers of the root logger.
    """

    def nommer(_: Any, __: str, evenement: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        evenement.setdefault("service", service)
        return evenement

    communs: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        nommer,
        _horodater,
    ]
    finaux: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _retirer_positionnels,
        structlog.processors.EventRenamer("message"),
        _biffer_evenement,
        _en_json,
    ]
    structlog.configure(
        processors=[*communs, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(_niveau(niveau)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    sortie = logging.StreamHandler(flux if flux is not None else sys.stdout)
    sortie.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=communs, processors=finaux))
    racine = logging.getLogger()
    racine.handlers[:] = [sortie]
    racine.setLevel(_niveau(niveau))
    for nom, seuil in _BIBLIOTHEQUES_BAVARDES.items():
        logging.getLogger(nom).setLevel(max(seuil, _niveau(niveau)))


def _niveau(nom: str) -> int:
    return logging.getLevelNamesMapping()[nom.upper()]


def _retirer_positionnels(_: Any, __: str, evenement: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    evenement.pop("positional_args", None)
    return evenement


def journal(nom: str = "vigie") -> structlog.stdlib.BoundLogger:
    """A logger that follows whatever ``configurer_journal`` installed, before or after this call."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(nom)
    return logger
