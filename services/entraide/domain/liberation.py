"""Which missions a caisse could do without from now on: it recovered before the end they were agreed for. Pure.

Those that stay must hold its objectif by themselves every week of the horizon, with the reserve a need is sized with:
an aid that is let go too soon is asked for again.
"""

from collections.abc import Mapping, Sequence

from services.entraide.domain.activites import parametres
from services.entraide.domain.besoins import en_etp_semaines
from services.entraide.domain.donneur import SituationTelephone, etp_manquants
from services.entraide.domain.projection import Situation, a_absorber, avec_reserve, projeter
from services.entraide.domain.telephone import Modele

_RIEN = 1e-6


def superflues(
    process: str,
    situation: Situation | SituationTelephone,
    apports: Mapping[int, Sequence[float]],
    telephone: Modele,
) -> frozenset[int]:
    """Numbers of the missions that may all stop together. ``situation``: the caisse without any of them; ``apports``:
    what each has still to work in each week of the horizon, in the unit of the process.

    The one with most left to work goes first, since it frees most; at equality the one with the lowest number.
    """
    gardees = dict(apports)
    for numero in sorted(apports, key=lambda n: (-sum(apports[n]), n)):
        autres = [serie for n, serie in gardees.items() if n != numero]
        if _tient(process, situation, [sum(v) for v in zip(*autres, strict=True)], telephone):
            del gardees[numero]
    return frozenset(apports.keys() - gardees.keys())


def _tient(process: str, situation: Situation | SituationTelephone, apport: Sequence[float], telephone: Modele) -> bool:
    """Whether the objectif is held every week with that aid (empty: none)."""
    if isinstance(situation, SituationTelephone):
        manques = etp_manquants(situation, situation.taux_objectif, telephone)
        recus = [en_etp_semaines(process, v) for v in apport] or [0.0] * len(manques)
        return all(manque <= recu + _RIEN for manque, recu in zip(manques, recus, strict=True))
    visee = avec_reserve(situation, parametres()["reserve"]["aidee"])
    retard = projeter(visee, apport).retard_objectif if apport else a_absorber(visee)
    return max(retard, default=0.0) <= _RIEN
