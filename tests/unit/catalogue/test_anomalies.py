"""What the sources show amiss is flagged in the catalogue, and none of it is swallowed."""

import re
from decimal import Decimal

from shared.catalogue.conventions import charger_conventions, convention


def remarques(code: str) -> str:
    conv = convention(code)
    lignes = [*conv.anomalies, *conv.notes]
    lignes += [t for r in conv.lignes.values() for t in (*r.anomalies, r.note or "")]
    return "\n".join(lignes)


def test_totals_that_do_not_add_are_flagged_and_the_36_is_said_to_be_a_reconstruction() -> None:
    dites = remarques("cnamts-2014-2017")
    assert "74,3 %" in dites
    assert re.search(r"36 est une reconstitution", dites)


def test_decimal_commas_are_exact_numbers_and_the_dsij_rate_is_the_printed_one() -> None:
    assert "virgules décimales" in remarques("cnamts-2014-2017")
    (dsij,) = [r.valeur for r in convention("cnamts-2014-2017").lignes["dsij"].resultats if r.annee == 2016]
    assert dsij == Decimal("80.46")


def test_ns_and_cells_that_were_not_given_have_a_status_and_no_number() -> None:
    resultats = [r for c in charger_conventions().values() for ligne in c.lignes.values() for r in ligne.resultats]
    (ns,) = [r for r in resultats if r.imprime == "ns"]
    assert (ns.statut, ns.valeur) == ("non_significatif", None)
    assert "ce n'est pas un zéro" in remarques("canssm-2004-2006")
    vides = [r for r in resultats if r.statut == "non_fourni"]
    assert vides
    assert {r.valeur for r in vides} == {None}
