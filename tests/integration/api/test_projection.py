"""Projections over HTTP: what a caisse director asks on the 14th about the end of the month."""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from shared.network.calendrier import Calendrier
from shared.network.jours import date_de, jour_de
from tests.integration.api.conftest import Evenement, Pile

CAISSES = {"cpam-75": 6, "cpam-67": 3, "cgss-972": 1}
"""Requests a day."""


async def projeter(pile: Pile, code: str, statut: int = 200, **options: Any) -> dict[str, Any]:
    reponse = await pile.client.get(
        f"/v1/indicateurs/{code}/projection", params={c: str(v) for c, v in options.items()}
    )
    assert reponse.status_code == statut, reponse.text
    document: dict[str, Any] = reponse.json()
    return document


def demandes(pile: Pile, du: date, au: date, risque: float = 0.1) -> list[Evenement]:
    """CMU-C requests of each working day, each closed after a time without memory; open at ``au`` if it is later."""
    hasard, calendrier, lignes = random.Random(11), Calendrier("Métropole"), []
    for jour in (du + timedelta(rang) for rang in range((au - du).days + 1)):
        if not calendrier.est_ouvre(jour_de(jour)):
            continue
        for caisse, nombre in CAISSES.items():
            duree = next(d for d in range(10_000) if hasard.random() < risque)
            clos = date_de(calendrier.ajouter_ouvres(jour_de(jour), duree))
            jalons = {"recue": f"{jour} 10:00"} | ({"decidee_accord": f"{clos} 15:00"} if clos <= au else {})
            lignes.append(pile.dossier("cmuc_acs", jalons, caisse=caisse, nombre=nombre))
    return lignes


async def remplir(pile: Pile) -> None:
    pile.il_est("2026-04-15 09:00")
    tous = demandes(pile, date(2025, 11, 3), date(2026, 4, 14))
    for debut in range(0, len(tous), 400):
        await pile.compter(*tous[debut : debut + 400])


async def test_tout_le_reseau_en_un_appel_et_les_totaux_tombent_juste(claims: Pile) -> None:
    await remplir(claims)
    document = await projeter(claims, "stock_cmuc_acs")
    assert (document["arrete_au"], document["du"], document["au"]) == ("2026-04-14", "2026-04-01", "2026-04-30")
    assert document["projetable"] is True
    lignes = {li["caisse"]: li for li in document["valeurs"]}
    assert next(iter(lignes)) == "reseau"
    assert lignes.keys() == {"reseau", *CAISSES}
    for ligne in lignes.values():
        assert ligne["stock_fin"] == pytest.approx(
            ligne["stock_actuel"] + ligne["arrivees"] - ligne["clotures"], abs=0.01
        )
        assert ligne["intervalle"][0] <= ligne["valeur"] <= ligne["intervalle"][1]
        assert ligne["phrase"].startswith(f"{ligne['caisse']} : ")
        assert "huit chances sur dix" in ligne["phrase"]
    ((stock, _),) = [await claims.mesure("stock_cmuc_acs", au="2026-04-14")]
    assert lignes["cpam-75"]["stock_actuel"] == stock
    attendues = 6 * 12  # working days from 15 to 30 April 2026
    assert lignes["cpam-75"]["arrivees"] == pytest.approx(attendues, rel=0.1)
    seule = await projeter(claims, "stock_cmuc_acs", caisse="cpam-67")
    assert seule["valeurs"] == [lignes["cpam-67"]]


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("delai_cmuc_acs_moyen", {}),
        ("delai_cmuc_acs_d9", {}),
        ("delai_cmuc_acs_d9", {"horloge": "jours_ouvres"}),
        ("age_stock_cmuc_acs_d9", {}),
        ("delai_cmuc_acs_d9", {"horizon": "fin_mois_suivant"}),
    ],
)
async def test_chaque_delai_se_projette_avec_son_intervalle_et_son_verdict(
    claims: Pile, code: str, options: dict[str, str]
) -> None:
    await remplir(claims)
    document = await projeter(claims, code, caisse="cpam-75", **options)
    (ligne,) = document["valeurs"]
    assert 5 < ligne["valeur"] < 60
    assert ligne["intervalle"][0] <= ligne["valeur"] <= ligne["intervalle"][1]
    assert isinstance(ligne["verdict"], str)
    assert document["au"] == ("2026-05-31" if options.get("horizon") else "2026-04-30")


