"""The measured table, between its markers in docs/reprise.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.reprise.epreuves import Issue

FICHIER = Path(__file__).parents[2] / "docs" / "reprise.md"
DEBUT, FIN = "<!-- mesures : début -->", "<!-- mesures : fin -->"

_TITRES = (
    "épreuve", "journal", "sauvegarde par", "événements", "sauvegarde", "restauration", "rejoués du journal",
    "renvoyés par les sources", "chiffres comparés", "écarts", "RPO", "RTO", "tout à jour",
)  # fmt: skip


def tableau(issues: Sequence[Issue], machine: Mapping[str, object], jour: str) -> str:
    """Markdown of the issues, with where and when they were measured."""
    lignes = [_rangee(_TITRES), _rangee(["---"] * len(_TITRES)), *(_rangee(_cellules(i)) for i in issues)]
    ou = f"{machine['cpu']}, {machine['coeurs']} cœurs, charge {machine['charge_1min']} au départ"
    return "\n".join([f"Mesuré le {jour} ({ou}), `make restauration`.", "", *lignes])


def inscrire(texte: str, fichier: Path = FICHIER) -> None:
    """Put ``texte`` between the markers. ValueError when they are not there."""
    avant, debut, reste = fichier.read_text(encoding="utf-8").partition(DEBUT)
    _, fin, apres = reste.partition(FIN)
    if not debut or not fin:
        raise ValueError(f"{fichier.name} n'a pas ses deux repères")
    fichier.write_text(f"{avant}{DEBUT}\n{texte}\n{FIN}{apres}", encoding="utf-8")


def _cellules(i: Issue) -> list[str]:
    return [
        i.epreuve, i.journal, i.methode, _entier(i.evenements), _duree(i.sauvegarde), _duree(i.restauration),
        _entier(i.rejoues), _entier(i.renvoyes), _entier(i.chiffres), _entier(i.ecarts), _duree(i.rpo), _duree(i.rto),
        _duree(i.a_jour),
    ]  # fmt: skip


def _rangee(cellules: Sequence[str]) -> str:
    return f"| {' | '.join(cellules)} |"


def _entier(n: int) -> str:
    return f"{n:,}".replace(",", " ")


def _duree(secondes: float | None) -> str:
    return "" if secondes is None else f"{secondes:.1f} s".replace(".", ",")
