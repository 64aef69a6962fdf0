"""``/v1/rejets``: what was refused, found again, put right, sent again once."""

import asyncio
import json
from typing import Any

import pytest

from shared.log.rejets import Rejet, ecrire
from tests.integration.api.conftest import LOT, NDJSON, UN, Pile

JOUR = {"du": "2026-03-02", "au": "2026-03-02"}


def appel(pile: Pile, **autres: Any) -> dict[str, Any]:
    return pile.dossier("appel", {"presente": "2026-03-02 08:00:00", "decroche": "2026-03-02 08:00:10"}, **autres)


async def refuser(pile: Pile, evenement: dict[str, Any]) -> int:
    assert (await pile.poster(evenement, UN)).json()["refuses"] == 1
    return (await lister(pile, limite="500"))["rejets"][-1]["id"]


async def lister(pile: Pile, **options: str) -> dict[str, Any]:
    reponse = await pile.client.get("/v1/rejets", params=options)
    assert reponse.status_code == 200, reponse.text
    return reponse.json()


async def rejouer(pile: Pile, numero: int, corps: dict[str, Any] | None = None) -> Any:
    return await pile.client.post(f"/v1/rejets/{numero}/rejeu", content=json.dumps(corps) if corps else b"")


async def test_les_rejets_se_listent_page_par_page_et_se_filtrent(contacts: Pile) -> None:
    mauvais = [appel(contacts, caisse="nulle-part") if i % 3 else b"{" for i in range(7)]
    corps = b"\n".join(m if isinstance(m, bytes) else json.dumps(m).encode() for m in mauvais)
    await contacts.poster(corps, NDJSON)
    vus, page = [], await lister(contacts, limite="3")
    vus += page["rejets"]
    while page["suivant"] is not None:
        page = await lister(contacts, limite="3", curseur=page["suivant"])
        vus += page["rejets"]
    assert [r["raison"] for r in vus] == ["caisse_inconnue" if i % 3 else "json_invalide" for i in range(7)]
    assert len((await lister(contacts, raison="json_invalide"))["rejets"]) == 3
    assert (await lister(contacts, etat="rejoue"))["rejets"] == []
    premier = vus[1]
    assert (premier["origine"], premier["champ"], premier["etat"]) == ("http", "data.caisse", "ouvert")
    assert premier["evenement"].startswith("e-")


@pytest.mark.parametrize(
    ("options", "statut", "indice"),
    [
        ({"raison": "pas_envie"}, 422, "caisse_inconnue"),
        ({"raison": "\x00"}, 422, "raison"),
        ({"etat": "perdu"}, 422, "ouvert"),
        ({"limite": "0"}, 422, "limite"),
        ({"limite": "501"}, 422, "limite"),
        ({"curseur": "n'importe"}, 400, "curseur"),
        ({"curseur": "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTld"}, 400, "curseur"),
    ],
)
async def test_un_filtre_qui_n_existe_pas_est_refuse(
    contacts: Pile, options: dict[str, str], statut: int, indice: str
) -> None:
    reponse = await contacts.client.get("/v1/rejets", params=options)
    assert reponse.status_code == statut, reponse.text
    assert indice in reponse.json()["detail"]


async def test_un_rejet_montre_son_contenu_et_explique_sa_raison(contacts: Pile) -> None:
    evenement = appel(contacts, caisse="nulle-part")
    numero = await refuser(contacts, evenement)
    rejet = (await contacts.client.get(f"/v1/rejets/{numero}")).json()
    assert json.loads(rejet["contenu"]) == evenement
    assert rejet["explication"] == "La caisse, ou la productrice, n'est pas du réseau."
    for absent in ("999999", "9" * 30, "0"):
        assert (await contacts.client.get(f"/v1/rejets/{absent}")).status_code in (404, 422)


async def test_rejoue_tel_quel_un_evenement_encore_fautif_reste_ouvert_avec_sa_raison(contacts: Pile) -> None:
    numero = await refuser(contacts, appel(contacts, caisse="nulle-part"))
    reponse = await rejouer(contacts, numero)
    assert reponse.status_code == 422
    assert reponse.json()["raison"] == "caisse_inconnue"
    assert (await lister(contacts, etat="ouvert"))["rejets"][0]["id"] == numero


async def test_rejoue_corrige_il_compte_une_fois_et_ne_se_rejoue_plus(contacts: Pile) -> None:
    mauvais = appel(contacts, caisse="nulle-part")
    numero = await refuser(contacts, mauvais)
    bon = mauvais | {"data": mauvais["data"] | {"caisse": "cpam-75"}}
    reponse = await rejouer(contacts, numero, bon)
    assert (reponse.status_code, reponse.json()) == (202, {"id": numero, "etat": "rejoue"})
    await contacts.ecouler()
    assert await contacts.mesure("taux_decroche", **JOUR) == (100.0, 1)
    encore = await rejouer(contacts, numero, bon)
    assert encore.status_code == 409
    assert "déjà été rejoué" in encore.json()["detail"]
    assert (await lister(contacts, etat="rejoue"))["rejets"][0]["id"] == numero


