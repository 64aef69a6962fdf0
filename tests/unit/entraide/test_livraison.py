"""Delivered against agreed: the ramp-up, who is late, and what several missions of one pair share."""

from datetime import date

import pytest

from services.entraide.domain.cycle_de_vie import Termes
from services.entraide.domain.livraison import attendus, confronter, part
from shared.network.calendrier import Calendrier
from shared.network.jours import jour_de

LUNDI = jour_de(date(2026, 3, 2))
METROPOLE = Calendrier("Métropole")


def lundis(nombre: int) -> list[int]:
    return [LUNDI + 7 * rang for rang in range(nombre)]


def test_l_attendu_suit_la_montee_en_charge_et_sa_somme_est_le_convenu() -> None:
    # Five working days each week of March 2026: weights 0.5, 0.75, 1, 1 of one same ETP.
    prevus = attendus(Termes(LUNDI, (200, 200, 200, 200), 650.0), (0.5, 0.75), METROPOLE)
    assert list(prevus.values()) == pytest.approx([100.0, 150.0, 200.0, 200.0])


def test_un_jour_ferie_de_l_aidante_ote_un_cinquieme_de_la_semaine() -> None:
    # Monday 6 April 2026 is Easter Monday.
    debut = jour_de(date(2026, 3, 30))
    prevus = attendus(Termes(debut, (100, 100), 90.0), (), METROPOLE)
    assert list(prevus.values()) == pytest.approx([50.0, 40.0])


def test_une_mission_ecourtee_ne_doit_plus_rien_apres_son_dernier_jour() -> None:
    mercredi = LUNDI + 7 + 2
    prevus = attendus(Termes(LUNDI, (100, 100, 100), 150.0), (), METROPOLE, mercredi)
    assert list(prevus.values()) == pytest.approx([50.0, 30.0, 0.0])


def test_des_dossiers_en_retard_se_rattrapent_des_appels_non() -> None:
    prevus = dict(zip(lundis(3), (100.0, 100.0, 100.0), strict=True))
    faits = dict(zip(lundis(3), (60.0, 140.0, 100.0), strict=True))
    dossiers, appels = (confronter(prevus, faits, 300, LUNDI + 21, cumulatif=c) for c in (True, False))
    assert [s.en_retard for s in dossiers.semaines] == [True, False, False]
    assert [s.en_retard for s in appels.semaines] == [True, False, False]
    assert dossiers.en_retard is False
    tard = dict(zip(lundis(3), (60.0, 100.0, 140.0), strict=True))
    dossiers, appels = (confronter(prevus, tard, 300, LUNDI + 21, cumulatif=c) for c in (True, False))
    assert [s.en_retard for s in dossiers.semaines] == [True, True, False]
    assert [s.en_retard for s in appels.semaines] == [True, False, False]


def test_la_semaine_en_cours_n_est_jamais_en_retard_et_n_est_pas_encore_attendue() -> None:
    prevus = dict(zip(lundis(2), (100.0, 100.0), strict=True))
    vue = confronter(prevus, {LUNDI: 100.0, LUNDI + 7: 5.0}, 200, LUNDI + 10, cumulatif=True)
    assert [(s.finie, s.en_retard) for s in vue.semaines] == [(True, False), (False, False)]
    assert (vue.attendu, vue.livre, vue.manque) == (100.0, 100.0, 0.0)


def test_ce_qui_vient_apres_la_fin_est_dit_et_compte() -> None:
    prevus = dict(zip(lundis(2), (100.0, 100.0), strict=True))
    faits = dict(zip(lundis(3), (100.0, 40.0, 60.0), strict=True))
    vue = confronter(prevus, faits, 200, LUNDI + 30, cumulatif=True)
    assert (vue.hors_periode, vue.livre, vue.en_retard) == (60.0, 200.0, False)


def test_deux_missions_de_la_meme_paire_se_partagent_le_travail_une_seule_fois() -> None:
    un = dict(zip(lundis(3), (30.0, 30.0, 30.0), strict=True))
    deux = {LUNDI + 7: 10.0, LUNDI + 14: 10.0, LUNDI + 21: 10.0}
    for lundi in (*lundis(6),):
        assert part(lundi, un, [deux]) + part(lundi, deux, [un]) == pytest.approx(1.0)
    assert part(LUNDI + 7, un, [deux]) == pytest.approx(0.75)
    assert part(LUNDI + 28, un, [deux]) == 0.0, "ce qui traîne revient à la dernière finie"
