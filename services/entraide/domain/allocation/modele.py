"""The allocation problem as values: who may give what to whom, week by week, and what each outcome costs.

Everything is counted in integers, so that the same input always gives the same plan: assignments in hundredths of
an ETP, work and shortfalls in hundredths of an ETP-week of reference (five working days at the sourced
productivity). Volumes in the process's own unit never meet those of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CENTIEMES = 100
"""Hundredths in an ETP-week."""

MILLIEMES = 1_000
"""Thousandths in which the pace of a pôle is counted: 1,000 is the reference."""

FIN = CENTIEMES * MILLIEMES
"""Parts of an ETP-week, and of a point, in which work and costs are counted: hundredths of ETP times thousandths of
pace, so that no product is ever rounded."""

JOURS_DE_REFERENCE = 5
"""Working days of an ETP-week of reference."""


@dataclass(frozen=True, slots=True)
class Poids:
    """Points that each part of the objective costs; integers, so that ties are exact.

    ``socle`` and ``objectif``: per ETP-week missing, each week it is missing. ``semaine_socle``, ``semaine_objectif``:
    per week of a need under it, in proportion to the share of what it misses that stays missing, so that an ETP is
    worth more where little is missing and it brings the caisse back. ``mission``: per aidante called for an
    aidée. ``changement``: per ETP that starts or stops. ``mobilisation``: per ETP-week, so that no one is kept for
    nothing. ``iniquite``: per ETP-week given above the pôle's fair share. By default an aidante more is worth an
    eightieth of a week of a caisse brought back to its socle, or an eighth of one to its objectif, and not less. Set on
    the twin, on a seed of its own (ADR 0020).
    """

    socle: int = 400
    objectif: int = 40
    semaine_socle: int = 4_000
    semaine_objectif: int = 400
    mission: int = 50
    changement: int = 4
    mobilisation: int = 1
    iniquite: int = 2


@dataclass(frozen=True, slots=True)
class Regles:
    """What every mission obeys: least hundredths of ETP in each of its weeks, least and most weeks.

    ``semaines_max`` runs from the first week of the need, or from the start of what a pair already does
    (``Paire.deja``): PHARE is *ponctuel*.
    """

    etp_min: int = 50
    semaines_min: int = 1
    semaines_max: int = 12


@dataclass(frozen=True, slots=True)
class Demande:
    """One need. ``manque_*``: hundredths of an ETP-week, one per week of the horizon, without aid.

    ``cumulatif``: the work waits (files), so that what is done in a week counts for all later ones; otherwise it
    does not (calls), and a week's shortfall is only met in that week. ``premiere`` and ``derniere``: ranks of the
    weeks in which aid may be worked. ``priorite`` multiplies the cost of its shortfalls.
    """

    cle: str
    caisse: str
    process: str
    cumulatif: bool
    manque_socle: tuple[int, ...]
    manque_objectif: tuple[int, ...]
    premiere: int
    derniere: int
    priorite: int = 1


@dataclass(frozen=True, slots=True)
class Offreur:
    """One pôle. ``capacite``: hundredths of ETP free in each week; ``jours``: working days of each week at the aidante.

    ``montee``: share of full productivity in the first weeks of a mission (then 1). ``productivites``: by process,
    against the reference. ``part``: hundredths of ETP-weeks it may give before it gives more than its share.
    """

    cle: str
    caisse: str
    capacite: tuple[int, ...]
    jours: tuple[int, ...]
    montee: tuple[float, ...]
    productivites: Mapping[str, float]
    part: int


@dataclass(frozen=True, slots=True)
class Surete:
    """What an aidante can give on a process and stay above its own objectif; ``None``: no limit known to bind.

    ``par_semaine``: most hundredths of ETP in a week. ``cumul``: most hundredths of ETP-weeks given since the first.
    """

    par_semaine: tuple[int | None, ...]
    cumul: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Paire:
    """An eligible pair. ``deja``: weeks this aidante has already worked for this need. ``premiere``: first week in
    which it may start, both having had the time to answer."""

    offreur: str
    demande: str
    deja: int = 0
    premiere: int = 0


@dataclass(frozen=True, slots=True)
class Probleme:
    """Everything a plan depends on. Order of the sequences does not matter: ``canonique`` sorts them.

    ``suretes`` by (caisse, process): a donor without an entry has no margin known and gives nothing.
    """

    semaines: int
    demandes: tuple[Demande, ...]
    offreurs: tuple[Offreur, ...]
    paires: tuple[Paire, ...]
    suretes: Mapping[tuple[str, str], Surete]
    poids: Poids = field(default_factory=Poids)
    regles: Regles = field(default_factory=Regles)


@dataclass(frozen=True, slots=True, order=True)
class Mission:
    """What one pôle does for one need: hundredths of ETP in each week from ``debut`` on, none of them 0."""

    demande: str
    offreur: str
    debut: int
    etp: tuple[int, ...]

    @property
    def fin(self) -> int:
        """Last week."""
        return self.debut + len(self.etp) - 1

    @property
    def etp_semaines(self) -> int:
        """Hundredths of ETP-weeks in all."""
        return sum(self.etp)

    @property
    def vagues(self) -> tuple[tuple[int, int, int], ...]:
        """The mission as (first week, last week, hundredths of ETP): who came last leaves first."""
        ouvertes: list[tuple[int, int]] = []
        closes = []
        for semaine, niveau in enumerate((*self.etp, 0), start=self.debut):
            present = sum(etp for _, etp in ouvertes)
            while present > niveau:
                debut, etp = ouvertes.pop()
                part = min(etp, present - niveau)
                closes.append((debut, semaine - 1, part))
                present -= part
                if part < etp:
                    ouvertes.append((debut, etp - part))
            if niveau > present:
                ouvertes.append((semaine, niveau - present))
        return tuple(sorted(closes))


def canonique(probleme: Probleme) -> Probleme:
    """The same problem in the order of its keys. Raises ValueError on doubles, unknown keys or wrong lengths."""
    demandes = tuple(sorted(probleme.demandes, key=lambda d: d.cle))
    offreurs = tuple(sorted(probleme.offreurs, key=lambda o: o.cle))
    paires = tuple(sorted(probleme.paires, key=lambda p: (p.demande, p.offreur)))
    _refuser_doubles("besoin", [d.cle for d in demandes])
    _refuser_doubles("pôle", [o.cle for o in offreurs])
    _refuser_doubles("paire", [f"{p.offreur} / {p.demande}" for p in paires])
    noms_d, noms_o = {d.cle for d in demandes}, {o.cle for o in offreurs}
    for paire in paires:
        if paire.demande not in noms_d or paire.offreur not in noms_o:
            raise ValueError(f"Paire inconnue : {paire.offreur} / {paire.demande}.")
    longueurs = {len(s) for d in demandes for s in (d.manque_socle, d.manque_objectif)}
    longueurs |= {len(s) for o in offreurs for s in (o.capacite, o.jours)}
    longueurs |= {len(s) for m in probleme.suretes.values() for s in (m.par_semaine, m.cumul)}
    if longueurs - {probleme.semaines}:
        raise ValueError(f"Chaque série doit compter {probleme.semaines} semaines.")
    for d in demandes:
        if any(o < s or s < 0 for s, o in zip(d.manque_socle, d.manque_objectif, strict=True)):
            raise ValueError(f"{d.cle} : le manque à l'objectif ne peut être inférieur au manque au socle.")
    suretes = dict(sorted(probleme.suretes.items()))
    return Probleme(probleme.semaines, demandes, offreurs, paires, suretes, probleme.poids, probleme.regles)


def _refuser_doubles(quoi: str, cles: list[str]) -> None:
    doubles = sorted({cle for cle in cles if cles.count(cle) > 1}) if len(set(cles)) < len(cles) else []
    if doubles:
        raise ValueError(f"Donné deux fois ({quoi}) : {', '.join(doubles)}.")
