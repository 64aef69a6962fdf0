"""HTTP routes of a dossier service: events in, indicators, dossiers and rejects out."""

from collections.abc import Sequence

from fastapi import APIRouter

from shared.dossiers.api import (
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
    valeurs,
)
from shared.dossiers.assemblage import Definition
from shared.dossiers.derives.personnes import tient_les_personnes


def routes(definition: Definition) -> Sequence[APIRouter]:
    """The routers of a dossier service, in the order of its documentation."""
    au_telephone = {telephonie.APPELS, telephonie.EFFECTIFS} <= {p.code for p in definition.processus}
    propres = (
        *((telephonie.routes,) if au_telephone else ()),
        *((personnes.routes,) if tient_les_personnes(definition.nom) else ()),
    )
    lues = (indicateurs.routes, valeurs.routes, comparaison.routes, explication.routes)
    return (
        evenements.routes,
        *lues,
        statistiques.routes,
        surveillance.routes,
        projection.routes,
        *propres,
        dossiers.routes,
        rejets.routes,
    )
