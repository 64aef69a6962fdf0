import csv
from dataclasses import FrozenInstanceError
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.network.calendrier import jours_feries
from shared.network.lecture import lire_donnees
from shared.network.reseau import CaisseAmbigue, CaisseInconnue, charger, reseau_de

RESEAU = charger()
BRUIT = {"CPAM - DEP GESTION HOSPIT", "Caisse Pivot 21", "CPAM DALENCON", "SAINT DENIS"}


@pytest.fixture(scope="module")
def organismes(donnees_publiques: Path) -> list[dict[str, str]]:
    with (donnees_publiques / "france" / "cpam_cgss.csv").open(encoding="utf-8") as lignes:
        return list(csv.DictReader(lignes))


def test_the_network_is_the_published_one(organismes: list[dict[str, str]]) -> None:
    publie = [
        (int(o["code_organisme"]), o["type"], o["departement"], o["region_insee"].zfill(2), o["zone_jours_feries"])
        for o in organismes
    ]
    assert [(c.code, c.type, c.departement, c.region, c.zone) for c in RESEAU.caisses] == publie


def test_there_are_101_cpam_one_ccss_four_cgss_and_mayotte() -> None:
    types = [c.type for c in RESEAU.caisses]
    assert {t: types.count(t) for t in set(types)} == {"CPAM": 101, "CCSS": 1, "CGSS": 4, "CSSM": 1}


def test_codes_fit_a_smallint_and_slugs_are_plain() -> None:
    assert all(0 < c.code < 32_768 for c in RESEAU.caisses)
    assert all(c.slug.isascii() and c.slug == c.slug.lower() and " " not in c.slug for c in RESEAU.caisses)
    assert len(RESEAU.par_code) == len(RESEAU.par_slug) == 107


@pytest.mark.parametrize(
    "slug",
    [
        "cpam-01", "cpam-75", "cpam-2a", "cpam-2b", "cpam-41", "ccss-48", "cgss-971", "cgss-972", "cgss-973",
        "cgss-974", "css-976", "cpam-59-flandres", "cpam-59-hainaut", "cpam-59-lille-douai",
        "cpam-59-roubaix-tourcoing", "cpam-62-artois", "cpam-62-cote-d-opale", "cpam-64-bayonne", "cpam-64-pau",
        "cpam-76-le-havre", "cpam-76-rouen-elbeuf-dieppe",
    ],
)  # fmt: skip
def test_slugs_that_events_carry_stay_what_they_are(slug: str) -> None:
    assert RESEAU.caisse(slug).slug == slug


@pytest.mark.parametrize(
    ("nom", "slug"),
    [
        ("CPAM de Blois", "cpam-41"), ("Loir-et-Cher", "cpam-41"), ("Toulouse", "cpam-31"),
        ("Haute Garonne", "cpam-31"),
        ("Nevers", "cpam-58"), ("Melun", "cpam-77"), ("CPAM 77", "cpam-77"), ("CPAM de Lille", "cpam-59-lille-douai"),
        ("Tourcoing", "cpam-59-roubaix-tourcoing"), ("Elbeuf", "cpam-76-rouen-elbeuf-dieppe"),
        ("Elboeuf", "cpam-76-rouen-elbeuf-dieppe"), ("Elbœuf", "cpam-76-rouen-elbeuf-dieppe"),
        ("CPAM de Rouen- Elboeuf- Dieppe", "cpam-76-rouen-elbeuf-dieppe"), ("CPAM du Havre", "cpam-76-le-havre"),
        ("Le Havre", "cpam-76-le-havre"), ("CPAM du Béarn et de la Soule", "cpam-64-pau"),
        ("CPAM du Pays Basque", "cpam-64-bayonne"), ("Seine-St-Denis", "cpam-93"), ("CGSS Saint-Denis", "cgss-974"),
        ("Lozère", "ccss-48"), ("cpam-48", "ccss-48"), ("La Réunion", "cgss-974"),
        ("EVRY", "cpam-91"), ("Côte d’Opale", "cpam-62-cote-d-opale"), ("011", "cpam-01"), ("11", "cpam-11"),
        ("Caisse primaire d'assurance maladie de l'Essonne", "cpam-91"), ("2a", "cpam-2a"), ("Vannes", "cpam-56"),
        ("Guéret", "cpam-23"), ("Épinal", "cpam-88"), ("Digne", "cpam-04"), ("Amiens", "cpam-80"),
    ],
)  # fmt: skip
def test_a_caisse_answers_to_the_names_sources_use(nom: str, slug: str) -> None:
    assert RESEAU.caisse(nom).slug == slug


def test_every_published_label_leads_to_its_caisse(organismes: list[dict[str, str]]) -> None:
    for organisme in organismes:
        for colonne in ("libelle_pivot", "libelle_gestionnaire", "libelle_IR_CAI_V"):
            libelle = organisme[colonne]
            if libelle and libelle not in BRUIT:
                assert RESEAU.caisse(libelle).code == int(organisme["code_organisme"]), libelle


