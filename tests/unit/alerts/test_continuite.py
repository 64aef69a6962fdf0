"""Continuity: sources, stocks, declarations and the two situations side by side."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.alerts.domain.continuite import (
    Declaration,
    ReglagesContinuite,
    Situation,
    SourceMuette,
    inhibitions,
    observer_declarations,
    observer_desaccord,
    observer_sources,
    observer_stock,
    semaines,
    situation_calculee,
    situation_declaree,
)
from services.alerts.domain.etats import Cle
from shared.catalogue.indicateurs import indicateur

REGLAGES = ReglagesContinuite()
INSTANT = datetime(2026, 3, 4, 8, tzinfo=UTC)
PABX = SourceMuette("urn:pabx", "appel", ("cpam-75", "cpam-31"), INSTANT)


def test_une_source_muette_est_une_alerte_chez_chaque_caisse_et_son_retour_la_leve() -> None:
    suivie = Cle("source_muette", "cpam-13", "urn:autre")
    vues = observer_sources([PABX], [suivie, Cle("stock", "cpam-13", "stock_fse")], INSTANT, REGLAGES)
    assert [(v.cle.caisse, v.cle.objet, v.position) for v in vues] == [
        ("cpam-31", "urn:pabx appel", "franchi"),
        ("cpam-75", "urn:pabx appel", "franchi"),
        ("cpam-13", "urn:autre", "revenu"),
    ]
    assert set(inhibitions([PABX])) == {("appel", "cpam-75"), ("appel", "cpam-31")}


@pytest.mark.parametrize(
    ("serie", "position"),
    [
        ([100, 110, 90, 100, 151], "franchi"),
        ([100, 110, 90, 100, 150], "bande"),
        ([100, 110, 90, 100, 120], "revenu"),
        ([10, 11, 9, 10, 49], "revenu"),
        ([100, 110, 200], "inconnu"),
        ([100, 110, 90, None], "inconnu"),
        ([], "inconnu"),
    ],
)
def test_un_stock_explose_au_dela_d_une_fois_et_demie_son_ordinaire(serie: list[float | None], position: str) -> None:
    vue = observer_stock(indicateur("stock_cmuc_acs"), "cpam-75", serie, INSTANT, REGLAGES, None)
    assert vue.position == position


def test_les_semaines_d_une_serie_commencent_un_lundi() -> None:
    assert semaines(date(2026, 3, 4), 6) == (date(2026, 1, 19), date(2026, 3, 4))


def declaration(genre: str, situation: str | None = None, **autres: object) -> Declaration:
    return Declaration(7, "cpam-75", genre, INSTANT, INSTANT + timedelta(days=1), "inondation", situation, **autres)  # type: ignore[arg-type]


def test_un_site_ferme_est_une_alerte_jusqu_a_la_fin_de_sa_declaration() -> None:
    site = declaration("site_ferme", site="Bordeaux centre")
    (vue,) = observer_declarations([site], [], INSTANT)
    assert (vue.cle, vue.position) == (Cle("declaration", "cpam-75", "site_ferme:7"), "franchi")
    assert "Bordeaux centre" in vue.constat
    (finie,) = observer_declarations([site], [vue.cle], INSTANT + timedelta(days=1))
    assert finie.position == "revenu"
    assert observer_declarations([declaration("situation", "degradee")], [], INSTANT) == []


def test_la_situation_declaree_est_la_pire_de_celles_qui_courent() -> None:
    dites = [declaration("situation", "normale"), declaration("situation", "degradee")]
    assert situation_declaree("cpam-75", dites, INSTANT) == "degradee"
    assert situation_declaree("cpam-75", [declaration("pca")], INSTANT) is None, "un PCA n'est pas un constat"
    assert situation_declaree("cpam-31", dites, INSTANT) is None
    assert situation_declaree("cpam-75", dites, INSTANT + timedelta(days=2)) is None


def test_la_situation_calculee_ne_lit_pas_les_declarations_de_la_caisse() -> None:
    assert situation_calculee([]) == "normale"
    assert situation_calculee(["declaration", "desaccord"]) == "normale"
    assert situation_calculee(["performance"]) == "degradee"
    assert situation_calculee(["performance", "stock"]) == "rupture"


@pytest.mark.parametrize(
    ("declaree", "calculee", "position"),
    [
        ("normale", "degradee", "franchi"),
        ("rupture", "normale", "franchi"),
        ("degradee", "degradee", "revenu"),
        (None, "rupture", "revenu"),
    ],
)
def test_le_desaccord_des_deux_situations_est_une_alerte(
    declaree: Situation | None, calculee: Situation, position: str
) -> None:
    vue = observer_desaccord("cpam-75", declaree, calculee, INSTANT, REGLAGES)
    assert vue.position == position
