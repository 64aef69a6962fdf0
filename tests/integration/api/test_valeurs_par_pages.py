"""Values by pages, as CSV, several indicators at once, with an ETag that is known before the answer."""

import csv
import io

import pytest

from shared.catalogue.indicateurs import indicateurs_du_service
from shared.network.reseau import charger
from tests.integration.api.conftest import Pile

URL = "/v1/indicateurs/taux_decroche/valeurs"
TROIS_MOIS = {"du": "2026-01-01", "au": "2026-03-31", "pas": "mois"}
LIGNES = 3 * (1 + len(charger().caisses))


async def semer(pile: Pile) -> None:
    for jour, issue, n in (
        ("2026-01-05", "decroche", 2),
        ("2026-02-03", "abandonne", 1),
        ("2026-02-03", "decroche", 2),
    ):
        jalons = {"presente": f"{jour} 08:00:00", issue: f"{jour} 08:00:30"}
        await pile.compter(pile.dossier("appel", jalons, nombre=n))


@pytest.mark.parametrize("limite", [1, 50, 109, 200, 10_000])
async def test_les_pages_mises_bout_a_bout_sont_la_reponse_entiere(contacts: Pile, limite: int) -> None:
    await semer(contacts)
    entiere = (await contacts.client.get(URL, params=TROIS_MOIS)).json()
    assert entiere["suivant"] is None
    assert len(entiere["valeurs"]) == LIGNES
    depart = {"limite": str(limite)} | ({"caisse": "cpam-75"} if limite == 1 else {})
    attendues = [v for v in entiere["valeurs"] if limite > 1 or v["caisse"] == "cpam-75"]
    lues, suivante = [], f"{URL}?{httpx_query(TROIS_MOIS | depart)}"
    while suivante:
        page = await contacts.client.get(suivante)
        assert page.status_code == 200, page.text
        assert len(page.json()["valeurs"]) <= limite
        lues += page.json()["valeurs"]
        lien = page.headers.get("link")
        assert (lien is None) == (page.json()["suivant"] is None)
        suivante = lien.split(">")[0].lstrip("<") if lien else ""
    assert lues == attendues


def httpx_query(options: dict[str, str]) -> str:
    return "&".join(f"{nom}={valeur}" for nom, valeur in options.items())


@pytest.mark.parametrize("curseur", ["n'importe quoi", "WzEsMl0", "WyJ4IiwxLDJd"])
async def test_un_curseur_d_ailleurs_est_refuse(contacts: Pile, curseur: str) -> None:
    reponse = await contacts.client.get(URL, params=TROIS_MOIS | {"limite": "5", "curseur": curseur})
    assert reponse.status_code in (400, 422)
    assert "sans curseur" in reponse.json()["detail"]


@pytest.mark.parametrize("facon", [{"params": {"format": "csv"}}, {"headers": {"accept": "text/csv"}}])
async def test_le_csv_porte_les_memes_chiffres_que_le_json(contacts: Pile, facon: dict[str, dict[str, str]]) -> None:
    await semer(contacts)
    document = (await contacts.client.get(URL, params=TROIS_MOIS)).json()
    reponse = await contacts.client.get(
        URL, params=TROIS_MOIS | facon.get("params", {}), headers=facon.get("headers", {})
    )
    assert reponse.headers["content-type"].startswith("text/csv")
    assert reponse.headers["vary"] == "Accept, Accept-Encoding"
    assert b"\r\n" in reponse.content
    lignes = list(csv.DictReader(io.StringIO(reponse.text, newline="")))
    assert len(lignes) == LIGNES
    for ligne, valeur in zip(lignes, document["valeurs"], strict=True):
        assert (ligne["caisse"], ligne["du"], ligne["au"]) == (valeur["caisse"], valeur["du"], valeur["au"])
        assert (float(ligne["valeur"]) if ligne["valeur"] else None) == valeur["valeur"]
        assert int(ligne["n"]) == valeur["n"]
        bas, haut = valeur["intervalle"] or (None, None)
        assert [float(b) if b else None for b in (ligne["bas"], ligne["haut"])] == [bas, haut]
        assert ligne["verdict"] == valeur["verdict"]
    assert {ligne["indicateur"] for ligne in lignes} == {"taux_decroche"}
    assert next(li for li in lignes if li["caisse"] == "cpam-75")["nom"] == charger().caisse("cpam-75").nom


