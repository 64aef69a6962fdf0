"""HTTP routes of a dossier service: events in, indicators, dossiers and rejects out."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from shared.dossiers.api import (
    charge,
    comparaison,
    dossiers,
    evenements,
    explication,
    indicateurs,
    personnes,
    projection,
    rejets,
    statistiques,
    surveillance,
    telephonie,
    travail,
    triangle,
    valeurs,
)
from shared.dossiers.assemblage import Definition
from shared.dossiers.derives.personnes import tient_les_personnes
from shared.service.acces import Acces, reunir


def routes(definition: Definition) -> Sequence[APIRouter]:
    """The routers of a dossier service, in the order of its documentation."""
    return tuple(salle.routes for salle in _salles(definition))


def acces(definition: Definition) -> Acces:
    """Who may call each of them."""
    return reunir(*(salle.ACCES for salle in _salles(definition)))


def _salles(definition: Definition) -> Sequence[Any]:
    au_telephone = {telephonie.APPELS, telephonie.EFFECTIFS} <= {p.code for p in definition.processus}
    propres = (
        *((telephonie,) if au_telephone else ()),
        *((personnes,) if tient_les_personnes(definition.nom) else ()),
    )
    lues = (indicateurs, valeurs, comparaison, explication)
    return (
        evenements,
        *lues,
        statistiques,
        triangle,
        surveillance,
        projection,
        charge,
        travail,
        *propres,
        dossiers,
        rejets,
    )
