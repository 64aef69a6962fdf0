from datetime import date

import pytest

from shared.network.jours import jour_de
from shared.network.reseau import charger
from shared.network.tram import RegistreTram, TramInvalide, charger_tram, registre_de

RESEAU = charger()
AVANT, APRES = jour_de(date(2016, 5, 31)), jour_de(date(2018, 1, 1))
HAUTS_DE_FRANCE = RESEAU.hierarchies["region"].groupes["32"].caisses


def code(nom: str) -> int:
    return RESEAU.caisse(nom).code


def registre(*cessions: dict) -> RegistreTram:
    return registre_de({"cessions": list(cessions)}, RESEAU)


CESSION = {"process": "fsp", "prenante": "Artois", "cedantes": ["Côte d'Opale"], "du": date(2016, 6, 1)}


@pytest.mark.parametrize(
    ("process", "cedante", "prenante"),
    [
        ("fsp", "Hainaut", "Lille-Douai"), ("fsp", "Auxerre", "Nevers"), ("rentes_at", "Lille-Douai", "Flandres"),
        ("rentes_at", "Nevers", "Doubs"), ("invalidite", "Artois", "Lille-Douai"), ("ij", "Nevers", "Mâcon"),
        ("recours_contre_tiers", "Aisne", "Oise"), ("oppositions", "Somme", "Côte d'Opale"), ("paie", "Nevers", "67"),
    ],
)  # fmt: skip
def test_the_packaged_register_says_what_the_report_says(process: str, cedante: str, prenante: str) -> None:
    assert charger_tram().prenante(process, code(cedante), APRES) == code(prenante)


def test_a_caisse_that_ceded_nothing_does_its_own_work() -> None:
    assert charger_tram().prenante("fsp", code("Flandres"), APRES) is None
    assert charger_tram().prenante("fsp", code("Artois"), APRES) is None
    assert charger_tram().prenante("courriel", code("Hainaut"), APRES) is None


def test_a_cession_starts_on_its_first_day_and_ends_after_its_last() -> None:
    bornee = registre(CESSION | {"au": date(2017, 12, 31)})
    jours = [AVANT, AVANT + 1, APRES - 1, APRES]
    assert [bornee.prenante("fsp", 623, jour) for jour in jours] == [None, 624, 624, None]


def test_what_stays_with_the_cedante_is_not_ceded() -> None:
    tram = charger_tram()
    assert tram.prenante("fsp", code("Hainaut"), APRES, activite="saisie") == code("Lille-Douai")
    for activite in ("tri", "numerisation", "relation_client", "comptabilisation_paiement"):
        assert tram.prenante("fsp", code("Hainaut"), APRES, activite=activite) is None


def test_ceding_one_activity_does_not_cede_the_process() -> None:
    partielle = registre(CESSION | {"activite": "numerisation"})
    assert partielle.prenante("fsp", 623, APRES) is None
    assert partielle.prenante("fsp", 623, APRES, activite="saisie") is None
    assert partielle.prenante("fsp", 623, APRES, activite="numerisation") == 624


def test_an_activity_kept_from_one_prenante_may_go_to_another() -> None:
    tram = registre(
        CESSION | {"reste_cedante": ["numerisation"]},
        CESSION | {"activite": "numerisation", "prenante": "Hainaut"},
    )
    assert tram.prenante("fsp", 623, APRES) == 624
    assert tram.prenante("fsp", 623, APRES, activite="numerisation") == code("Hainaut")


def test_a_caisse_cannot_be_its_own_prenante_as_flandres_is_in_the_report() -> None:
    message = "invalidite : CPAM des Flandres ne peut pas être sa propre prenante"
    with pytest.raises(TramInvalide, match=message):
        registre(CESSION | {"process": "invalidite", "prenante": "Flandres", "cedantes": ["Flandres", "Hainaut"]})


def test_the_hole_in_the_invalidity_scheme_is_reported() -> None:
    tram = charger_tram()
    assert tram.sans_pole("invalidite", HAUTS_DE_FRANCE, APRES) == (code("Côte d'Opale"),)
    assert tram.sans_pole("rentes_at", HAUTS_DE_FRANCE, APRES) == ()
    assert tram.sans_pole("recours_contre_tiers", HAUTS_DE_FRANCE, APRES) == ()
    assert tram.sans_pole("fsp", HAUTS_DE_FRANCE, APRES) == (code("Flandres"),)
    assert tram.sans_pole("fsp", HAUTS_DE_FRANCE, AVANT) == HAUTS_DE_FRANCE


@pytest.mark.parametrize(
    "seconde",
    [
        CESSION | {"prenante": "Hainaut"},
        CESSION | {"prenante": "Hainaut", "activite": "numerisation"},
        CESSION | {"prenante": "Hainaut", "du": date(2020, 1, 1)},
        CESSION,
    ],
)
def test_two_cessions_of_one_work_at_one_time_are_refused(seconde: dict) -> None:
    with pytest.raises(TramInvalide, match="CPAM de la Côte d'Opale cède deux fois"):
        registre(CESSION, seconde)


def test_one_cession_may_follow_another() -> None:
    tram = registre(CESSION | {"au": date(2017, 12, 31)}, CESSION | {"prenante": "Hainaut", "du": date(2018, 1, 1)})
    assert [tram.prenante("fsp", 623, jour) for jour in (APRES - 1, APRES)] == [624, code("Hainaut")]


def test_every_fault_is_told_with_its_place() -> None:
    with pytest.raises(TramInvalide) as refus:
        registre(
            CESSION,
            CESSION | {"prenante": "Bruxelles"},
            CESSION | {"cedantes": ["Nord"]},
            CESSION | {"au": date(2015, 1, 1)},
            {"process": "fsp"},
        )
    debuts = [faute.split(" : ")[0] for faute in refus.value.fautes]
    assert debuts == [f"TRAM, entrée {position}" for position in (2, 3, 4, 5)]
    assert "il manque 'cedantes'" in refus.value.fautes[-1]


def test_dates_without_a_source_are_marked() -> None:
    assert all(ligne.hypothese for ligne in charger_tram().lignes)
