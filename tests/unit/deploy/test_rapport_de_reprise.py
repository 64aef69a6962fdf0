"""The measured table of the drills goes between its markers, and nowhere else."""

from pathlib import Path

import pytest

from bench.capacite import FICHIER as CAPACITE
from bench.reprise.epreuves import Issue
from bench.reprise.rapport import DEBUT, FICHIER, FIN, inscrire, tableau

ISSUE = Issue("perte du site", "Kafka", "pg_basebackup", 12_345, 1.2, 3.0, 456, 0, 4_000, 0, 0.0, 12.3, 15.0)


def test_the_table_says_what_was_measured_and_replaces_the_one_before(tmp_path: Path) -> None:
    fichier = tmp_path / "reprise.md"
    fichier.write_text(f"avant\n{DEBUT}\nancienne\n{FIN}\naprès\n", encoding="utf-8")
    for _ in range(2):
        inscrire(tableau([ISSUE], {"cpu": "x", "coeurs": 2, "charge_1min": 0.5}, "22/11/2026"), fichier)
    avant, _, reste = fichier.read_text(encoding="utf-8").partition(DEBUT)
    table, _, apres = reste.partition(FIN)
    assert (avant, apres) == ("avant\n", "\naprès\n")
    assert "| perte du site | Kafka | pg_basebackup | 12 345 | 1,2 s |" in table
    assert table.count("12,3 s") == 1


@pytest.mark.parametrize("fichier", [FICHIER, CAPACITE])
def test_the_documents_have_their_markers(fichier: Path) -> None:
    texte = fichier.read_text(encoding="utf-8")
    assert texte.count(DEBUT) == texte.count(FIN) == 1
    assert texte.index(DEBUT) < texte.index(FIN)