@given(caisse=st.sampled_from(RESEAU.caisses), espace=st.sampled_from(["-", " ", " - ", "_"]), haut=st.booleans())
def test_case_and_punctuation_never_change_the_answer(caisse, espace, haut) -> None:
    nom = caisse.nom.replace("-", espace).replace("'", espace)
    assert RESEAU.caisse(nom.upper() if haut else nom.lower()) is caisse


@pytest.mark.parametrize(
    ("nom", "candidates"),
    [
        ("Nord", {"cpam-59-flandres", "cpam-59-hainaut", "cpam-59-lille-douai", "cpam-59-roubaix-tourcoing"}),
        ("cpam-62", {"cpam-62-artois", "cpam-62-cote-d-opale"}),
        ("Pyrénées-Atlantiques", {"cpam-64-bayonne", "cpam-64-pau"}),
        ("Seine-Maritime", {"cpam-76-le-havre", "cpam-76-rouen-elbeuf-dieppe"}),
        ("Corse", {"cpam-2a", "cpam-2b"}),
        ("Saint-Denis", {"cpam-93", "cgss-974"}),
    ],
)
def test_an_ambiguous_name_is_refused_and_names_its_candidates(nom: str, candidates: set[str]) -> None:
    with pytest.raises(CaisseAmbigue, match="désigne plusieurs caisses") as refus:
        RESEAU.caisse(nom)
    assert set(refus.value.proches) == candidates
    assert all(slug in str(refus.value) for slug in candidates)


def test_names_are_ambiguous_only_where_it_is_meant() -> None:
    ambigus = set()
    for caisse in RESEAU.caisses:
        for nom in (caisse.nom, caisse.slug, caisse.departement, caisse.departement_nom, *caisse.aliases):
            try:
                assert RESEAU.caisse(nom) is caisse
            except CaisseAmbigue:
                ambigus.add(nom)
    assert ambigus == {
        "59", "Nord", "62", "Pas-de-Calais", "64", "Pyrénées-Atlantiques", "76", "Seine-Maritime", "Corse", "20",
        "Saint-Denis",
    }  # fmt: skip


def test_an_unknown_name_is_refused_with_close_names() -> None:
    with pytest.raises(CaisseInconnue) as refus:
        RESEAU.caisse("CPAM de Touloouse")
    assert refus.value.proches[0] == "cpam-31"
    assert "Aucune caisse ne se nomme « CPAM de Touloouse ». Vouliez-vous dire : CPAM de la Haute-Garonne" in str(
        refus.value
    )


@pytest.mark.parametrize("nom", ["", "CPAM", "CSSM", "caisse", "Île-de-France", "000", "-"])
def test_what_names_no_caisse_is_refused(nom: str) -> None:
    with pytest.raises(CaisseInconnue):
        RESEAU.caisse(nom)


def test_a_caisse_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        RESEAU.caisse("cpam-75").nom = "CPAM"  # type: ignore[misc]
    with pytest.raises(TypeError):
        RESEAU.par_slug["cpam-75"] = RESEAU.caisse("cpam-01")  # type: ignore[index]


def test_regions_hold_every_caisse_once() -> None:
    groupes = RESEAU.hierarchies["region"].groupes
    assert len(groupes) == 18
    assert sorted(c for g in groupes.values() for c in g.caisses) == sorted(RESEAU.par_code)
    assert all(groupes[c.region].nom == c.region_nom for c in RESEAU.caisses)


def test_another_hierarchy_is_only_more_data() -> None:
    drsm = {"libelle": "DRSM", "groupes": [{"code": "mp", "nom": "Midi-Pyrénées", "caisses": ["cpam-31", "cpam-09"]}]}
    reseau = reseau_de(lire_donnees("organismes.yaml"), lire_donnees("hierarchies.yaml") | {"drsm": drsm})
    assert reseau.hierarchies["drsm"].groupes["mp"].caisses == (91, 311)
    assert reseau.caisse("Toulouse").region == "76"


@pytest.mark.parametrize(("caisses", "defaut"), [(["cpam-31", "cpam-31"], "deux fois"), (["cpam-00"], "n'existe pas")])
def test_a_hierarchy_that_cannot_hold_is_refused(caisses: list[str], defaut: str) -> None:
    fausse = {"libelle": "DRSM", "groupes": [{"code": "mp", "nom": "Midi-Pyrénées", "caisses": caisses}]}
    with pytest.raises(ValueError, match=defaut):
        reseau_de(lire_donnees("organismes.yaml"), lire_donnees("hierarchies.yaml") | {"drsm": fausse})


def test_a_caisse_without_region_is_refused() -> None:
    with pytest.raises(ValueError, match=r"sans région : .*cpam-01"):
        reseau_de(lire_donnees("organismes.yaml"), {})


def test_time_zones_and_holiday_zones_exist() -> None:
    assert {c.fuseau for c in RESEAU.caisses} <= available_timezones()
    assert all(jours_feries(c.zone) for c in RESEAU.caisses)
    fuseaux = {c.slug: c.fuseau for c in RESEAU.caisses if c.fuseau != "Europe/Paris"}
    assert fuseaux == {
        "cgss-971": "America/Guadeloupe", "cgss-972": "America/Martinique", "cgss-973": "America/Cayenne",
        "cgss-974": "Indian/Reunion", "css-976": "Indian/Mayotte",
    }  # fmt: skip