async def test_de_la_capacite_en_plus_se_lit_avec_et_sans(claims: Pile) -> None:
    await remplir(claims)
    sans = (await projeter(claims, "stock_cmuc_acs", caisse="cpam-75"))["valeurs"][0]
    document = await projeter(claims, "stock_cmuc_acs", caisse="cpam-75", capacite_en_plus=10, a_partir_du="2026-04-20")
    (avec,) = document["valeurs"]
    assert document["capacite_en_plus"] == {"par_semaine": 10, "a_partir_du": "2026-04-20"}
    assert avec["sans_capacite_en_plus"]["valeur"] == sans["valeur"]
    assert sans["valeur"] - 18.1 < avec["valeur"] < sans["valeur"] - 5, "neuf jours à deux dossiers au plus"
    assert "capacité en plus par semaine à partir du 20/04/2026" in avec["phrase"]


async def test_ce_qui_ne_se_projette_pas_est_refuse_avec_sa_raison(claims: Pile, contacts: Pile) -> None:
    for pile, code, options, dit in (
        (contacts, "taux_decroche", {}, "n'est pas un stock, un délai"),
        (contacts, "delai_courriel_d9", {}, "horloge « heures »"),
        (contacts, "courriels_48h", {"caisse": "cpam-75", "capacite_en_plus": 5}, "se compte en heures"),
        (claims, "stock_cmuc_acs", {"capacite_en_plus": 5}, "nommez-la"),
        (claims, "stock_cmuc_acs", {"caisse": "reseau", "capacite_en_plus": 5}, "nommez-la"),
        (claims, "stock_cmuc_acs", {"caisse": "cpam-75", "a_partir_du": "2026-04-20"}, "donnez « capacite_en_plus »"),
        (claims, "stock_cmuc_acs", {"horizon": "un_an"}, "horizon"),
        (claims, "stock_cmuc_acs", {"caisse": "cpam-xx"}, "cpam-xx"),
    ):
        document = await projeter(pile, code, 422, **options)
        assert dit in str(document), document


async def test_pas_assez_d_histoire_est_une_reponse(claims: Pile) -> None:
    for evenements in ([], demandes(claims, date(2026, 2, 16), date(2026, 3, 1))):
        if evenements:
            await claims.compter(*evenements)
        document = await projeter(claims, "stock_cmuc_acs")
        assert document["projetable"] is False
        assert document["phrase"].startswith("Pas assez d'histoire")
        assert document["valeurs"] == []


async def test_les_courriels_en_48_heures_prolongent_leur_taux(contacts: Pile) -> None:
    contacts.il_est("2026-04-15 09:00")
    evenements, hasard = [], random.Random(3)
    for rang in range(120):
        jour = date(2026, 4, 14) - timedelta(rang)
        reponse = jour + timedelta(1 if hasard.random() < 0.8 else 4)
        fin = {"repondu": f"{reponse} 09:00"} if reponse <= date(2026, 4, 14) else {}
        evenements.append(contacts.dossier("courriel", {"recu": f"{jour} 10:00"} | fin, nombre=10))
    await contacts.compter(*evenements)
    (ligne,) = (await projeter(contacts, "courriels_48h", caisse="cpam-75"))["valeurs"]
    connu, _ = await contacts.mesure("courriels_48h", du="2026-04-01", au="2026-04-14")
    assert connu is not None
    assert 60 < ligne["valeur"] < 95
    assert ligne["intervalle"][0] < ligne["valeur"] < ligne["intervalle"][1]
