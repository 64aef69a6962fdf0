"""What routes that write have in common: bodies, plain JSON answers, faults that name a field."""

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import Path, Response
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)

from shared.network.reseau import CaisseInconnue, charger
from shared.service.erreurs import DonneesInvalides
from shared.service.etag import etag
from shared.service.validation import valeur_recevable

Numero = Annotated[int, Path(ge=1, le=2**63 - 1)]
Motif = Annotated[str, Field(min_length=1, max_length=2_000, description="Pourquoi, en clair")]
Auteur = Annotated[
    str | None, Field(min_length=1, max_length=200, description="Qui le dit ; par défaut, celui qui appelle")
]


def _recevoir(recue: Any, lire: ValidatorFunctionWrapHandler) -> Any:
    lue = lire(recue)
    valeur_recevable(recue, lue)
    return lue


Jour = Annotated[date, WrapValidator(_recevoir)]
"""A day that a query names by itself: AAAA-MM-JJ, never a number."""

Instant = Annotated[AwareDatetime, WrapValidator(_recevoir)]
"""An instant that a query names by itself: ISO 8601 with its zone, never a number."""


class Corps(BaseModel):
    """A body, or the options of a question: a field that does not exist is refused rather than lost, and so is a value
    of no use whatever its field (``valeur_recevable``)."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="wrap")
    @classmethod
    def _recevable(cls, recue: Any, lire: ValidatorFunctionWrapHandler) -> Any:
        return _recevoir(recue, lire)


def json(document: object, statut: int = 200, **entetes: str) -> Response:
    """A JSON answer of plain values, instants and dates; ``Last_Modified`` gives the header of that name."""
    noms = {nom.replace("_", "-"): valeur for nom, valeur in entetes.items()}
    return Response(msgspec.json.encode(document), statut, noms, "application/json")


def etiquette(document: object) -> str:
    """The ETag of a representation of plain values."""
    return etag(msgspec.json.encode(document))


def champ_invalide(champ: str, message: str) -> DonneesInvalides:
    """422 that names the field of the body, in the form of every other validation error of the services."""
    return DonneesInvalides(
        f"Champ « {champ} » : {message}", erreurs=[{"emplacement": f"corps.{champ}", "message": message}]
    )


def caisse_connue(nom: str, champ: str = "caisse") -> str:
    """The slug of a caisse by any of its names. Raises DonneesInvalides, naming ``champ`` of the body."""
    try:
        return charger().caisse(nom).slug
    except CaisseInconnue as exc:
        raise champ_invalide(champ, str(exc)) from None
