"""As known on: a figure read as of a past day, and why it is no longer what it was."""

from typing import Any

import msgspec
import pytest

from shared.catalogue.indicateurs import indicateur
from shared.catalogue.processus import processus
from shared.dossiers.definitions import catalogue_du_service, retenir
from shared.dossiers.pliage import plier
from tests.integration.api.conftest import Pile, instant

MARS = {"du": "2026-03-01", "au": "2026-03-31"}
D9 = "delai_fse_d9"


async def le(pile: Pile, quand: str, *dossiers: Any) -> None:
    pile.il_est(quand)
    await pile.compter(*dossiers)


def fse(pile: Pile, id: str, recue: str, payee: str | None = None, **autres: Any) -> dict[str, Any]:
    jalons = {"recue": recue} | ({"payee": payee} if payee else {})
    return pile.dossier("fse", jalons, id=id, subject=id, beneficiaire="assure", **autres)


async def comparer(pile: Pile, code: str, a: str, b: str, **options: str) -> dict[str, Any]:
    choix = {"a_date": a, "b_date": b, **MARS, **options}
    reponse = await pile.client.get(f"/v1/indicateurs/{code}/comparaison", params=choix)
    assert reponse.status_code == 200, reponse.text
    return reponse.json()


def effets(document: dict[str, Any]) -> dict[str, float]:
    return {e["cause"]: e["effet"] for e in document["etapes"] if e["effet"]}


async def test_une_correction_de_caisse_laisse_l_ancienne_caisse_aux_jours_d_avant(claims: Pile) -> None:
    await le(claims, "2026-03-05 12:00", fse(claims, "F1", "2026-03-02 09:00", "2026-03-05 09:00"))
    corrige = fse(claims, "F1", "2026-03-02 09:00", "2026-03-05 09:00", caisse="cpam-31", revision=1)
    await le(claims, "2026-03-10 12:00", corrige)
    for code, valeur in ((D9, 3.0), ("delai_fse_moyen", 3.0)):
        for jour, ici, la in (("2026-03-05", (valeur, 1), (None, 0)), ("2026-03-09", (valeur, 1), (None, 0)),
                              ("2026-03-10", (None, 0), (valeur, 1))):  # fmt: skip
            assert await claims.mesure(code, "cpam-75", a_date=jour, **MARS) == ici
            assert await claims.mesure(code, "cpam-31", a_date=jour, **MARS) == la
            assert await claims.mesure(code, "reseau", a_date=jour, **MARS) == (valeur, 1)
    assert await claims.mesure(D9, "cpam-75", a_date="2026-03-04", **MARS) == (None, 0)
    assert await claims.mesure(D9, "cpam-31", **MARS) == (3.0, 1)
    partie = await comparer(claims, D9, "2026-03-05", "2026-03-10", caisse="cpam-75")
    assert (partie["a"]["valeur"], partie["b"]["valeur"], partie["difference"]) == (3.0, None, None)
    assert [e["cause"] for e in partie["etapes"] if e["retires"]] == ["correction"]
    assert "plus rien n'est mesuré" in partie["phrases"][1]


async def test_le_stock_et_les_echeances_d_un_soir_passe_ne_savent_rien_du_lendemain(
    claims: Pile, contacts: Pile
) -> None:
    await le(claims, "2026-03-05 12:00", fse(claims, "F1", "2026-03-02 09:00"), fse(claims, "F2", "2026-03-04 09:00"))
    await le(claims, "2026-03-12 12:00", fse(claims, "F1", "2026-03-02 09:00", "2026-03-04 09:00", revision=1))
    assert await claims.mesure("stock_fse", a_date="2026-03-05", **MARS) == (2.0, 2)
    assert await claims.mesure("age_stock_fse_d9", a_date="2026-03-05", **MARS) == (3.0, 2)
    assert await claims.mesure("age_stock_fse_d9", a_date="2026-03-11", **MARS) == (9.0, 2)
    assert await claims.mesure("stock_fse", **MARS) == (1.0, 1)
    await le(contacts, "2026-03-03 12:00", contacts.dossier("courriel", {"recu": "2026-03-02 10:00"}))
    assert await contacts.mesure("courriels_48h", a_date="2026-03-03", **MARS) == (None, 0)
    contacts.il_est("2026-03-06 12:00")
    assert await contacts.mesure("courriels_48h", **MARS) == (0.0, 1)
    assert await contacts.mesure("courriels_48h", a_date="2026-03-03", **MARS) == (None, 0)
    echue = await comparer(contacts, "courriels_48h", "2026-03-03", "2026-03-06")
    temps = echue["etapes"][0]
    assert (temps["cause"], temps["apres"], temps["n_apres"]) == ("temps", 0.0, 1)
    assert "la valeur devient mesurable, 0 %" in echue["phrases"][1]


