"""``GET /v1/indicateurs`` and values: every option, every bad one, and what is answered when nothing changed."""

from typing import Any

import pytest

from shared.network.reseau import charger
from tests.integration.api.conftest import Pile


async def semer(pile: Pile) -> None:
    for jour, caisse in (("2026-03-02", "cpam-75"), ("2026-02-03", "cpam-31")):
        await pile.compter(
            pile.dossier(
                "appel",
                {"presente": f"{jour} 08:00", "decroche": f"{jour} 08:01"},
                caisse=caisse,
                plateforme="pfs-idf",
            )
        )


async def test_chaque_indicateur_dit_ce_qu_il_mesure(contacts: Pile) -> None:
    reponse = await contacts.client.get("/v1/indicateurs")
    indicateurs = {i["code"]: i for i in reponse.json()["indicateurs"]}
    assert {"taux_decroche", "courriels_48h", "reclamations_10j"} <= set(indicateurs)
    assert "stock_fse" not in indicateurs, "celui d'un autre service"
    for i in indicateurs.values():
        assert i["libelle"] and i["formule"] and i["unite"] and i["version"] and i["sens"] in ("haut", "bas")
    encore = await contacts.client.get("/v1/indicateurs", headers={"If-None-Match": reponse.headers["etag"]})
    assert (encore.status_code, encore.content) == (304, b"")


async def test_sans_option_on_a_tout_le_reseau_sur_le_mois_en_cours(contacts: Pile) -> None:
    await semer(contacts)
    reponse = await contacts.client.get("/v1/indicateurs/taux_decroche/valeurs")
    document = reponse.json()
    assert {c: document[c] for c in ("indicateur", "unite", "vue")} == {
        "indicateur": "taux_decroche", "unite": "%", "vue": "responsable",
    }  # fmt: skip
    lignes = document["valeurs"]
    assert len(lignes) == 1 + len(charger().caisses)
    assert {(v["du"], v["au"]) for v in lignes} == {("2026-03-01", "2026-03-02")}
    mesurees = [v for v in lignes if v["valeur"] is not None]
    assert [{c: v[c] for c in ("caisse", "du", "au", "valeur", "n")} for v in mesurees] == [
        {"caisse": nom, "du": "2026-03-01", "au": "2026-03-02", "valeur": 100.0, "n": 1}
        for nom in ("reseau", "cpam-75")
    ]
    assert all(v["n"] == 0 for v in lignes if v["valeur"] is None)


async def test_une_caisse_se_demande_par_son_slug_ou_par_ses_noms(contacts: Pile) -> None:
    await semer(contacts)
    for nom in ("cpam-31", "Toulouse", "haute garonne"):
        (ligne,) = await contacts.valeurs("taux_decroche", caisse=nom, du="2026-02-01", au="2026-02-28")
        assert (ligne["caisse"], ligne["n"]) == ("cpam-31", 1)


async def test_la_meme_question_sans_changement_recoit_304_et_une_nouvelle_valeur_une_reponse(contacts: Pile) -> None:
    await semer(contacts)
    url = "/v1/indicateurs/taux_decroche/valeurs?caisse=cpam-75"
    premiere = await contacts.client.get(url)
    etiquette = {"If-None-Match": premiere.headers["etag"]}
    assert (await contacts.client.get(url, headers=etiquette)).status_code == 304
    await semer(contacts)
    apres = await contacts.client.get(url, headers=etiquette)
    assert apres.status_code == 200
    assert apres.headers["etag"] != premiere.headers["etag"]


MAUVAISES: list[tuple[dict[str, Any], str, str]] = [
    ({"caisse": "cpam-750"}, "caisse", "cpam-75"),
    ({"caisse": ""}, "caisse", ""),
    ({"caisse": "\x00"}, "caisse", ""),
    ({"caise": "cpam-75"}, "caise", "Champ inconnu"),
    ({"plateforme": "pfs-lune"}, "plateforme", "pfs-idf"),
    ({"du": "2026-02-30"}, "du", "AAAA-MM-JJ"),
    ({"au": "hier"}, "au", "AAAA-MM-JJ"),
    ({"du": "2026-03-02", "au": "2026-03-01"}, "du", "du 02/03/2026 au 01/03/2026"),
    ({"du": "1890-01-01", "au": "1890-12-31"}, "du", "calendriers"),
    ({"du": "2026-01-01", "au": "9999-12-31"}, "du", "calendriers"),
    ({"du": "1995-01-01", "au": "9999-12-31", "pas": "jour"}, "pas", "400"),
    ({"du": "2024-01-01", "au": "2026-01-01", "pas": "jour"}, "pas", "400"),
    ({"pas": "heure"}, "pas", "jour"),
    ({"vue": "cedante"}, "vue", "productrice"),
    ({"horloge": "jours_ouvres"}, "horloge", "horloge"),
]