async def test_le_csv_des_tableurs_francais_a_des_points_virgules_et_des_virgules(contacts: Pile) -> None:
    await semer(contacts)
    options = TROIS_MOIS | {"format": "csv", "separateur": "point-virgule", "caisse": "cpam-75"}
    reponse = await contacts.client.get(URL, params=options)
    texte = reponse.content.decode("utf-8-sig")
    assert reponse.content.startswith(b"\xef\xbb\xbf")
    _, janvier, fevrier, _ = csv.reader(io.StringIO(texte, newline=""), delimiter=";")
    assert "100,0" in janvier
    assert any(champ.startswith("66,66") for champ in fevrier)


async def test_plusieurs_indicateurs_d_un_coup_donnent_les_memes_lignes_qu_un_par_un(contacts: Pile) -> None:
    await semer(contacts)
    fevrier = {"du": "2026-02-01", "au": "2026-02-28"}
    tous = (await contacts.client.get("/v1/valeurs", params=fevrier)).json()["indicateurs"]
    assert [d["indicateur"] for d in tous] == [i.code for i in indicateurs_du_service("contacts")]
    for document in tous:
        seul = (await contacts.client.get(f"/v1/indicateurs/{document['indicateur']}/valeurs", params=fevrier)).json()
        assert seul == document | {"suivant": None}
    deux = {"indicateurs": "courriels_48h,taux_decroche", "caisse": "reseau", "limite": "1"}
    page = (await contacts.client.get("/v1/valeurs", params=fevrier | deux)).json()
    assert [d["indicateur"] for d in page["indicateurs"]] == ["courriels_48h"]
    suite = (await contacts.client.get("/v1/valeurs", params=fevrier | deux | {"curseur": page["suivant"]})).json()
    assert [(d["indicateur"], d["valeurs"][0]["n"]) for d in suite["indicateurs"]] == [("taux_decroche", 3)]
    assert suite["suivant"] is None


async def test_un_indicateur_inconnu_ou_trop_de_series_sont_refuses(contacts: Pile) -> None:
    assert (await contacts.client.get("/v1/valeurs", params={"indicateurs": "taux_lune"})).status_code == 404
    an = {"du": "2025-03-01", "au": "2026-02-28", "pas": "jour"}
    reponse = await contacts.client.get("/v1/valeurs", params=an)
    assert reponse.status_code == 422
    assert "400" in reponse.json()["detail"]


async def test_l_etiquette_ne_change_que_si_ce_que_la_reponse_lit_a_bouge(contacts: Pile) -> None:
    await semer(contacts)
    janvier = {"du": "2026-01-01", "au": "2026-01-31"}
    for options in (janvier, janvier | {"format": "csv"}, janvier | {"caisse": "cpam-75"}):
        avant = await contacts.client.get(URL, params=options)
        etiquette = {"If-None-Match": avant.headers["etag"]}
        await contacts.compter(contacts.dossier("appel", {"presente": "2026-03-02 08:00"}))
        rien = await contacts.client.get(URL, params=options, headers=etiquette)
        assert (rien.status_code, rien.content) == (304, b"")
        assert rien.headers["etag"] == avant.headers["etag"]
        await contacts.compter(
            contacts.dossier("appel", {"presente": "2026-01-20 08:00", "decroche": "2026-01-20 08:01"})
        )
        apres = await contacts.client.get(URL, params=options, headers=etiquette)
        assert apres.status_code == 200
        assert apres.content != avant.content
    json_, csv_ = [await contacts.client.get(URL, params=janvier, headers={"accept": a}) for a in ("*/*", "text/csv")]
    assert json_.headers["etag"] != csv_.headers["etag"]


async def test_une_reponse_se_donne_comprimee_a_qui_le_demande_sous_sa_propre_etiquette(contacts: Pile) -> None:
    url, vues = "/v1/indicateurs/taux_decroche/valeurs", {}
    for codage in ("identity", "gzip", "zstd"):
        reponse = await contacts.client.get(url, headers={"accept-encoding": codage})
        assert reponse.headers.get("content-encoding", "identity") == codage
        vues[reponse.headers["etag"]] = reponse.json()
        encore = await contacts.client.get(
            url, headers={"accept-encoding": codage, "if-none-match": reponse.headers["etag"]}
        )
        assert encore.status_code == 304
    assert len(vues) == 3
    une, *autres = vues.values()
    assert all(autre == une for autre in autres)
    refusee = await contacts.client.get(url, headers={"accept-encoding": "gzip;q=0, zstd;q=0.0"})
    assert "content-encoding" not in refusee.headers
