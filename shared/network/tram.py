"""The TRAM register (*travail en réseau de l'assurance maladie*): which caisse does what for which other.

A *cédante* hands a process, or one activity of it, durably to a *prenante*; the cédante stays responsible.
Where a source does not say who did the work, the register does. Not to be confused with PHARE (aidante,
aidée), which is temporary. Source of the rules: IGAS 2017, tome II, annexe 4.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

from shared.network.lecture import lire_donnees
from shared.network.periodes import Periode, periode_de
from shared.network.reseau import CaisseInconnue, Reseau, charger


class TramInvalide(ValueError):
    """The register can not hold. The message is one French sentence per fault, also in ``fautes``."""

    def __init__(self, fautes: Iterable[str]) -> None:
        self.fautes = tuple(fautes)
        super().__init__("\n".join(self.fautes))


@dataclass(frozen=True, slots=True)
class LigneTram:
    """One cession. ``cedante`` and ``prenante`` are organism codes; ``activite`` None is the whole process.

    ``reste_cedante``: activities of the process that the cédante keeps. ``hypothese``: dates not sourced.
    """

    process: str
    activite: str | None
    cedante: int
    prenante: int
    validite: Periode
    reste_cedante: tuple[str, ...]
    hypothese: bool

    def porte_sur(self, activite: str | None) -> bool:
        """Whether it hands over this activity (None: the process as a whole)."""
        return self.activite == activite or (self.activite is None and activite not in self.reste_cedante)


class RegistreTram:
    """Cessions by process and cédante. Immutable."""

    def __init__(self, lignes: Iterable[LigneTram], reseau: Reseau) -> None:
        """Raises TramInvalide: a caisse that would be its own prenante, rows that overlap."""
        self.lignes = tuple(lignes)
        self._reseau = reseau
        self._par_cedante: defaultdict[tuple[str, int], list[LigneTram]] = defaultdict(list)
        for ligne in self.lignes:
            self._par_cedante[ligne.process, ligne.cedante].append(ligne)
        fautes = [*_a_soi_meme(self.lignes, reseau), *_recouvrements(self._par_cedante.values(), reseau)]
        if fautes:
            raise TramInvalide(fautes)

    def prenante(self, process: str, cedante: int, jour: int, activite: str | None = None) -> int | None:
        """Organism code of who does this work for ``cedante`` on that day, None when it does its own.

        With no activity: who took the process as a whole.
        """
        for ligne in self._par_cedante.get((process, cedante), ()):
            if ligne.porte_sur(activite) and ligne.validite.contient(jour):
                return ligne.prenante
        return None

    def cede(self, process: str, cedante: int) -> bool:
        """Whether ``cedante`` gives this work, or a part of it, to another caisse on any day."""
        return (process, cedante) in self._par_cedante

    def traite(self, process: str, prenante: str, cedante: str, jour: int) -> bool:
        """Whether ``prenante`` does the process as a whole for ``cedante`` on that day; both are slugs."""
        par_slug = self._reseau.par_slug
        if prenante not in par_slug or cedante not in par_slug:
            return False
        return self.prenante(process, par_slug[cedante].code, jour) == par_slug[prenante].code

    def sans_pole(self, process: str, caisses: Iterable[int], jour: int) -> tuple[int, ...]:
        """Those of these caisses that are neither cédante nor prenante of the process on that day, ascending.

        When a region pools a whole process, each one is a hole in its scheme, or keeps its own work.
        """
        valides = [ligne for ligne in self.lignes if ligne.process == process and ligne.validite.contient(jour)]
        roles = {ligne.cedante for ligne in valides} | {ligne.prenante for ligne in valides}
        return tuple(sorted(set(caisses) - roles))


@lru_cache(maxsize=1)
def charger_tram() -> RegistreTram:
    """The register packaged with Vigie, read once."""
    return registre_de(lire_donnees("tram.yaml"), charger())


def registre_de(document: Mapping[str, Any], reseau: Reseau) -> RegistreTram:
    """Build a register from the content of a file like ``donnees/tram.yaml``.

    Raises TramInvalide with every fault of its entries (by position, from 1), or of the register as a whole.
    """
    lignes: list[LigneTram] = []
    fautes: list[str] = []
    for position, entree in enumerate(document["cessions"], start=1):
        try:
            lignes.extend(_lignes(entree, reseau))
        except KeyError as manque:
            fautes.append(f"TRAM, entrée {position} : il manque {manque}.")
        except (CaisseInconnue, ValueError) as faute:
            fautes.append(f"TRAM, entrée {position} : {faute}")
    if fautes:
        raise TramInvalide(fautes)
    return RegistreTram(lignes, reseau)


def _lignes(entree: Mapping[str, Any], reseau: Reseau) -> Iterator[LigneTram]:
    for cedante in entree["cedantes"]:
        yield LigneTram(
            process=entree["process"],
            activite=entree.get("activite"),
            cedante=reseau.caisse(cedante).code,
            prenante=reseau.caisse(entree["prenante"]).code,
            validite=periode_de(entree["du"], entree.get("au")),
            reste_cedante=tuple(entree.get("reste_cedante", ())),
            hypothese=entree.get("hypothese", False),
        )


def _a_soi_meme(lignes: Iterable[LigneTram], reseau: Reseau) -> Iterator[str]:
    for ligne in lignes:
        if ligne.cedante == ligne.prenante:
            nom = reseau.par_code[ligne.cedante].nom
            yield (
                f"TRAM, {_objet(ligne)} : {nom} ne peut pas être sa propre prenante. "
                "Retirez-la des cédantes, ou nommez une autre caisse."
            )


def _recouvrements(groupes: Iterable[list[LigneTram]], reseau: Reseau) -> Iterator[str]:
    for groupe in groupes:
        for une, autre in combinations(groupe, 2):
            meme_travail = une.porte_sur(autre.activite) or autre.porte_sur(une.activite)
            if meme_travail and une.validite.recouvre(autre.validite):
                yield (
                    f"TRAM, {_objet(autre)} : {reseau.par_code[une.cedante].nom} cède deux fois, "
                    f"à {reseau.par_code[une.prenante].nom} ({une.validite}) "
                    f"et à {reseau.par_code[autre.prenante].nom} ({autre.validite}). Bornez l'une des deux."
                )


def _objet(ligne: LigneTram) -> str:
    return ligne.process if ligne.activite is None else f"{ligne.process}, activité {ligne.activite}"
