"""Telephone platforms (*plateformes de services*, PFS): which caisses each one serves, and when."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

from shared.network.lecture import lire_donnees
from shared.network.periodes import Periode, periode_de
from shared.network.reseau import Reseau, charger


class PlateformeInconnue(LookupError):
    """No platform has this code on that day. The message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Plateforme:
    """One platform over one period. ``caisses``: organism codes, ascending. ``hypothese``: not sourced."""

    code: str
    nom: str
    caisses: tuple[int, ...]
    validite: Periode
    hypothese: bool


class Plateformes:
    """Platforms by code and by caisse, at a date. A caisse may have several (its own and a *délestage*)."""

    def __init__(self, lignes: Iterable[Plateforme]) -> None:
        """Raises ValueError when two rows of one code overlap in time."""
        self.lignes = tuple(lignes)
        self._par_code: defaultdict[str, list[Plateforme]] = defaultdict(list)
        self._par_caisse: defaultdict[int, list[Plateforme]] = defaultdict(list)
        for ligne in self.lignes:
            self._par_code[ligne.code].append(ligne)
            for caisse in ligne.caisses:
                self._par_caisse[caisse].append(ligne)
        for code, lignes_du_code in self._par_code.items():
            for une, autre in combinations(lignes_du_code, 2):
                if une.validite.recouvre(autre.validite):
                    raise ValueError(f"Plateforme {code} : deux lignes valent {une.validite} et {autre.validite}.")

    def plateforme(self, code: str, jour: int) -> Plateforme:
        """The platform of this code on that day. Raises PlateformeInconnue."""
        for ligne in self._par_code.get(code, ()):
            if ligne.validite.contient(jour):
                return ligne
        quand = "à cette date " if code in self._par_code else ""
        raise PlateformeInconnue(f"Aucune plateforme n'a {quand}le code « {code} ».")

    def de_la_caisse(self, caisse: int, jour: int) -> tuple[Plateforme, ...]:
        """Platforms that serve this caisse (organism code) on that day, in the order of the data."""
        return tuple(p for p in self._par_caisse.get(caisse, ()) if p.validite.contient(jour))


@lru_cache(maxsize=1)
def charger_plateformes() -> Plateformes:
    """The platforms packaged with Vigie, read once."""
    return plateformes_de(lire_donnees("plateformes.yaml"), charger())


def plateformes_de(document: Mapping[str, Any], reseau: Reseau) -> Plateformes:
    """Build from the content of ``plateformes.yaml``. Raises ValueError or CaisseInconnue."""
    return Plateformes(
        Plateforme(
            code=ligne["code"],
            nom=ligne["nom"],
            caisses=_servies(ligne, reseau),
            validite=periode_de(ligne["du"], ligne.get("au")),
            hypothese=ligne.get("hypothese", False),
        )
        for ligne in document["plateformes"]
    )


def _servies(ligne: Mapping[str, Any], reseau: Reseau) -> tuple[int, ...]:
    nommees = {reseau.caisse(nom).code for nom in ligne.get("caisses", ())}
    groupees = (reseau.hierarchies[h].groupes[g].caisses for h, g in ligne.get("groupe", {}).items())
    return tuple(sorted(nommees.union(*groupees)))
