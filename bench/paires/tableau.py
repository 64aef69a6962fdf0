"""The table of a run, in Markdown (English, as docs/performance.md), and the same as data."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.paires.plan import Ecart
from bench.paires.rivaux import RIVAUX, Rival

_ENTETES = ("System", "Events/s", "Of Vigie's", "Peak MB", "Answer", "After SIGKILL", "Guarantee", "Configuration")


@dataclass(slots=True)
class Releve:
    """What is known of one rival. ``echec``: why it has no figures, or no more of them."""

    rival: Rival
    n: int
    debits: list[float] = field(default_factory=list)
    memoires: list[float] = field(default_factory=list)
    demarrages: list[float] = field(default_factory=list)
    requete_s: float | None = None
    ecart: Ecart | None = None
    apres_sigkill: Ecart | None = None
    reprise_s: float | None = None
    echec: str = ""
    echec_sigkill: str = ""

    @property
    def debit(self) -> float | None:
        return statistics.median(self.debits) if self.debits else None

    def donnees(self) -> dict[str, Any]:
        """For the last line."""
        return {
            "n": self.n,
            "events_per_s": self.debit and round(self.debit),
            "de": [round(d) for d in (min(self.debits), max(self.debits))] if self.debits else None,
            "memoire_mo": round(max(self.memoires)) if self.memoires else None,
            "demarrage_s": round(statistics.median(self.demarrages), 2) if self.demarrages else None,
            "requete_s": self.requete_s and round(self.requete_s, 3),
            "ecart": self.ecart and asdict(self.ecart),
            "apres_sigkill": self.apres_sigkill and asdict(self.apres_sigkill),
            "reprise_s": self.reprise_s and round(self.reprise_s, 1),
            "echec": self.echec or None,
            "echec_sigkill": self.echec_sigkill or None,
        }


def tableau(releves: Sequence[Releve]) -> str:
    """One row each, in the order they are given."""
    vigie = next((r.debit for r in releves if r.rival.nom == "vigie"), None)
    lignes = [_ENTETES, tuple("---" for _ in _ENTETES), *(_ligne(r, vigie) for r in releves)]
    return "\n".join(f"| {' | '.join(ligne)} |" for ligne in lignes)


def _ligne(releve: Releve, vigie: float | None) -> tuple[str, ...]:
    rival, debit = releve.rival, releve.debit
    fin = (rival.garantie, rival.configuration)
    if debit is None:
        return (rival.titre, f"none: {releve.echec}", "", "", "", "", *fin)
    return (
        rival.titre,
        f"{debit:,.0f}" + (f" (over {releve.n:,})" if rival.part != 1 else ""),
        f"{debit / vigie:.2f}" if vigie else "",
        f"{max(releve.memoires):.0f}",
        _ecart(releve.ecart) + (f", query {releve.requete_s:.2f} s" if releve.requete_s else ""),
        _sigkill(releve),
        *fin,
    )


def _sigkill(releve: Releve) -> str:
    if releve.rival.sans_sigkill or releve.echec_sigkill:
        return releve.rival.sans_sigkill or f"could not be judged: {releve.echec_sigkill}"
    if releve.apres_sigkill is None:
        return "not tried"
    return f"{_ecart(releve.apres_sigkill)} ({releve.reprise_s:.0f} s to finish)"


def _ecart(ecart: Ecart | None) -> str:
    if ecart is None:
        return "not read"
    return (
        "exact" if ecart.juste else f"{ecart.perdus:,} lost, {ecart.doubles:,} doubled, {ecart.deciles} deciles wrong"
    )


def section(releves: Sequence[Releve], machine: Mapping[str, object], n: int, rondes: int) -> str:
    """What docs/performance.md holds."""
    etat = ", ".join(f"{cle} {valeur}" for cle, valeur in machine.items())
    return f"{n:,} events, median of {rondes} rounds; machine: {etat}.\n\n{tableau(releves)}"


def meilleur_durable(releves: Sequence[Releve]) -> float | None:
    """Vigie over the fastest rival framework that is durable to within a second."""
    debits = {r.rival.nom: r.debit for r in releves if r.debit}
    durables = [debits[nom] for nom in ("quix", "bytewax", "faust") if nom in debits]
    return round(debits["vigie"] / max(durables), 2) if durables and "vigie" in debits else None


def noms() -> list[str]:
    """Of all rivals."""
    return [rival.nom for rival in RIVAUX]
