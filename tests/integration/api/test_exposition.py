"""What supervisors and programs read: health, metrics, OpenAPI."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.claims.domain import DEFINITION as CLAIMS
from shared.dossiers import jauges
from shared.dossiers.jauges import Jauges
from tests.integration.api.conftest import Pile, ouvrir_pile
from tests.support.attente import attendre


async def metriques(pile: Pile) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    reponse = await pile.client.get("/metrics")
    assert reponse.status_code == 200
    return {
        (s.name, frozenset(s.labels.items())): s.value
        for famille in text_string_to_metric_families(reponse.text)
        for s in famille.samples
    }


async def test_le_service_se_dit_vivant_et_pret(contacts: Pile) -> None:
    assert (await contacts.client.get("/livez")).status_code == 200
    pret = await contacts.client.get("/readyz")
    assert pret.status_code == 200, pret.text


async def test_une_jauge_par_indicateur_caisse_et_fenetre_avec_son_effectif(contacts: Pile) -> None:
    for jour, n in (("2026-03-02", 1), ("2026-02-27", 2), ("2026-02-10", 4)):
        issue = "decroche" if n == 1 else "abandonne"
        await contacts.compter(
            contacts.dossier("appel", {"presente": f"{jour} 08:00:00", issue: f"{jour} 08:00:30"}, nombre=n)
        )
    contacts.il_est("2026-03-02 20:00")
    collecteur = Jauges(contacts.service)
    await collecteur.rafraichir()
    valeurs, effectifs, duree = collecteur.collect()

    def lire(famille: object, indicateur: str) -> dict[tuple[str, str], float]:
        return {
            (s.labels["caisse"], s.labels["fenetre"]): s.value
            for s in famille.samples
            if s.labels["indicateur"] == indicateur
        }

    assert lire(valeurs, "taux_decroche") == {
        (c, f): v for c in ("cpam-75", "reseau") for f, v in (("jour", 100.0), ("7j", 100 / 3), ("mois", 100.0))
    }
    assert lire(effectifs, "taux_decroche") == {
        (c, f): n for c in ("cpam-75", "reseau") for f, n in (("jour", 1), ("7j", 3), ("mois", 1))
    }
    assert {s.labels["service"] for s in valeurs.samples} == {"contacts"}
    assert 0 < duree.samples[0].value < 30


async def test_les_jauges_des_stocks_sont_celles_de_maintenant_dans_les_trois_fenetres(claims: Pile) -> None:
    await claims.compter(claims.dossier("cmuc_acs", {"recue": "2026-02-20 10:00"}))
    collecteur = Jauges(claims.service)
    await collecteur.rafraichir()
    valeurs = next(iter(collecteur.collect()))
    stocks = {
        (s.labels["indicateur"], s.labels["fenetre"]): s.value
        for s in valeurs.samples
        if s.labels["caisse"] == "cpam-75"
    }
    assert stocks == {
        (i, f): v for i, v in (("stock_cmuc_acs", 1.0), ("age_stock_cmuc_acs_d9", 10.0)) for f in ("jour", "7j", "mois")
    }


async def test_le_premier_du_mois_la_fenetre_du_jour_et_celle_du_mois_sont_toutes_deux_la(contacts: Pile) -> None:
    contacts.il_est("2026-04-01 12:00")
    await contacts.compter(contacts.dossier("appel", {"presente": "2026-04-01 08:00", "decroche": "2026-04-01 08:01"}))
    collecteur = Jauges(contacts.service)
    await collecteur.rafraichir()
    valeurs = next(iter(collecteur.collect()))
    fenetres = [s.labels["fenetre"] for s in valeurs.samples if s.labels["indicateur"] == "taux_decroche"]
    assert sorted(fenetres) == ["7j", "7j", "jour", "jour", "mois", "mois"]


async def test_des_jauges_qu_on_ne_peut_plus_rafraichir_se_taisent(
    contacts: Pile, monkeypatch: pytest.MonkeyPatch
) -> None:
    await contacts.compter(contacts.dossier("appel", {"presente": "2026-03-02 08:00", "decroche": "2026-03-02 08:01"}))
    collecteur = Jauges(contacts.service)
    assert list(collecteur.collect()) == []
    await collecteur.rafraichir()
    assert list(collecteur.collect()) != []
    monkeypatch.setattr(jauges, "PERIMEES", 0.0)
    assert list(collecteur.collect()) == []


async def test_les_mesures_de_l_entree_du_journal_et_des_lots_sont_exposees(contacts: Pile) -> None:
    await contacts.compter(contacts.dossier("appel", {"presente": "2026-03-02 08:00", "decroche": "2026-03-02 08:01"}))
    await contacts.poster(b"{", "application/cloudevents+json")

    async def mesure() -> bool:
        return "vigie_journal_retard" in {nom for nom, _ in await metriques(contacts)}

    await attendre(mesure, 15, "le retard n'est pas mesuré")
    lues = await metriques(contacts)
    noms = {nom for nom, _ in lues}
    assert {
        "vigie_evenements_acceptes_total", "vigie_evenements_refuses_total", "vigie_journal_ajoutes_total",
        "vigie_journal_retard", "vigie_journal_lots_total", "vigie_journal_lot_secondes_bucket",
        "vigie_journal_enregistrements_total", "vigie_http_request_duration_seconds_count",
    } <= noms  # fmt: skip
    retards = [
        v for (nom, libelles), v in lues.items() if nom == "vigie_journal_retard" and ("groupe", "contacts") in libelles
    ]
    assert set(retards) == {0.0}


async def test_la_description_openapi_est_valide_et_dit_chaque_route(contacts: Pile) -> None:
    from openapi_spec_validator import validate

    document = (await contacts.client.get("/openapi.json")).json()
    validate(document)
    assert {
        "/v1/events", "/v1/indicateurs", "/v1/indicateurs/{code}/valeurs", "/v1/valeurs", "/v1/dossiers/{process}/{id}",
        "/v1/rejets", "/v1/rejets/{identifiant}", "/v1/rejets/{identifiant}/rejeu",
    } <= set(document["paths"])  # fmt: skip
    options = {p["name"] for p in document["paths"]["/v1/indicateurs/{code}/valeurs"]["get"]["parameters"]}
    assert options == {
        "code", "caisse", "plateforme", "du", "au", "pas", "vue", "horloge", "a_date", "version",
        "limite", "curseur", "format", "separateur",
    }  # fmt: skip
    assert set(document["paths"]["/v1/events"]["post"]["requestBody"]["content"]) == {
        "application/cloudevents+json", "application/cloudevents-batch+json", "application/x-ndjson",
    }  # fmt: skip
    for chemin, methodes in document["paths"].items():
        for operation in methodes.values():
            assert operation.get("summary"), chemin


async def test_deux_services_vivent_sur_la_meme_base(contacts: Pile, postgres_url: str) -> None:
    async with ouvrir_pile(CLAIMS, postgres_url) as claims:
        await claims.compter(claims.dossier("fse", {"recue": "2026-03-01 08:00", "payee": "2026-03-02 08:00"}))
        assert (await claims.client.get("/v1/indicateurs/stock_fse/valeurs")).status_code == 200
        assert (await contacts.client.get("/v1/indicateurs/stock_fse/valeurs")).status_code == 404
