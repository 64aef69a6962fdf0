"""Every week, whether the aid under way is still of use: kept, and told to the aidée when a team may be released."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog

from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins.amonts import Amonts
from services.entraide.domain.semaines import lundi_de
from services.entraide.propositions.annonces import annoncer_rappel
from services.entraide.propositions.lignes import Lue
from services.entraide.suivi import store
from services.entraide.suivi.commun import montees
from services.entraide.suivi.missions import debut
from services.entraide.suivi.suite import suites
from shared.database.transactions import transaction
from shared.network.jours import date_de
from shared.service.amonts import LectureImpossible

LIBERATION = "liberation"
"""What is awaited from the aidée: that it lets the team go."""

_log = structlog.get_logger(__name__)


def a_revoir(toutes: Iterable[Lue], faites: frozenset[int], lundi: int) -> list[Lue]:
    """Active missions that began before this week and were not looked at in it."""
    return [lue for lue in toutes if lue.proposition.etat == "active" and debut(lue) < lundi and lue.id not in faites]


async def conseiller(
    service: ServiceEntraide, amonts: Amonts, toutes: Sequence[Lue], jour: int, instant: datetime
) -> int:
    """Look at what is due this week; how many missions. What nobody answers for waits for the next round."""
    lundi = lundi_de(jour)
    async with service.moteur.connect() as conn:
        dues = a_revoir(toutes, await store.suites_faites(conn, date_de(lundi)), lundi)
        rythmes = await montees(conn) if dues else {}
    par_numero, nombre = {lue.id: lue for lue in dues}, 0
    for clef in sorted({(lue.proposition.aidee, lue.proposition.process) for lue in dues}):
        try:
            vues = await suites(amonts, clef, toutes, instant, service.reglages.echantillon, rythmes)
        except LectureImpossible as exc:
            _log.warning("suite d'une aide non relue", caisse=clef[0], process=clef[1], raison=str(exc))
            continue
        async with transaction(service.moteur) as conn:
            for numero in sorted(vues.keys() & par_numero.keys()):
                neuve = await store.garder_suite(conn, numero, date_de(lundi), vues[numero], instant)
                nombre += neuve
                if neuve and vues[numero].utile is False:
                    await annoncer_rappel(conn, par_numero[numero], LIBERATION, "aidee", lundi, instant)
    return nombre
