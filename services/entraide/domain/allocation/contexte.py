"""A canonical problem made ready to search: ranks instead of keys, arrays instead of tuples."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from services.entraide.domain.allocation.modele import FIN, MILLIEMES, Mission, Probleme, canonique
from services.entraide.domain.allocation.patrons import (
    Blocs,
    Booleens,
    Entiers,
    blocs,
    effets,
    limites,
    niveaux,
    permis,
    prix,
    rangs,
)


@dataclass(frozen=True, slots=True)
class Donneur:
    """One (caisse, process) whose margin is shared by its pôles; limits in hundredths, [semaine]."""

    hebdo: Entiers
    cumul: Entiers


@dataclass(frozen=True)
class Couple:
    """One eligible pair: ranks of its pôle, need and donor, its blocks and what they give. Arrays are [bloc].

    ``niveau``: most hundredths of ETP with everything free, 0 where below the minimum.
    ``fixe``: cost of calling it, ``par_etp``: per hundredth of ETP, in parts FIN of a point. ``deja``: see Paire.
    ``etp_semaines_max``: most hundredths of ETP-weeks its mission may have. ``permis``: blocks within the need's weeks.
    """

    offreur: int
    demande: int
    donneur: int
    effet: Entiers
    niveau: Entiers
    fixe: int
    par_etp: Entiers
    deja: int
    etp_semaines_max: int
    permis: Booleens


class Contexte:
    """Built once per problem. Couples are sorted by need then pôle, and have at least one usable block."""

    def __init__(self, probleme: Probleme) -> None:
        self.probleme = p = canonique(probleme)
        self.blocs: Blocs = blocs(p.semaines)
        self._effets: dict[tuple[int, str, int], Entiers] = {}
        self.rang_demande = {d.cle: i for i, d in enumerate(p.demandes)}
        self.rang_offreur = {o.cle: i for i, o in enumerate(p.offreurs)}
        self.capacite: Entiers = np.array([o.capacite for o in p.offreurs], dtype=np.int64).reshape(-1, p.semaines)
        clefs = sorted({(p.offreurs[self.rang_offreur[x.offreur]].caisse, self._process(x.demande)) for x in p.paires})
        self.clefs_donneurs = clefs
        self.donneurs = [Donneur(*limites(p.suretes.get(clef), p.semaines)) for clef in clefs]
        self.couples = self._couples()
        self._rang_couple = {(c.offreur, c.demande): rang for rang, c in enumerate(self.couples)}
        self._rang_bloc = {couple: i for i, couple in enumerate(self.blocs.couples)}
        series = np.array([[d.manque_socle, d.manque_objectif] for d in p.demandes], dtype=np.int64)
        self.manques: Entiers = MILLIEMES * series.reshape(-1, 2, p.semaines)
        cher = [prix(d, p.poids, p.regles.etp_min) for d in p.demandes]
        self.prix: Entiers = np.array(cher, dtype=np.int64).reshape(-1, 2, p.semaines)
        self.cumulatif: Booleens = np.array([d.cumulatif for d in p.demandes], dtype=bool)

        self.assez_longs: Booleens = self.blocs.longueurs >= p.regles.semaines_min
        """Blocks that may be a mission of their own, [bloc]."""

    def _process(self, demande: str) -> str:
        return self.probleme.demandes[self.rang_demande[demande]].process

    def _couples(self) -> list[Couple]:
        p, b = self.probleme, self.blocs
        rang_donneur = {clef: i for i, clef in enumerate(self.clefs_donneurs)}
        departage = rangs(p)
        couples = []
        for paire in p.paires:
            d, o = p.demandes[self.rang_demande[paire.demande]], p.offreurs[self.rang_offreur[paire.offreur]]
            donneur = rang_donneur[o.caisse, d.process]
            effet = self._effet(self.rang_offreur[o.cle], d.process, paire.deja)
            limite = self.donneurs[donneur]
            niveau = niveaux(b, np.array(o.capacite, dtype=np.int64), limite.hebdo, limite.cumul)
            autorises = permis(b, d, paire, p.regles.semaines_max)
            niveau = np.where(autorises, niveau, 0)
            niveau = np.where((effet.sum(axis=1) > 0) & (niveau >= p.regles.etp_min), niveau, 0)
            if niveau.any():
                debuts = np.where((b.debuts == 0) & (paire.deja > 0), 1, 2)
                par_etp = MILLIEMES * (p.poids.changement * debuts + p.poids.mobilisation * b.longueurs)
                fixe = FIN * p.poids.mission + departage[o.cle]
                couples.append(
                    Couple(
                        self.rang_offreur[o.cle],
                        self.rang_demande[d.cle],
                        donneur,
                        effet,
                        niveau,
                        fixe,
                        par_etp,
                        paire.deja,
                        int((niveau[:, None] * b.presence).max(axis=0).sum()),
                        autorises,
                    )
                )
        return couples

    def _effet(self, offreur: int, process: str, deja: int) -> Entiers:
        clef = (offreur, process, deja)
        if clef not in self._effets:
            p = self.probleme
            self._effets[clef] = effets(self.blocs, p.offreurs[offreur], process, deja)
        return self._effets[clef]

    @cached_property
    def parts(self) -> Entiers:
        """Hundredths of ETP-weeks each pôle may give within its share, [offreur]."""
        return np.array([max(0, o.part) for o in self.probleme.offreurs], dtype=np.int64)

    def utile(self, couple: Couple, effet: Entiers) -> Entiers:
        """What an effect [..., semaine] adds to the work that counts for the couple's need."""
        return effet.cumsum(axis=-1) if self.cumulatif[couple.demande] else effet

    def mission(self, couple: Couple, debut: int, etp: Sequence[int]) -> Mission:
        """The mission of a couple from week ``debut`` on."""
        p = self.probleme
        return Mission(p.demandes[couple.demande].cle, p.offreurs[couple.offreur].cle, debut, tuple(etp))

    def constante(self, couple: Couple, bloc: int, etp: int) -> Mission:
        """The mission of a couple at one level in one block."""
        return self.mission(couple, int(self.blocs.debuts[bloc]), [etp] * int(self.blocs.longueurs[bloc]))

    def bloc(self, debut: int, fin: int) -> int:
        """The rank of a block."""
        return self._rang_bloc[debut, fin]

    def couple(self, mission: Mission) -> Couple:
        """The couple of a mission."""
        return self.couples[self.rang(mission)]

    def rang(self, mission: Mission) -> int:
        """The rank of a mission's couple."""
        return self._rang_couple[self.rang_offreur[mission.offreur], self.rang_demande[mission.demande]]
