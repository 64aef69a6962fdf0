"""Terms somebody asks for, made from the present ones. Pure.

What is not said keeps its value; the volume follows the ETP-weeks unless it is given.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.propositions.annonces import CENTIEMES
from shared.network.jours import jour_de


def amendes(
    termes: Termes, debut: date | None = None, etp: Sequence[float] | None = None, volume: float | None = None
) -> Termes:
    """Other terms. ``etp``: by week, from the first on."""
    semaines = termes.etp if etp is None else tuple(round(CENTIEMES * valeur) for valeur in etp)
    proportion = sum(semaines) / sum(termes.etp)
    return Termes(
        termes.debut if debut is None else jour_de(debut),
        semaines,
        termes.volume * proportion if volume is None else volume,
    )


def prolonges(termes: Termes, semaines: int, etp: float | None = None, volume: float | None = None) -> Termes:
    """The terms with so many weeks more, at ``etp`` each (those of the last week unless said), for ``volume`` more."""
    centiemes = termes.etp[-1] if etp is None else round(CENTIEMES * etp)
    plus = (centiemes,) * semaines
    ajout = termes.volume * sum(plus) / sum(termes.etp) if volume is None else volume
    return replace(termes, etp=(*termes.etp, *plus), volume=termes.volume + ajout)
