"""What a figure is built on stands beside it: too little of what was expected, and it has no verdict."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from shared.catalogue.indicateurs import indicateur
from shared.dossiers.definitions import catalogue_du_service, retenir
from shared.network.calendrier import Calendrier
from shared.network.jours import jour_de
from tests.integration.api.conftest import Pile, instant

URL = "/v1/indicateurs/taux_decroche/valeurs"
AVRIL = {"du": "2026-04-06", "au": "2026-05-01"}
"""Four weeks, of eighteen working days."""
CALENDRIER = Calendrier("Métropole")


MUETS = range(jour_de(date(2026, 4, 13)), jour_de(date(2026, 4, 27)))
DEBUT = date(2026, 2, 9)


def appels(pile: Pile, caisse: str, sauf: range = range(0), du: date = DEBUT, nombre: int = 82) -> list[dict[str, Any]]:
    """Ten calls a working day, of ``nombre`` days from ``du`` on, from a source of the caisse; ``sauf``: left out."""
    jours = [du + timedelta(i) for i in range(nombre)]
    return [
        pile.dossier(
            "appel",
            {"presente": f"{jour} 09:00:{i:02d}", "decroche": f"{jour} 09:01:00"},
            source=f"urn:vigie:source:telephone-{caisse}",
            caisse=caisse,
        )
        for jour in jours
        if CALENDRIER.est_ouvre(jour_de(jour)) and jour_de(jour) not in sauf
        for i in range(10)
    ]


@pytest.fixture
async def mois(contacts: Pile) -> Pile:
    contacts.il_est("2026-05-04 08:00")
    await contacts.compter(*appels(contacts, "cpam-75"), *appels(contacts, "cpam-31", MUETS))
    return contacts


async def lignes(pile: Pile, **options: str) -> dict[str, dict[str, Any]]:
    reponse = await pile.client.get(URL, params=AVRIL | options)
    assert reponse.status_code == 200, reponse.text
    return {li["caisse"]: li for li in reponse.json()["valeurs"]}


async def test_sous_sept_dixiemes_de_l_attendu_la_valeur_reste_et_le_verdict_est_non_mesure(mois: Pile) -> None:
    lues = await lignes(mois)
    assert lues["cpam-75"]["completude"] == {"taux": 1.0, "complet": True, "sources_muettes": 0}
    assert lues["cpam-75"]["verdict"] == "atteint"
    assert lues["cpam-31"]["completude"] == {"taux": round(8 / 18, 4), "complet": False, "sources_muettes": 0}
    assert (lues["cpam-31"]["valeur"], lues["cpam-31"]["verdict"]) == (100.0, "non_mesure")
    assert lues["reseau"]["completude"] == {"taux": round(26 / 36, 4), "complet": False, "sources_muettes": 0}
    assert lues["reseau"]["verdict"] == "atteint", "incomplet, mais au-dessus du plancher"
    assert lues["cpam-67"]["completude"] is None


async def test_ce_qui_arrive_en_retard_rend_le_verdict_et_change_l_etiquette(mois: Pile) -> None:
    avant = await mois.client.get(URL, params=AVRIL)
    await mois.compter(*appels(mois, "cpam-31", du=date(2026, 4, 13), nombre=14))
    apres = await mois.client.get(URL, params=AVRIL, headers={"if-none-match": avant.headers["etag"]})
    assert apres.status_code == 200
    rendue = next(li for li in apres.json()["valeurs"] if li["caisse"] == "cpam-31")
    assert (rendue["completude"]["complet"], rendue["verdict"]) == (True, "atteint")
    meme = await mois.client.get(URL, params=AVRIL, headers={"if-none-match": apres.headers["etag"]})
    assert meme.status_code == 304


async def test_l_explication_nomme_la_source_en_defaut_et_juge_comme_les_valeurs(mois: Pile) -> None:
    url = "/v1/indicateurs/taux_decroche/explication"
    dit = (await mois.client.get(url, params=AVRIL | {"caisse": "cpam-31"})).json()
    assert (dit["verdict"], dit["completude"]["complet"]) == ("non_mesure", False)
    (phrase,) = [p for p in dit["phrases"] if p.startswith("Complétude")]
    assert "44,44\u202f% des événements attendus" in phrase
    assert "urn:vigie:source:telephone-cpam-31" in phrase
    assert "moins de 70\u202f%" in phrase
    plein = (await mois.client.get(url, params=AVRIL | {"caisse": "cpam-75"})).json()
    assert "Complétude des sources : 100\u202f% des événements attendus, rien ne manque." in plein["phrases"]


async def test_les_parties_exactes_sont_dans_les_lignes_et_dans_le_csv(mois: Pile) -> None:
    ligne = (await lignes(mois))["cpam-75"]
    assert (ligne["numerateur"], ligne["denominateur"]) == (180, 180)
    texte = (await mois.client.get(URL, params=AVRIL | {"format": "csv", "caisse": "cpam-31"})).text
    (lue,) = csv.DictReader(io.StringIO(texte))
    assert (lue["numerateur"], lue["denominateur"], lue["rupture"], lue["hypothese"]) == ("80", "80", "non", "oui")
    assert (lue["reconduite"], lue["completude"], lue["complet"]) == ("oui", "0.4444", "non")
    assert (lue["verdict"], lue["bas"] != "", lue["haut"]) == ("non_mesure", True, "100.0")


async def test_une_moyenne_donne_ses_secondes_et_son_effectif(claims: Pile) -> None:
    dossiers = [
        claims.dossier("fse", {"recue": "2026-02-02 09:00", "payee": f"2026-02-0{4 + i} 09:00"}, beneficiaire="assure")
        for i in range(2)
    ]
    await claims.compter(*dossiers)
    options = {"du": "2026-02-01", "au": "2026-02-28", "caisse": "cpam-75"}
    (ligne,) = await claims.valeurs("delai_fse_moyen", **options)
    assert (ligne["numerateur"], ligne["denominateur"], ligne["n"]) == (5 * 86_400, 2 * 86_400, 2)
    assert ligne["valeur"] == 2.5


async def test_un_indicateur_retire_se_lit_encore_aux_jours_ou_il_etait_au_catalogue(contacts: Pile) -> None:
    await contacts.compter(contacts.dossier("appel", {"presente": "2026-03-02 08:00", "decroche": "2026-03-02 08:01"}))
    documents = catalogue_du_service("contacts")
    ancien = msgspec.to_builtins(indicateur("taux_decroche")) | {"code": "taux_d_autrefois"}
    avec = documents | {("indicateur", "taux_d_autrefois"): ancien}
    await retenir(contacts.service.pool, "contacts", avec, instant("2026-03-02 10:00"))
    await retenir(contacts.service.pool, "contacts", documents, instant("2026-03-04 10:00"))
    contacts.il_est("2026-03-06 09:00")
    mars = {"du": "2026-03-01", "au": "2026-03-31", "caisse": "cpam-75"}
    url = "/v1/indicateurs/taux_d_autrefois"
    assert (await contacts.client.get(f"{url}/valeurs", params=mars)).status_code == 404
    lu = await contacts.client.get(f"{url}/valeurs", params=mars | {"a_date": "2026-03-03"})
    assert [li["valeur"] for li in lu.json()["valeurs"]] == [100.0]
    dit = await contacts.client.get(f"{url}/explication", params=mars | {"a_date": "2026-03-03"})
    assert (dit.status_code, dit.json()["valeur"], dit.json()["dossiers"]) == (200, 100.0, None)
    refus = await contacts.client.get(f"{url}/valeurs", params=mars | {"a_date": "2026-03-05"})
    assert refus.status_code == 422
    assert "n'était pas au catalogue" in refus.text


async def test_l_explication_et_les_statistiques_se_demandent_telles_que_connues(contacts: Pile) -> None:
    def appel(issue: str, **autres: Any) -> dict[str, Any]:
        return contacts.dossier("appel", {"presente": "2026-03-02 08:00", issue: "2026-03-02 08:01"}, **autres)

    await contacts.compter(appel("decroche"), appel("decroche", caisse="cpam-31"))
    contacts.il_est("2026-03-05 09:00")
    await contacts.compter(appel("abandonne"))
    periode = {"du": "2026-03-02", "au": "2026-03-02"}
    base = "/v1/indicateurs/taux_decroche"
    for a_date, valeur, minimum in (("2026-03-02", 100.0, 100.0), ("2026-03-05", 50.0, 50.0)):
        options = periode | {"a_date": a_date}
        dit = (await contacts.client.get(f"{base}/explication", params=options | {"caisse": "cpam-75"})).json()
        assert (dit["valeur"], dit["a_date"], dit["dossiers"]) == (valeur, a_date, None)
        assert any("Tel que connu au soir du" in p for p in dit["phrases"])
        ecarts = (await contacts.client.get(f"{base}/dispersion", params=options)).json()
        assert ecarts["periodes"][0]["minimum"]["valeur"] == minimum
        entonnoir = (await contacts.client.get(f"{base}/entonnoir", params=options)).json()
        assert min(c["taux"] for c in entonnoir["caisses"]) == minimum
    demain = await contacts.client.get(f"{base}/dispersion", params=periode | {"a_date": "2026-03-06"})
    assert demain.status_code == 422
    assert "a_date" in demain.text


async def test_la_premiere_source_d_un_processus_est_vue_des_la_question_qui_suit(contacts: Pile) -> None:
    contacts.il_est("2026-05-04 08:00")
    for _ in range(2):
        assert {li["completude"] for li in (await lignes(contacts)).values()} <= {None}
    await contacts.compter(*appels(contacts, "cpam-75"))
    assert (await lignes(contacts))["cpam-75"]["completude"] == {"taux": 1.0, "complet": True, "sources_muettes": 0}
