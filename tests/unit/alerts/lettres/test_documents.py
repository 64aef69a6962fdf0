"""The documents: what is refused, what is drawn, the same bytes for the same data everywhere."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_args

import pytest

from services.alerts.comite.lettre import Modele
from services.alerts.lettres.contenu import ContenuInvalide, Courrier, completer, lire
from services.alerts.lettres.gabarits import DOSSIER, GabaritInconnu, dernier, gabarit
from services.alerts.lettres.graphique import tracer
from services.alerts.lettres.rendu import pages, pdf
from services.alerts.lettres.vue import Tirage, vue_de
from tests.unit.alerts.lettres.exemples import COURRIER, DONNEES, FSP, IJ, serie

MODELES: tuple[Modele, ...] = get_args(Modele)


def rendre(modele: Modele, **autres: Any) -> bytes:
    return pdf(dernier(modele), "2026-10/0/essai", completer({**DONNEES[modele], **autres}))


@pytest.mark.parametrize("modele", MODELES)
def test_every_template_prints_its_example_in_one_signed_page_and_its_figures(modele: Modele) -> None:
    assert rendre(modele).startswith(b"%PDF-")
    attendues = 1 if modele == "proces_verbal" else 2
    assert len(pages(dernier(modele), "2026-10/0/essai", completer(DONNEES[modele]))) == attendues


def test_the_same_data_give_the_same_bytes_in_another_process_zone_and_language() -> None:
    programme = (
        "import hashlib; from tests.unit.alerts.lettres.test_documents import rendre;"
        "print(hashlib.sha256(rendre('courrier_entraide')).hexdigest())"
    )
    empreintes = {hashlib.sha256(rendre("courrier_entraide")).hexdigest()}
    for zone, langue in (("Pacific/Auckland", "C"), ("America/Cayenne", "fr_FR.UTF-8")):
        milieu = {**os.environ, "TZ": zone, "LANG": langue, "SOURCE_DATE_EPOCH": "1"}
        sortie = subprocess.run([sys.executable, "-c", programme], env=milieu, check=True, capture_output=True)
        empreintes.add(sortie.stdout.decode().strip())
    assert len(empreintes) == 1


def test_other_data_give_other_bytes() -> None:
    assert rendre("audit") != rendre("audit", president="Une autre personne")


def test_text_that_looks_like_typst_is_printed_and_never_run() -> None:
    hostile = '#panic("non") $x$ *gras* @cite `code` \\ #include "/etc/passwd" <script>'
    assert rendre("audit", president=hostile, motifs=[hostile], consigne=hostile).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("change", "dit"),
    [
        ({"indicateurs": []}, "indicateurs"),
        ({"date": "bientôt"}, "date"),
        ({"caisse": "cpam-31"}, "caisse"),
        ({"indicateurs": [{**IJ, "n": -1}]}, "indicateurs"),
        ({"indicateurs": [{**IJ, "valeur": "beaucoup"}]}, "valeur"),
    ],
)
def test_data_that_make_no_letter_are_refused_in_a_sentence_that_says_where(change: Any, dit: str) -> None:
    with pytest.raises(ContenuInvalide, match=dit):
        lire("audit", completer({**COURRIER, **change}))


def test_a_template_that_does_not_exist_is_named() -> None:
    with pytest.raises(GabaritInconnu, match="audit"):
        gabarit("audit", 99)


def test_a_figure_not_measured_and_a_series_too_short_make_a_letter_without_chart() -> None:
    vide = {**IJ, "valeur": None, "intervalle": None, "serie": serie(None, None, None, None, None, None, 3.0), "n": 0}
    assert rendre("preconisation", indicateurs=[vide]).startswith(b"%PDF-")
    contenu = lire("preconisation", completer({**COURRIER, "indicateurs": [vide]}))
    vue = vue_de("preconisation", contenu, Tirage("r", "g"))
    assert vue["constats"][0]["valeur"] == "non mesuré"
    assert vue["constats"][0]["graphique"] is None


def test_a_chart_breaks_where_a_month_is_missing_and_keeps_its_labels_apart() -> None:
    contenu = lire("audit", completer({**COURRIER, "indicateurs": [{**IJ, "seuil": 30.2}]}))
    assert isinstance(contenu, Courrier)
    dessin = tracer(contenu.indicateurs[0], 30.2, 1)
    assert dessin is not None
    assert [len(s) for s in dessin["segments"]] == [3, 3]
    assert all(0 <= y <= 1 for s in dessin["segments"] for _, y in s)
    places = [li["etiquette"] for li in dessin["lignes"]]
    assert all(b - a >= 0.1299 for a, b in pairwise(places))


def test_the_shares_of_the_holders_make_a_whole_and_name_what_the_caisse_can_change() -> None:
    vue = vue_de("audit", lire("audit", completer(COURRIER)), Tirage("r", "g"))
    detenteurs = vue["constats"][0]["detenteurs"]
    assert abs(sum(d["fraction"] for d in detenteurs) - 1) < 1e-3
    assert [d["nom"] for d in detenteurs] == ["la caisse", "l’employeur", "le service médical", "l’assuré"]
    assert [d["a_sa_main"] for d in detenteurs] == [True, False, False, False]


def test_what_a_figure_lacks_is_written_in_the_letter_that_speaks_of_it() -> None:
    manque = {**IJ, "reserve": "Chiffre bâti sur 95 % des événements attendus."}
    assert rendre("preconisation", indicateurs=[manque]) != rendre("preconisation", indicateurs=[IJ])
    vue = vue_de(
        "preconisation", lire("preconisation", completer({**COURRIER, "indicateurs": [manque]})), Tirage("r", "g")
    )
    assert vue["constats"][0]["reserve"].startswith("Chiffre bâti sur 95")


def test_the_responsible_and_the_executing_caisse_are_both_named() -> None:
    vue = vue_de(
        "preconisation", lire("preconisation", completer({**COURRIER, "indicateurs": [FSP]})), Tirage("r", "g")
    )
    assert vue["caisse"] == "CPAM de la Haute-Garonne"
    assert vue["constats"][0]["executante"] == "CPAM de l’Ariège"


def test_the_catalogue_gives_what_was_measured_when_the_data_do_not() -> None:
    constat = {k: v for k, v in IJ.items() if k not in ("formule", "sens")} | {"code": "taux_decroche"}
    complet = completer({**COURRIER, "indicateurs": [constat]})["indicateurs"][0]
    assert "appels décrochés" in complet["formule"]
    assert complet["sens"] == "haut"


def textes(valeur: Any) -> Iterator[str]:
    match valeur:
        case str():
            yield valeur
        case dict():
            for v in valeur.values():
                yield from textes(v)
        case list() | tuple():
            for v in valeur:
                yield from textes(v)


@pytest.mark.parametrize("modele", MODELES)
def test_nothing_printed_has_a_breaking_space_before_its_punctuation(modele: Modele) -> None:
    vue = vue_de(modele, lire(modele, completer(DONNEES[modele])), Tirage("r", "g"))
    imprimes = [t for t in textes(vue) if re.search(r" [:;!?»%](?:\s|$)|« ", t)]
    assert not imprimes, json.dumps(imprimes, ensure_ascii=False)
    gabarits = [DOSSIER / modele / "v1.typ", DOSSIER / "commun" / "v1.typ"]
    lignes = [li for f in gabarits for li in f.read_text(encoding="utf-8").splitlines() if not li.startswith("//")]
    assert not [li for li in lignes if re.search(r"[a-zéè] [;:!?»](?:\s|$)", li)]