async def test_la_difference_s_explique_par_cause_et_les_etapes_s_additionnent(claims: Pile) -> None:
    await le(
        claims,
        "2026-03-10 12:00",
        *(fse(claims, f"A{n}", "2026-03-02 09:00", f"2026-03-0{2 + n} 10:00") for n in (1, 2, 3, 4)),
    )
    await le(claims, "2026-03-12 12:00", fse(claims, "N", "2026-03-02 09:00", "2026-03-12 10:00"))
    await le(claims, "2026-03-14 12:00", fse(claims, "T", "2026-02-20 09:00", "2026-03-03 10:00"))
    await le(
        claims,
        "2026-03-16 12:00",
        fse(claims, "A4", "2026-03-02 09:00", "2026-03-09 10:00", revision=1),
        {
            **claims.dossier("fse", {}, subject="A1", id="retrait-A1"),
            "type": "vigie.fse.retrait.v1",
            "data": {"cible": "A1"},
        },
    )
    document = await comparer(claims, "delai_fse_moyen", "2026-03-10", "2026-03-16", caisse="cpam-75")
    uns = {e["cause"]: (e["n_avant"], e["n_apres"], e["ajoutes"], e["retires"]) for e in document["etapes"]}
    assert uns == {
        "temps": (4, 4, 0, 0), "normal": (4, 5, 1, 0), "tardif": (5, 6, 1, 0), "correction": (6, 6, 1, 1),
        "retrait": (6, 5, 0, 1), "reconstruction": (5, 5, 0, 0), "definition": (5, 5, 0, 0),
    }  # fmt: skip
    etapes = document["etapes"]
    assert [e["avant"] for e in etapes[1:]] == [e["apres"] for e in etapes[:-1]]
    assert (etapes[0]["avant"], etapes[-1]["apres"]) == (document["a"]["valeur"], document["b"]["valeur"])
    assert set(effets(document)) == {"normal", "tardif", "correction", "retrait"}
    assert sum(effets(document).values()) == pytest.approx(document["difference"], abs=1e-9)
    assert "connu au 10/03/2026" in document["phrases"][0]
    assert document["phrases"][1].startswith("Événements enregistrés à l'heure (1 entré du compte) : +")
    claims.il_est("2026-03-18 12:00")
    rien = await comparer(claims, "delai_fse_moyen", "2026-03-16", "2026-03-17", caisse="cpam-75")
    assert (rien["difference"], effets(rien)) == (0.0, {})
    assert rien["phrases"][1:] == ["Rien de ce que lit l'indicateur n'a changé entre les deux jours."]


async def redefinir(pile: Pile, code: str, quand: str, **champs: Any) -> None:
    """As if the service had started that day under a catalogue where this indicator is otherwise."""
    nom = pile.service.definition.nom
    documents = catalogue_du_service(nom)
    documents["indicateur", code] = msgspec.to_builtins(indicateur(code)) | champs
    await retenir(pile.service.pool, nom, documents, instant(quand))


async def test_une_valeur_passee_est_lue_sous_la_definition_alors_en_vigueur(claims: Pile) -> None:
    await le(
        claims,
        "2026-03-05 12:00",
        *(fse(claims, f"A{n}", "2026-03-02 09:00", f"2026-03-0{2 + n} 10:00") for n in (1, 2, 3)),
    )
    mediane = {"issues": ["paye"], "q": [1, 2], "horloge": "jours_calendaires"}
    await redefinir(claims, D9, "2026-03-10 12:00", version="mediane-1", parametres=mediane)
    claims.il_est("2026-03-12 12:00")
    assert await claims.mesure(D9, a_date="2026-03-09", **MARS) == (3.0, 3)
    assert await claims.mesure(D9, a_date="2026-03-11", **MARS) == (2.0, 3)
    assert await claims.mesure(D9, a_date="2026-03-09", version="mediane-1", **MARS) == (2.0, 3)
    assert await claims.mesure(D9, a_date="2026-03-11", version="rang-1", **MARS) == (3.0, 3)
    reponse = await claims.client.get(f"/v1/indicateurs/{D9}/valeurs", params={"a_date": "2026-03-11", **MARS})
    assert reponse.json()["version"] == "mediane-1"
    assert reponse.json()["definition"]["depuis"].startswith("2026-03-10")
    document = await comparer(claims, D9, "2026-03-09", "2026-03-11")
    assert effets(document) == {"definition": -1.0}
    assert document["phrases"][1].endswith("de la version rang-1 à la version mediane-1 : 3 jours devient 2 jours.")
    inconnue = await claims.client.get(f"/v1/indicateurs/{D9}/valeurs", params={"version": "rang-9"})
    assert inconnue.status_code == 422
    assert "rang-1, mediane-1" in inconnue.json()["detail"]


