"""The four public data sets, imported with the shipped mappings, give the figures their README states.

The reference figures were computed with NumPy and pandas by whoever wrote that README, not with Vigie.
"""

from pathlib import Path

import pytest

from shared.database import embarque
from tests.support.commande import DONNEES, Vigie

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not DONNEES.exists(), reason="les jeux de données publics ne sont pas à côté du dépôt"),
]

APPELS = ("1998-12-31", "1999-01-31")
"""January 1999 at Tel Aviv begins on the last evening of December in Paris."""
RECEPTION = ("2010-01-01", "2013-01-01")
TICKETS = ("2010-01-01", "2014-12-31")


def importer(vigie: Vigie, fichier: str, mapping: str) -> str:
    return vigie("import", str(DONNEES / fichier), "--mapping", str(Path("examples") / f"{mapping}.yaml"))


@pytest.fixture(scope="module")
def importes(vigie: Vigie) -> Vigie:
    for fichier, mapping in (
        ("calls/anonymous_bank_1999-01.tsv.gz", "anonymous_bank"),
        ("calls/bank_calls_5min_2003.csv.gz", "bank_calls_5min"),
        ("cases/receipt_events.csv.gz", "receipt_dossiers"),
        ("cases/helpdesk_events.csv.gz", "helpdesk_prise_en_charge"),
        ("cases/helpdesk_events.csv.gz", "helpdesk_resolution"),
    ):
        assert " 0 lignes refusées" in importer(vigie, fichier, mapping)
    return vigie


@pytest.mark.parametrize(
    ("indicateur", "periode", "autres", "valeur", "n"),
    [
        ("taux_decroche", APPELS, (), 100 - 10.2815, 30_161),
        ("taux_decroche_hors_abandons_courts", APPELS, (), 100 - 9.6977, None),
        ("attente_decroches_moyenne", APPELS, (), 35.028, 27_060),
        ("attente_decroches_mediane", APPELS, (), 3, 27_060),
        ("attente_decroches_d9", APPELS, (), 111, 27_060),
        ("part_decroches_20s", APPELS, (), 54.3815, 30_161),
        ("delai_cmuc_acs_d9", TICKETS, ("--caisse", "cpam-31"), 15, 4_285),
        ("delai_reclamation_moyen", TICKETS, ("--caisse", "cpam-31"), 11.5380, 4_569),
        ("delai_reclamation_d9", TICKETS, ("--caisse", "cpam-31"), 30, 4_569),
    ],
)
def test_les_chiffres_de_reference_sont_ceux_du_jeu(
    importes: Vigie, indicateur: str, periode: tuple[str, str], autres: tuple[str, ...], valeur: float, n: int | None
) -> None:
    mesure = importes.kpi(indicateur, *periode, *autres)
    assert mesure["valeur"] == pytest.approx(valeur, abs=5e-5)
    if n is not None:
        assert mesure["n"] == n


def test_la_reception_donne_moyenne_et_deciles_calendaires_et_ouvres(foyer: Path) -> None:
    seule = Vigie(foyer, VIGIE_DATABASE_URL=_base(foyer, "reception"))
    importer(seule, "cases/receipt_events.csv.gz", "receipt_dossiers")
    assert seule.kpi("delai_cmuc_acs_moyen", *RECEPTION)["valeur"] == pytest.approx(58.9808, abs=5e-5)
    decile = seule.kpi("delai_cmuc_acs_d9", *RECEPTION)
    bas, haut = decile.pop("intervalle")
    assert bas <= 105.0 <= haut
    assert (decile.pop("verdict"), decile.pop("cible")) == ("sans_cible", None), "aucune convention en 2010-2012"
    assert (decile.pop("rupture"), decile.pop("version")) == (False, "rang-1")
    assert (decile.pop("numerateur"), decile.pop("denominateur")) == (105, 1)
    assert decile.pop("completude")["sources_muettes"] == 0
    assert decile == {
        "indicateur": "delai_cmuc_acs_d9",
        "caisse": "reseau",
        "du": RECEPTION[0],
        "au": RECEPTION[1],
        "valeur": 105.0,
        "n": 1_329,
        "unite": "jours",
    }
    assert seule.kpi("delai_cmuc_acs_d9", *RECEPTION, "--horloge", "jours_ouvres")["valeur"] == 74
    assert seule.kpi("stock_cmuc_acs", *RECEPTION)["valeur"] == 105


def test_des_appels_sans_issue_connue_ne_sont_pas_mesures(importes: Vigie) -> None:
    mesure = importes.kpi("taux_decroche", "2003-01-01", "2003-12-31")
    assert mesure["valeur"] is None, "l'issue de ces appels n'est pas connue : rien n'est mesuré"


def test_reimporter_ne_change_rien(importes: Vigie) -> None:
    avant = importes.kpi("taux_decroche", *APPELS)
    importer(importes, "calls/anonymous_bank_1999-01.tsv.gz", "anonymous_bank")
    assert importes.kpi("taux_decroche", *APPELS) == avant


def test_tout_se_verifie_apres_les_imports(importes: Vigie) -> None:
    importes("verify")


def _base(foyer: Path, nom: str) -> str:
    serveur = embarque.serveur_embarque(foyer / "postgres")
    embarque.creer_base(serveur, nom)
    return serveur.url(nom)
