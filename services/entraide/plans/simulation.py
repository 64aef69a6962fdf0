"""What if: other pôles, other needs, other weights; the plan that would come of it, which proposes nothing. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.entraide.domain.besoins import Besoin
from services.entraide.domain.poles import Pole
from services.entraide.plans.rassemblement import Base
from services.entraide.poles.description import Description, Faute, en_pole, fautes, normaliser


class HypotheseFausse(ValueError):
    """A change that cannot be made; ``champ`` of the body, ``str()`` a French sentence."""

    def __init__(self, champ: str, phrase: str) -> None:
        super().__init__(phrase)
        self.champ = champ


def avec_poles(
    poles: Sequence[Pole],
    descriptions: Mapping[str, Description],
    changes: Sequence[Mapping[str, Any]],
    sans: Sequence[str],
) -> tuple[Pole, ...]:
    """``changes``: fields of a description, ``cle`` among them: of a pôle known, those that change; else all it needs.

    Offers, and what a pôle gave before, stay as they are. Raises HypotheseFausse.
    """
    par_cle = {p.cle: p for p in poles}
    for cle in sans:
        if par_cle.pop(cle, None) is None:
            raise HypotheseFausse("sans_poles", f"aucun pôle « {cle} ».")
    for change in changes:
        cle = change["cle"]
        connue = descriptions.get(cle)
        manquants = [nom for nom in ("caisse", "process", "etp") if nom not in change]
        if connue is None and manquants:
            raise HypotheseFausse("poles", f"« {cle} » n'est pas au registre : il manque {', '.join(manquants)}.")
        decrit = Description(**change) if connue is None else replace(connue, **change)
        trouvees: list[Faute] = fautes(decrit)
        if trouvees:
            raise HypotheseFausse("poles", f"« {cle} », {trouvees[0].champ} : {trouvees[0].raison}")
        avant = par_cle.get(cle)
        par_cle[cle] = replace(en_pole(normaliser(decrit)), donne=0.0 if avant is None else avant.donne)
    return tuple(par_cle[cle] for cle in sorted(par_cle))


def avec_besoins(
    besoins: Sequence[Besoin], changes: Sequence[Mapping[str, Any]], nouveaux: Sequence[Besoin], sans: Sequence[str]
) -> tuple[Besoin, ...]:
    """``changes``: fields of needs known, ``cle`` among them. Raises HypotheseFausse."""
    par_cle = {b.cle: b for b in besoins}
    for cle in sans:
        if par_cle.pop(cle, None) is None:
            raise HypotheseFausse("sans_besoins", f"aucun besoin ouvert « {cle} ».")
    for change in changes:
        cle = change["cle"]
        if cle not in par_cle:
            raise HypotheseFausse("besoins", f"aucun besoin ouvert « {cle} ».")
        par_cle[cle] = replace(par_cle[cle], **change)
    prises = {(b.caisse, b.process) for b in par_cle.values()}
    for b in nouveaux:
        if (b.caisse, b.process) in prises:
            raise HypotheseFausse("nouveaux_besoins", f"{b.caisse} a déjà un besoin sur « {b.process} » : changez-le.")
        par_cle[b.cle] = b
    return tuple(par_cle[cle] for cle in sorted(par_cle))


def avec(base: Base, poles: tuple[Pole, ...], besoins: tuple[Besoin, ...]) -> Base:
    """The same base with other pôles and needs; engagements of a pôle left out are left out with it."""
    cles = {p.cle for p in poles}
    return replace(base, poles=poles, besoins=besoins, engagements=tuple(e for e in base.engagements if e.pole in cles))
