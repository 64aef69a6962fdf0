"""Aid that keeps coming back is told once; help that several give at once is one help."""

from datetime import date, timedelta

from services.entraide.domain.fragilite import Passee, fragilites
from shared.network.jours import jour_de


def aide(numero: int, debut: str, besoin: str | None = None, semaines: int = 4, process: str = "ij") -> Passee:
    premier = date.fromisoformat(debut)
    dernier = premier + timedelta(days=7 * semaines - 1)
    return Passee(numero, besoin or f"b{numero}", "cpam-75", process, jour_de(premier), jour_de(dernier))


def dites(*passees: Passee) -> list[tuple[str, tuple[int, ...]]]:
    return [(str(date(1970, 1, 1) + timedelta(days=f.depuis)), f.missions) for f in fragilites(passees, 3, 365)]


def test_la_troisieme_aide_en_douze_mois_est_une_fragilite_dite_une_fois() -> None:
    venues = [aide(1, "2026-01-05"), aide(2, "2026-04-06"), aide(3, "2026-09-07"), aide(4, "2026-11-02")]
    assert dites(*venues[:2]) == []
    assert dites(*venues) == [("2026-09-07", (1, 2, 3))]


def test_trois_aides_sur_plus_de_douze_mois_n_en_sont_pas_une() -> None:
    assert dites(aide(1, "2025-01-06"), aide(2, "2025-08-04"), aide(3, "2026-01-12")) == []


def test_plusieurs_aidantes_a_la_fois_ou_pour_un_besoin_sont_une_seule_aide() -> None:
    ensemble = [aide(n, "2026-01-05") for n in (1, 2, 3)]
    suite = [aide(4, "2026-03-02", "b1"), aide(5, "2026-06-01")]
    assert dites(*ensemble, *suite) == []
    assert dites(*ensemble, *suite, aide(6, "2026-10-05")) == [("2026-10-05", (1, 2, 3, 4, 5, 6))]


def test_les_process_ne_s_ajoutent_pas() -> None:
    assert dites(aide(1, "2026-01-05"), aide(2, "2026-03-02", process="fsp"), aide(3, "2026-05-04")) == []


def test_elle_se_redit_apres_etre_retombee() -> None:
    assert dites(
        aide(1, "2024-01-08"), aide(2, "2024-04-08"), aide(3, "2024-07-08"),
        aide(4, "2026-01-05"), aide(5, "2026-04-06"), aide(6, "2026-07-06"),
    ) == [("2024-07-08", (1, 2, 3)), ("2026-07-06", (4, 5, 6))]  # fmt: skip
