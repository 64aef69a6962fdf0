"""A plan in sentences: what happens to each need with and without aid, and what held the plan back.

The binding limit is found by trial: the plan kept as it is, one limit is lifted at a time, and the first that lets
one more mission be worth its cost is the one named.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.entraide.domain.allocation.allouer import Plan
from services.entraide.domain.allocation.contexte import Contexte, Couple
from services.entraide.domain.allocation.glouton import Reserve
from services.entraide.domain.allocation.modele import CENTIEMES, MILLIEMES
from services.entraide.domain.allocation.patrons import ILLIMITE, Entiers, niveaux, travail
from services.entraide.domain.besoins import en_volume
from services.entraide.domain.eligibilite import PROCESS_NON_TENU, Refus

Limite = Literal[
    "couvert", "aucun_pole", "cout", "capacite", "surete", "capacite_et_surete", "affectation_minimale", "delai"
]


@dataclass(frozen=True, slots=True)
class Effet:
    """One need under a plan. Series by week; ``manque_*`` in hundredths of ETP-weeks, ``retard_*`` in the unit of the
    process (None for calls, which cannot be late).

    Of files, ``*_objectif`` and ``retard_final_*`` count the reserve that the need is sized with.

    ``gain_par_demi_etp``: hundredths of ETP-weeks of shortfall, summed over weeks, that half an ETP more would take
    off if the limit were lifted.
    """

    besoin: str
    sans_socle: tuple[int, ...]
    avec_socle: tuple[int, ...]
    sans_objectif: tuple[int, ...]
    avec_objectif: tuple[int, ...]
    retard_final_sans: float | None
    retard_final_avec: float | None
    limite: Limite
    gain_par_demi_etp: int
    phrase: str

    @property
    def semaines_sous_socle(self) -> tuple[int, int]:
        """Weeks under socle, (without aid, with aid)."""
        return sum(v > 0 for v in self.sans_socle), sum(v > 0 for v in self.avec_socle)

    @property
    def semaines_sous_objectif(self) -> tuple[int, int]:
        """Weeks under objectif, (without aid, with aid)."""
        return sum(v > 0 for v in self.sans_objectif), sum(v > 0 for v in self.avec_objectif)


def expliquer(plan: Plan, refus: Mapping[tuple[str, str], Sequence[Refus]]) -> dict[str, Effet]:
    """The effect and the limit of every need, by key."""
    c = Contexte(plan.probleme)
    reserve = Reserve(c, plan.missions)
    effets = {}
    for rang, demande in enumerate(c.probleme.demandes):
        avec = plan.bilan.manque_objectif[demande.cle]
        couples = [x for x in c.couples if x.demande == rang]
        motifs = Counter(
            r[0].phrase
            for (_, besoin), r in sorted(refus.items())
            if besoin == demande.cle and r[0].code != PROCESS_NON_TENU
        )
        limite, gain = _limite(c, reserve, couples, avec)
        finals = (demande.manque_objectif[-1], avec[-1]) if demande.cumulatif else (None, None)
        effets[demande.cle] = Effet(
            besoin=demande.cle,
            sans_socle=demande.manque_socle,
            avec_socle=plan.bilan.manque_socle[demande.cle],
            sans_objectif=demande.manque_objectif,
            avec_objectif=avec,
            retard_final_sans=None if finals[0] is None else en_volume(demande.process, finals[0] / CENTIEMES),
            retard_final_avec=None if finals[1] is None else en_volume(demande.process, finals[1] / CENTIEMES),
            limite=limite,
            gain_par_demi_etp=gain,
            phrase=_phrase(limite, gain, motifs),
        )
    return effets


@dataclass(frozen=True, slots=True)
class _Levee:
    """One limit lifted: capacity, margins, cost of a mission, minimum assignment."""

    limite: Limite
    capacite: bool = False
    surete: bool = False
    cout: bool = False
    minimum: bool = False


_LEVEES = (
    _Levee("cout", cout=True),
    _Levee("affectation_minimale", cout=True, minimum=True),
    _Levee("capacite", capacite=True),
    _Levee("surete", surete=True),
    _Levee("capacite_et_surete", capacite=True, surete=True),
)


def _limite(c: Contexte, reserve: Reserve, couples: Sequence[Couple], avec: tuple[int, ...]) -> tuple[Limite, int]:
    if not any(avec):
        return "couvert", 0
    if not couples:
        return "aucun_pole", 0
    for levee in _LEVEES:
        gain = max(_gain(c, reserve, couple, levee) for couple in couples)
        if gain > 0:
            return levee.limite, gain
    return "delai", 0


def _gain(c: Contexte, reserve: Reserve, couple: Couple, levee: _Levee) -> int:
    """Hundredths of shortfall taken off by the minimum assignment more, when that is worth its cost; else 0."""
    infini = np.full(c.probleme.semaines, ILLIMITE, dtype=np.int64)
    libres = niveaux(
        c.blocs,
        infini if levee.capacite else reserve.capacite[couple.offreur],
        infini if levee.surete else reserve.hebdo[couple.donneur],
        infini if levee.surete else reserve.cumul[couple.donneur],
    )
    etp = 1 if levee.minimum else c.probleme.regles.etp_min
    en_cours = (couple.offreur, couple.demande) in reserve.pris
    possibles = (libres >= etp) & couple.permis & (c.assez_longs | en_cours)
    manque = c.manques[couple.demande] - reserve.recu[couple.demande]
    utile = c.utile(couple, travail(couple.effet, etp))
    ote: Entiers = np.maximum(manque, 0)[None] - np.maximum(manque[None] - utile[:, None, :], 0)
    cout = etp * couple.par_etp + (0 if levee.cout or en_cours else couple.fixe)
    net = np.where(possibles, (ote * c.prix[couple.demande]).sum(axis=(1, 2)) - cout, 0)
    bloc = int(net.argmax())
    return int(ote[bloc, 1].sum()) // MILLIEMES if net[bloc] > 0 else 0


_PHRASES: Mapping[Limite, Callable[[str], str]] = {
    "couvert": lambda _: "Le besoin est couvert : l'objectif est tenu chaque semaine.",
    "aucun_pole": lambda suite: f"Aucun pôle ne peut aider. {suite}".strip(),
    "cout": lambda _: "Ce qu'une aidante de plus pourrait encore ôter ne justifie pas de l'appeler.",
    "affectation_minimale": lambda _: "Ce qui pourrait encore être donné est sous l'affectation minimale utile.",
    "capacite": lambda suite: f"Tous les ETP des pôles éligibles sont employés. {suite}",
    "surete": lambda suite: f"Les aidantes passeraient sous leur propre objectif en donnant davantage. {suite}",
    "capacite_et_surete": lambda suite: f"Les pôles éligibles n'ont plus ni ETP ni marge sur leur objectif. {suite}",
    "delai": lambda _: (
        "Plus d'ETP n'y changerait rien : le manque qui reste tombe avant que l'aide soit pleinement efficace, "
        "ou hors de la période et de la durée permises."
    ),
}


def _phrase(limite: Limite, gain: int, motifs: Counter[str]) -> str:
    if limite == "aucun_pole":
        return _PHRASES[limite](
            " ".join(phrase for phrase, _ in sorted(motifs.items(), key=lambda m: (-m[1], m[0]))[:3])
        )
    decimal = f"{gain / CENTIEMES:.1f}".replace(".", ",")
    return _PHRASES[limite](f"Un demi-ETP de plus ôterait {decimal} ETP-semaines de manque cumulé.")