async def test_une_definition_que_les_cellules_n_ont_pas_gardee_est_refusee_plutot_que_melangee(claims: Pile) -> None:
    await le(claims, "2026-03-05 12:00", fse(claims, "F1", "2026-03-02 09:00", "2026-03-04 10:00"))
    documents = catalogue_du_service("claims")
    documents["processus", "fse"] = msgspec.to_builtins(processus("fse")) | {"strates": []}
    documents["indicateur", D9] = documents["indicateur", D9] | {"population": {}, "version": "tous-1"}
    await retenir(claims.service.pool, "claims", documents, instant("2026-03-10 12:00"))
    claims.il_est("2026-03-12 12:00")
    assert await claims.mesure(D9, a_date="2026-03-09", **MARS) == (2.0, 1)
    refus = await claims.client.get(
        f"/v1/indicateurs/{D9}/valeurs", params={"a_date": "2026-03-11", "version": "rang-1", **MARS}
    )
    assert refus.status_code == 422
    assert "la répartition par beneficiaire" in refus.json()["detail"]
    document = await comparer(claims, D9, "2026-03-09", "2026-03-11")
    assert (document["separable"], [e["cause"] for e in document["etapes"]]) == (False, ["definition"])
    assert "redéfini" in document["phrases"][1]


async def test_le_meme_catalogue_charge_deux_fois_n_est_garde_qu_une_fois(claims: Pile) -> None:
    pool = claims.service.pool
    compter = "SELECT (SELECT count(*) FROM claims.definitions) + (SELECT count(*) FROM claims.chargements)"
    avant = await pool.fetchval(compter)
    assert avant > 100
    assert await retenir(pool, "claims", catalogue_du_service("claims"), instant("2026-04-01 12:00")) == 0
    assert await pool.fetchval(compter) == avant
    documents = catalogue_du_service("claims")
    del documents["indicateur", D9]
    assert await retenir(pool, "claims", documents, instant("2026-04-01 12:00")) == 1
    assert await retenir(pool, "claims", catalogue_du_service("claims"), instant("2026-03-01 12:00")) == 1
    lignes = await pool.fetch("SELECT depuis, empreinte FROM claims.chargements WHERE code = $1 ORDER BY rang", D9)
    assert [li["empreinte"] is None for li in lignes] == [False, True, False]
    assert lignes[0]["empreinte"] == lignes[2]["empreinte"]
    assert lignes[1]["depuis"] == lignes[2]["depuis"], "an earlier clock does not put a load before the last"


async def test_au_dela_de_24_mois_seules_les_fins_de_mois_se_demandent(claims: Pile) -> None:
    await le(claims, "2026-03-10 12:00", fse(claims, "F1", "2026-03-02 09:00", "2026-03-10 10:00"))
    await le(claims, "2026-03-20 12:00", fse(claims, "F2", "2026-03-02 09:00", "2026-03-20 10:00"))
    claims.il_est("2028-04-02 12:00")
    await plier(claims.service.pool, "claims", claims.clock)
    refus = await claims.client.get(f"/v1/indicateurs/{D9}/valeurs", params={"a_date": "2026-03-15", **MARS})
    assert refus.status_code == 422
    assert refus.json()["erreurs"][0]["emplacement"] == "requête.a_date"
    for dit in ("avant le 01/04/2026", "28/02/2026", "31/03/2026"):
        assert dit in refus.json()["detail"]
    assert await claims.mesure(D9, a_date="2026-02-28", **MARS) == (None, 0)
    assert await claims.mesure(D9, a_date="2026-03-31", **MARS) == (18.0, 2)


