"""Audits and accompagnements SI through the API, and the rounds that open them."""

import asyncio
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from services.alerts.app import _evaluer
from services.alerts.contestations.tables import metadata as contestations
from services.alerts.domain import NOM
from services.alerts.effets.tables import metadata as effets
from services.alerts.plans.tables import metadata as plans
from services.alerts.suivis.histoire import metadata as histoire
from services.alerts.suivis.tables import metadata as suivis
from tests.integration.alerts.conftest import Document, Reseau
from tests.integration.alerts.suivis.atelier import IJ_MOYEN, constat, etiquette, faire_un_tour, lettre
from tests.support.attente import attendre


async def proposer(reseau: Reseau, **autres: Any) -> Document:
    corps = {"genre": "audit", "caisse": "cpam-75", "process": "ij", "motif": "Dégradation durable"} | autres
    return await reseau.poster("/v1/suivis", corps)


async def changer(reseau: Reseau, numero: int, statut: int = 200, **change: Any) -> Document:
    chemin = f"/v1/suivis/{numero}"
    reponse = await reseau.envoyer("PATCH", chemin, change, if_match=await etiquette(reseau, chemin))
    assert reponse.status_code == statut, reponse.text
    document: Document = reponse.json()
    return document


async def test_un_audit_va_de_sa_proposition_a_sa_conclusion(alertes: Reseau) -> None:
    numero = (await proposer(alertes))["id"]
    sans_annee = await changer(alertes, numero, 422, etat="programme")
    assert sans_annee["erreurs"][0]["emplacement"] == "corps.annee"
    programme = await changer(alertes, numero, etat="programme", annee=2026, jours=45, debut="2026-04-01")
    assert (programme["etat"], programme["annee"], programme["jours"]) == ("programme", 2026, 45)
    await changer(alertes, numero, etat="en_cours")
    sans_conclusion = await changer(alertes, numero, 422, etat="rendu")
    assert sans_conclusion["erreurs"][0]["emplacement"] == "corps.conclusion"
    await changer(alertes, numero, etat="rendu", conclusion="Le tri des avis d'arrêt est à revoir.")
    clos = await changer(alertes, numero, etat="clos")
    assert [li["action"] for li in clos["historique"]] == ["ouverture", *["changement"] * 4]
    assert clos["historique"][1]["donnees"]["etat"] == {"avant": "propose", "apres": "programme"}
    await changer(alertes, numero, 409, conclusion="Autre")


async def test_un_suivi_ne_saute_pas_d_etape_et_ne_change_que_pour_qui_l_a_vu(alertes: Reseau) -> None:
    numero = (await proposer(alertes, genre="accompagnement_si", process="cmuc_acs"))["id"]
    chemin = f"/v1/suivis/{numero}"
    assert (await alertes.envoyer("PATCH", chemin, {"etat": "programme"})).status_code == 428
    saut = await changer(alertes, numero, 409, etat="rendu", conclusion="Fait")
    assert "« programme »" in saut["detail"]
    vue = await etiquette(alertes, chemin)
    await changer(alertes, numero, etat="programme")
    assert (await alertes.envoyer("PATCH", chemin, {"etat": "en_cours"}, if_match=vue)).status_code == 412
    assert (await changer(alertes, numero, 422, jours=10))["erreurs"][0]["emplacement"] == "corps.jours"
    assert (await changer(alertes, numero, 422, etat="clos"))["erreurs"][0]["emplacement"] == "corps.motif"
    assert (await changer(alertes, numero, etat="clos", motif="Le processus y est déjà"))["etat"] == "clos"


async def test_la_capacite_d_une_annee_ne_se_depasse_pas_meme_a_plusieurs_a_la_fois(alertes: Reseau) -> None:
    numeros = [(await proposer(alertes, caisse=c))["id"] for c in ("cpam-75", "cpam-31", "cpam-33", "cpam-69")]
    vues = [await etiquette(alertes, f"/v1/suivis/{n}") for n in numeros]
    change = {"etat": "programme", "annee": 2026, "jours": 2_500}
    reponses = await asyncio.gather(
        *(alertes.envoyer("PATCH", f"/v1/suivis/{n}", change, if_match=v) for n, v in zip(numeros, vues, strict=True))
    )
    assert sorted(r.status_code for r in reponses) == [200, 200, 409, 409], "6 000 jours, 2 500 chacun"
    classement = await alertes.lire("/v1/suivis/classement", annee=2026)
    assert (classement["capacite_jours"], classement["engages_jours"]) == (6_000, 5_000)
    refuse = next(r for r in reponses if r.status_code == 409)
    assert refuse.json()["restants_jours"] == 1_000

    (premier, _) = [r.json()["id"] for r in reponses if r.status_code == 200]
    rendu = await changer(alertes, premier, etat="propose", motif="Reporté d'un an")
    assert rendu["annee"] is None
    assert (await alertes.lire("/v1/suivis/classement", annee=2026))["restants_jours"] == 3_500