async def test_de_deux_personnes_qui_rejouent_ensemble_une_seule_y_arrive(contacts: Pile) -> None:
    mauvais = appel(contacts, caisse="nulle-part")
    numero = await refuser(contacts, mauvais)
    corrections = [
        mauvais | {"id": f"c{i}", "subject": f"c{i}", "data": mauvais["data"] | {"caisse": "cpam-75"}} for i in range(5)
    ]
    statuts = [r.status_code for r in await asyncio.gather(*(rejouer(contacts, numero, c) for c in corrections))]
    assert sorted(statuts) == [202, 409, 409, 409, 409]
    await contacts.ecouler()
    assert await contacts.mesure("taux_decroche", **JOUR) == (100.0, 1)


async def test_rejoue_tel_quel_quand_la_cause_a_disparu_il_compte(contacts: Pile) -> None:
    # Dated more than 400 days ahead when it came; less when it is sent again.
    evenement = contacts.dossier("courriel", {"recu": "2027-05-10 08:00"})
    numero = await refuser(contacts, evenement)
    contacts.il_est("2026-06-01 08:00")
    assert (await rejouer(contacts, numero)).status_code == 202
    await contacts.ecouler()
    assert await contacts.service.pool.fetchval("SELECT sum(n) FROM contacts.ouverts") == 1


async def test_un_rejeu_ne_croit_pas_l_instant_d_enregistrement_ecrit_par_l_envoyeur(contacts: Pile) -> None:
    mauvais = appel(contacts, caisse="nulle-part") | {"recordedtime": "2001-01-01T00:00:00Z"}
    numero = await refuser(contacts, mauvais)
    contacts.il_est("2026-03-05 08:00")
    bon = mauvais | {"data": mauvais["data"] | {"caisse": "cpam-75"}}
    assert (await rejouer(contacts, numero, bon)).status_code == 202
    await contacts.ecouler()
    assert await contacts.service.pool.fetch("SELECT enregistre FROM contacts.flux") == [(20_517,)]


async def test_un_rejet_du_journal_rejoue_tel_quel_garde_le_jour_ou_vigie_l_avait_accepte(contacts: Pile) -> None:
    accepte = appel(contacts) | {"recordedtime": "2026-03-02T07:30:00Z"}
    async with contacts.service.pool.acquire() as conn, conn.transaction():
        rejet = Rejet("journal", "erreur_interne", "Vigie n'a pas su.", contenu=json.dumps(accepte).encode())
        await ecrire(conn, "contacts", [rejet])
    contacts.il_est("2026-03-09 08:00")
    numero = (await lister(contacts))["rejets"][0]["id"]
    assert (await rejouer(contacts, numero)).status_code == 202
    await contacts.ecouler()
    assert await contacts.service.pool.fetch("SELECT enregistre FROM contacts.flux") == [(20_514,)]


async def test_sans_contenu_garde_seul_un_evenement_corrige_peut_etre_rejoue(contacts: Pile) -> None:
    personnel = appel(contacts, remarque="rappeler au 06 12 34 56 78")
    numero = await refuser(contacts, personnel)
    trop_long = await refuser(contacts, appel(contacts, remarque="x" * 2_000_000))
    for n in (numero, trop_long):
        reponse = await rejouer(contacts, n)
        assert reponse.status_code == 409
        assert "corrigé" in reponse.json()["detail"]
    encore = await rejouer(contacts, numero, personnel)
    assert (encore.status_code, encore.json()["raison"]) == (422, "donnees_personnelles")
    bon = personnel | {"data": {c: v for c, v in personnel["data"].items() if c != "remarque"}}
    assert (await rejouer(contacts, numero, bon)).status_code == 202
    await contacts.ecouler()
    assert await contacts.mesure("taux_decroche", **JOUR) == (100.0, 1)


async def test_les_rejets_d_un_lot_gardent_chacun_leur_contenu(contacts: Pile) -> None:
    mauvais = [appel(contacts, caisse=f"nulle-{i}") for i in range(3)]
    await contacts.poster(mauvais, LOT)
    for rejet, evenement in zip((await lister(contacts))["rejets"], mauvais, strict=True):
        contenu = (await contacts.client.get(f"/v1/rejets/{rejet['id']}")).json()["contenu"]
        assert json.loads(contenu) == evenement