@pytest.mark.parametrize(
    ("chemin", "options", "champ", "indice"),
    [
        ("valeurs", {"a_date": "2030-01-01"}, "a_date", "pas encore venu"),
        ("valeurs", {"a_date": "hier"}, "a_date", "AAAA-MM-JJ"),
        ("comparaison", {"a_date": "2026-03-02", "b_date": "2026-03-01", **MARS}, "b_date", "avant"),
        ("comparaison", {"a_date": "2026-03-01", "b_date": "2030-03-01", **MARS}, "b_date", "pas encore venu"),
        ("comparaison", {"a_date": "2026-03-01", **MARS}, "b_date", ""),
    ],
)
async def test_un_jour_qui_ne_peut_pas_etre_connu_est_refuse_en_le_nommant(
    claims: Pile, chemin: str, options: dict[str, str], champ: str, indice: str
) -> None:
    reponse = await claims.client.get(f"/v1/indicateurs/{D9}/{chemin}", params=options)
    assert reponse.status_code == 422, reponse.text
    assert indice in reponse.json()["detail"]
    assert reponse.json()["erreurs"][0]["emplacement"] == f"requête.{champ}"


async def test_plusieurs_indicateurs_se_lisent_ensemble_tels_que_connus_comme_un_par_un(claims: Pile) -> None:
    await le(claims, "2026-03-05 12:00", fse(claims, "F1", "2026-03-02 09:00", "2026-03-05 09:00"))
    await le(claims, "2026-03-20 12:00", fse(claims, "F2", "2026-03-02 09:00", "2026-03-19 09:00"))
    codes, options = (D9, "delai_fse_moyen", "stock_fse"), {"a_date": "2026-03-10", "du": "2026-03-01", "pas": "mois"}
    ensemble = await claims.client.get("/v1/valeurs", params={"indicateurs": ",".join(codes), **options})
    assert ensemble.status_code == 200, ensemble.text
    lus = ensemble.json()["indicateurs"]
    assert [lu["indicateur"] for lu in lus] == list(codes)
    for lu in lus:
        seul = (await claims.client.get(f"/v1/indicateurs/{lu['indicateur']}/valeurs", params=options)).json()
        assert lu | {"suivant": None} == seul
        assert lu["a_date"] == "2026-03-10"
    tous = await claims.client.get("/v1/valeurs", params=options)
    assert {D9, "stock_cmuc_acs"} <= {lu["indicateur"] for lu in tous.json()["indicateurs"]}
    page = await claims.client.get("/v1/valeurs", params={"indicateurs": ",".join(codes), "limite": 150, **options})
    suite = await claims.client.get(
        "/v1/valeurs",
        params={"indicateurs": ",".join(codes), "limite": 10_000, "curseur": page.json()["suivant"], **options},
    )
    pages = [li for reponse in (page, suite) for lu in reponse.json()["indicateurs"] for li in lu["valeurs"]]
    assert pages == [li for lu in lus for li in lu["valeurs"]]


async def test_groupes_et_detecteurs_se_lisent_tels_que_connus_et_les_sources_disent_pourquoi_non(
    claims: Pile,
) -> None:
    async def lire(route: str, **options: str) -> Any:
        reponse = await claims.client.get(route, params=options)
        assert reponse.status_code == 200, reponse.text
        return reponse.json()

    await le(claims, "2026-03-05 12:00", fse(claims, "F1", "2026-03-02 09:00", "2026-03-05 09:00"))
    await le(claims, "2026-03-20 12:00", fse(claims, "F2", "2026-03-02 09:00", caisse="cpam-31"))
    alors, depuis = [
        [m["caisse"] for m in (await lire("/v1/groupes", caisse="cpam-75", **options))["caisses"]]
        for options in ({"a_date": "2026-03-10"}, {"au": "2026-03-20"})
    ]
    assert (alors, depuis) == (["cpam-75"], ["cpam-75", "cpam-31"])
    trouves = {d["code"]: d for d in (await lire("/v1/detecteurs", a_date="2026-03-10"))["detecteurs"]}
    sur_dossiers = {code for code, d in trouves.items() if d["non_mesure"]}
    assert sur_dossiers
    assert all(not trouves[code]["caisses"] for code in sur_dossiers)
    refus = await claims.client.get("/v1/sources", params={"a_date": "2026-03-10"})
    assert refus.status_code == 422
    assert "valeurs?a_date=" in refus.text
