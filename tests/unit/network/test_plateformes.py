from datetime import date

import pytest

from shared.network.jours import jour_de
from shared.network.periodes import Periode, periode_de
from shared.network.plateformes import PlateformeInconnue, charger_plateformes, plateformes_de
from shared.network.reseau import CaisseInconnue, charger

RESEAU = charger()
JOUR = jour_de(date(2026, 11, 3))


def registre(*lignes: dict):
    return plateformes_de({"plateformes": list(lignes)}, RESEAU)


DELESTAGE = {"code": "pfs-delestage", "nom": "PFS de délestage", "du": date(2020, 1, 1)}


def test_by_default_every_caisse_has_one_platform_and_it_is_an_assumption() -> None:
    plateformes = charger_plateformes()
    for caisse in RESEAU.caisses:
        (plateforme,) = plateformes.de_la_caisse(caisse.code, JOUR)
        assert plateforme.hypothese
        assert plateformes.plateforme(plateforme.code, JOUR) is plateforme


def test_the_platform_of_the_contract_serves_ile_de_france() -> None:
    idf = charger_plateformes().plateforme("pfs-idf", JOUR)
    assert {RESEAU.par_code[c].departement for c in idf.caisses} == {"75", "77", "78", "91", "92", "93", "94", "95"}


def test_a_platform_may_change_the_caisses_it_serves() -> None:
    plateformes = registre(
        DELESTAGE | {"caisses": ["Blois"], "au": date(2022, 12, 31)},
        DELESTAGE | {"caisses": ["Blois", "Nevers"], "du": date(2023, 1, 1)},
    )
    nevers = RESEAU.caisse("Nevers").code
    assert plateformes.de_la_caisse(nevers, jour_de(date(2022, 12, 31))) == ()
    (servie,) = plateformes.de_la_caisse(nevers, jour_de(date(2023, 1, 1)))
    assert servie.caisses == (411, 581)
    assert plateformes.plateforme("pfs-delestage", jour_de(date(2022, 12, 31))).caisses == (411,)


def test_a_caisse_may_be_served_by_several_platforms() -> None:
    plateformes = registre(DELESTAGE | {"groupe": {"region": "24"}}, DELESTAGE | {"code": "pfs-bis", "caisses": ["41"]})
    servie_par = plateformes.de_la_caisse(411, JOUR)
    assert [p.code for p in servie_par] == ["pfs-delestage", "pfs-bis"]


def test_two_rows_of_one_platform_may_not_overlap() -> None:
    with pytest.raises(ValueError, match="Plateforme pfs-delestage : deux lignes valent"):
        registre(DELESTAGE | {"caisses": ["41"], "au": date(2023, 1, 1)}, DELESTAGE | {"du": date(2023, 1, 1)})


def test_an_unknown_platform_is_refused_and_an_expired_one_said_to_be() -> None:
    plateformes = registre(DELESTAGE | {"caisses": ["41"], "au": date(2022, 12, 31)})
    with pytest.raises(PlateformeInconnue, match="n'a à cette date le code « pfs-delestage »"):
        plateformes.plateforme("pfs-delestage", JOUR)
    with pytest.raises(PlateformeInconnue, match="n'a le code « pfs-mars »"):
        plateformes.plateforme("pfs-mars", JOUR)


def test_a_platform_of_an_unknown_caisse_is_refused() -> None:
    with pytest.raises(CaisseInconnue):
        registre(DELESTAGE | {"caisses": ["Bruxelles"]})


@pytest.mark.parametrize(
    ("une", "autre", "recouvre"),
    [((1, 5), (5, 9), True), ((1, 5), (6, 9), False), ((1, None), (9, None), True), ((1, 5), (6, None), False)],
)
def test_periods_include_both_their_ends(une: tuple, autre: tuple, recouvre: bool) -> None:
    assert Periode(*une).recouvre(Periode(*autre)) is recouvre
    assert Periode(*autre).recouvre(Periode(*une)) is recouvre
    assert [Periode(3, 5).contient(jour) for jour in (2, 3, 5, 6)] == [False, True, True, False]


def test_periods_read_as_french() -> None:
    assert str(periode_de(date(2020, 1, 1), date(2020, 12, 31))) == "du 01/01/2020 au 31/12/2020"
    assert str(periode_de(date(2020, 1, 1))) == "à partir du 01/01/2020"


@pytest.mark.parametrize(("du", "au"), [("2020", None), (None, None), (date(2020, 1, 2), date(2020, 1, 1))])
def test_a_period_that_cannot_be_is_refused(du: object, au: object) -> None:
    with pytest.raises(ValueError, match=r"dates attendues|avant le début"):
        periode_de(du, au)