async def test_les_audits_proposes_sont_classes_dans_ce_qui_reste(alertes: Reseau) -> None:
    for caisse, mois, jours in (("cpam-75", 6, None), ("cpam-31", 12, 5_990), ("cpam-33", 7, 40)):
        await proposer(alertes, caisse=caisse, mois_degrades=mois, **({} if jours is None else {"jours": jours}))
    audits = (await alertes.lire("/v1/suivis/classement", annee=2026))["audits"]
    assert [(a["caisse"], a["rang"], a["dans_la_capacite"]) for a in audits] == [
        ("cpam-31", 1, True), ("cpam-33", 2, False), ("cpam-75", 3, False),
    ]  # fmt: skip


async def test_les_lettres_ouvrent_les_suivis_une_seule_fois(alertes: Reseau) -> None:
    await lettre(alertes, "audit", "cpam-31", indicateurs=(constat("taux_decroche"), constat(IJ_MOYEN)))
    await lettre(alertes, "accompagnement_si", "cpam-33")
    await lettre(alertes, "preconisation", "cpam-34")
    tours = await asyncio.gather(*(faire_un_tour(alertes) for _ in range(3)))
    assert sum(t["suivis"] for t in tours) == 3
    lus = (await alertes.lire("/v1/suivis"))["suivis"]
    assert sorted((s["genre"], s["caisse"], s["process"]) for s in lus) == [
        ("accompagnement_si", "cpam-33", "appel"), ("audit", "cpam-31", "appel"), ("audit", "cpam-31", "ij"),
    ]  # fmt: skip
    assert {s["lettre"] for s in lus} == {"2026-02/0/cpam-31/audit", "2026-02/0/cpam-33/accompagnement_si"}
    ij = next(s for s in lus if s["process"] == "ij")
    assert (ij["mois_degrades"], round(ij["ecart"])) == (2, 18), "38,2 et 41,27 jours, pour un seuil de 35"
    assert [s["caisse"] for s in (await alertes.lire("/v1/suivis", genre="accompagnement_si"))["suivis"]] == ["cpam-33"]


async def test_le_consommateur_fait_les_tours_de_lui_meme(alertes: Reseau) -> None:
    """The process as it runs: the tasks of the consumer's role, beside the API."""
    await lettre(alertes, "audit", "cpam-31")
    arret = asyncio.Event()
    consommateur = asyncio.create_task(_evaluer(alertes.app, arret))

    async def ouvert() -> bool:
        assert not consommateur.done(), consommateur.exception()
        return len((await alertes.lire("/v1/suivis"))["suivis"]) == 1

    try:
        await attendre(ouvert, 30, "la lettre n'a ouvert aucun suivi")
    finally:
        arret.set()
        await asyncio.wait_for(consommateur, 30)


@pytest.mark.parametrize(
    ("corps", "champ"),
    [({"process": "lune"}, "process"), ({"caisse": "Atlantide"}, "caisse"),
     ({"genre": "accompagnement_si", "jours": 3}, "jours")],
)  # fmt: skip
async def test_un_suivi_mal_dit_est_refuse_en_nommant_le_champ(alertes: Reseau, corps: Document, champ: str) -> None:
    base = {"genre": "audit", "caisse": "cpam-75", "process": "ij", "motif": "Essai"}
    reponse = await alertes.envoyer("POST", "/v1/suivis", base | corps)
    assert reponse.status_code == 422, reponse.text
    assert reponse.json()["erreurs"][0]["emplacement"] == f"corps.{champ}"


async def test_la_base_refuse_de_recrire_l_histoire(alertes: Reseau) -> None:
    await proposer(alertes)
    with pytest.raises(asyncpg.RaiseError, match="written once"):
        await alertes.service.pool.execute("UPDATE alerts.suivis_histoire SET motif = 'autre'")
    with pytest.raises(asyncpg.RaiseError, match="written once"):
        await alertes.service.pool.execute("DELETE FROM alerts.suivis_histoire")


@pytest.mark.parametrize("tables", [histoire, plans, suivis, contestations, effets])
async def test_les_tables_du_programme_sont_celles_de_la_migration(alertes: Reseau, tables: MetaData) -> None:
    """Names and types: the keys, checks and indexes are the migration's alone."""

    def ecarts(conn: Any) -> list[Any]:
        contexte = MigrationContext.configure(
            conn,
            opts={
                "include_schemas": True,
                "include_name": lambda nom, genre, _: genre != "schema" or nom == NOM,
                "include_object": lambda _o, nom, genre, reflete, _c: (
                    genre in ("table", "column") and not (reflete and genre == "table")
                ),
                "compare_type": True,
            },
        )
        trouves = compare_metadata(contexte, tables)
        return [e for e in trouves if not (isinstance(e, list) and e[0][0] in ("modify_nullable", "modify_comment"))]

    async with alertes.service.moteur.connect() as conn:
        trouves = await conn.run_sync(ecarts)
    assert [e for e in trouves if isinstance(e, list) or e[0] in ("add_table", "add_column", "remove_column")] == []
