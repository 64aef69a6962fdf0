"""Aid as it was delivered and as it is agreed: what a caisse works by itself follows from both."""

from datetime import UTC, date, datetime

import pytest

from services.entraide.besoins.aides import Fait, aidees_depuis, aides
from services.entraide.domain.cycle_de_vie import Etat, Proposition, Termes
from services.entraide.domain.semaines import Horizon
from services.entraide.propositions.lignes import Lue
from shared.network.jours import jour_de

LUNDI = jour_de(date(2026, 3, 2))
AIDEE, AIDANTE = ("cpam-75", "ij"), ("cpam-31", "ij")
RAMPE = {"p": (0.5, 0.75)}


def lue(etat: Etat, debut: int, semaines: int = 4, volume: float = 325.0, close_le: int | None = None) -> Lue:
    """A mission of one ETP from cpam-31 to cpam-75."""
    p = Proposition("1", "cpam-31", "cpam-75", "ij", Termes(debut, (100,) * semaines, volume), debut - 3, 12, etat)
    instant = datetime(2026, 3, 1, tzinfo=UTC)
    return Lue(1, 1, "b", "p", p, volume, volume, False, debut, close_le, {}, instant, instant)


def test_l_aide_a_venir_suit_la_montee_en_charge_et_les_jours_feries_de_l_aidante() -> None:
    # Weights 0.5, 0.75, 1 and, Easter Monday (6 April 2026) being off, four fifths of the last.
    trouvees = aides([lue("ordonnee", LUNDI + 14)], {}, LUNDI - 1, 28, Horizon(LUNDI, 8), RAMPE)
    plein = 325 / (0.5 + 0.75 + 1 + 0.8)
    assert trouvees[AIDEE].a_venir == pytest.approx([0, 0, plein / 2, 0.75 * plein, plein, 0.8 * plein, 0, 0])
    assert AIDANTE not in trouvees, "ce qu'elle donnera n'est pas encore donné"


def test_l_aide_recue_est_celle_qui_fut_livree_et_non_celle_qui_fut_convenue() -> None:
    hier = LUNDI + 27
    faits = {
        AIDEE: [
            Fait("cpam-75", "cpam-31", LUNDI + 3, 120.0),
            Fait("cpam-75", "cpam-75", LUNDI + 3, 400.0),
            Fait("cpam-75", "cpam-13", LUNDI + 3, 50.0),
            Fait("cpam-75", "cpam-31", LUNDI - 30, 70.0),
        ]
    }
    trouvees = aides([lue("active", LUNDI, 12)], faits, hier, 28, Horizon(hier + 1, 4), RAMPE)
    assert trouvees[AIDEE].recue == pytest.approx(120 / 4), "ni ce qu'elle a fait seule, ni une autre, ni avant"
    assert trouvees[AIDANTE].donnee == pytest.approx(120 / 4)


def test_le_rythme_propre_est_le_meilleur_de_quatre_semaines_pleines_depuis_que_l_aide_court() -> None:
    siens = [100.0, 100.0, 200.0, 300.0, 300.0, 300.0]
    faits = {AIDEE: [Fait("cpam-75", "cpam-75", LUNDI + 7 * s + 2, v) for s, v in enumerate(siens)]}

    def rythme(hier: int, etat: Etat = "active", close_le: int | None = None) -> float | None:
        mission = lue(etat, LUNDI, 12, close_le=close_le)
        return aides([mission], faits, hier, 28, Horizon(LUNDI + 70, 4), RAMPE)[AIDEE].rythme

    assert rythme(LUNDI + 26) is None, "trois semaines pleines ne disent pas encore que la crise est finie"
    assert rythme(LUNDI + 27) == pytest.approx(175)
    assert rythme(LUNDI + 41) == pytest.approx(275)
    assert rythme(LUNDI + 41, "terminee") == pytest.approx(275), "tant qu'elle n'est pas close"


def test_on_ne_lit_que_la_ou_une_aide_fut_travaillee_et_depuis_qu_elle_court() -> None:
    hier = LUNDI + 69
    assert aidees_depuis([lue("ordonnee", LUNDI + 77)], hier, 42) == {}
    assert aidees_depuis([lue("terminee", LUNDI - 70, 2, close_le=LUNDI - 56)], hier, 42) == {}
    assert aidees_depuis([lue("terminee", LUNDI, 6, close_le=LUNDI + 42)], hier, 42) == {AIDEE: hier - 41}
    assert aidees_depuis([lue("active", LUNDI, 12)], hier, 42) == {AIDEE: LUNDI}