@pytest.mark.parametrize(("options", "champ", "indice"), MAUVAISES, ids=[str(m[0]) for m in MAUVAISES])
async def test_une_mauvaise_option_est_refusee_en_francais_en_la_nommant(
    contacts: Pile, options: dict[str, str], champ: str, indice: str
) -> None:
    await semer(contacts)
    reponse = await contacts.client.get("/v1/indicateurs/taux_decroche/valeurs", params=options)
    assert reponse.status_code == 422, reponse.text
    assert reponse.headers["content-type"] == "application/problem+json"
    probleme = reponse.json()
    assert champ in probleme["detail"]
    assert indice in probleme["detail"]
    assert probleme["erreurs"][0]["emplacement"] == f"requête.{champ}"


@pytest.mark.parametrize(
    ("code", "options", "champ"),
    [
        ("stock_fse", {"vue": "productrice"}, "vue"),
        ("age_stock_fse_d9", {"plateforme": "pfs-idf"}, "plateforme"),
        ("age_stock_cmuc_acs_d9", {"horloge": "jours_hors_suspension"}, "horloge"),
        ("delai_fse_d9", {"horloge": "heures"}, "horloge"),
        ("delai_fse_moyen", {"horloge": "jours_ouvres"}, "horloge"),
    ],
)
async def test_une_question_qui_n_a_pas_de_sens_pour_l_indicateur_est_refusee(
    claims: Pile, code: str, options: dict[str, str], champ: str
) -> None:
    await claims.compter(
        claims.dossier("fse", {"recue": "2026-03-02 08:00"}, beneficiaire="assure", plateforme="pfs-idf"),
        claims.dossier("fse", {"recue": "2026-03-01 08:00", "payee": "2026-03-02 08:00"}, plateforme="pfs-idf"),
    )
    reponse = await claims.client.get(f"/v1/indicateurs/{code}/valeurs", params=options)
    assert reponse.status_code == 422
    assert reponse.json()["erreurs"][0]["emplacement"] == f"requête.{champ}"
    assert code in reponse.json()["detail"]


async def test_les_horloges_d_un_delai_se_choisissent(claims: Pile) -> None:
    await claims.compter(
        claims.dossier(
            "cmuc_acs",
            {
                "recue": "2026-02-02 10:00",
                "incomplete": ["2026-02-05 10:00"],
                "completee": ["2026-02-15 10:00"],
                "decidee_accord": "2026-02-20 10:00",
            },
        )
    )
    fevrier = {"du": "2026-02-01", "au": "2026-02-28"}
    assert await claims.mesure("delai_cmuc_acs_d9", **fevrier) == (18.0, 1)
    assert await claims.mesure("delai_cmuc_acs_d9", horloge="jours_calendaires", **fevrier) == (18.0, 1)
    assert await claims.mesure("delai_cmuc_acs_d9", horloge="jours_ouvres", **fevrier) == (14.0, 1)
    assert await claims.mesure("delai_cmuc_acs_d9", horloge="jours_hors_suspension", **fevrier) == (8.0, 1)


async def test_un_indicateur_inconnu_est_introuvable_et_les_proches_sont_cites(contacts: Pile) -> None:
    reponse = await contacts.client.get("/v1/indicateurs/taux_decrocher/valeurs")
    assert reponse.status_code == 404
    assert "taux_decroche" in reponse.json()["detail"]
    assert (await contacts.client.get("/v1/indicateurs/stock_fse/valeurs")).status_code == 404


async def test_une_base_toute_neuve_ne_mesure_rien_et_ne_casse_pas(contacts: Pile, claims: Pile) -> None:
    for pile in (contacts, claims):
        for indicateur in (await pile.client.get("/v1/indicateurs")).json()["indicateurs"]:
            lignes = await pile.valeurs(indicateur["code"], du="2025-12-01", au="2026-03-02", pas="mois")
            assert {(v["valeur"], v["n"]) for v in lignes} == {(None, 0)}


async def test_chaque_indicateur_accepte_chaque_decoupage_des_bornes_du_calendrier(
    contacts: Pile, claims: Pile
) -> None:
    for pile in (contacts, claims):
        for indicateur in (await pile.client.get("/v1/indicateurs")).json()["indicateurs"]:
            for du, au, pas in (
                ("1995-01-01", "1995-03-01", "semaine"),
                ("2045-09-01", "2045-10-01", "semaine"),
                ("1995-01-01", "2025-12-31", "mois"),
                ("2026-01-01", "2026-12-31", "jour"),
            ):
                await pile.valeurs(indicateur["code"], caisse="cpam-75", du=du, au=au, pas=pas)
