"""``POST /v1/events``: what can be taken is taken, what cannot is refused one by one, nothing counts twice."""

import gzip
import json
from typing import Any

import pytest
import zstandard

from tests.integration.api.conftest import LOT, NDJSON, UN, Pile

JOUR = {"du": "2026-03-02", "au": "2026-03-02"}


def appel(pile: Pile, **autres: Any) -> dict[str, Any]:
    return pile.dossier("appel", {"presente": "2026-03-02 08:00:00", "decroche": "2026-03-02 08:00:10"}, **autres)


def lignes(*evenements: dict[str, Any] | bytes) -> bytes:
    return b"\n".join(e if isinstance(e, bytes) else json.dumps(e).encode() for e in evenements)


async def test_un_evenement_seul_est_accepte_et_compte(contacts: Pile) -> None:
    evenement = appel(contacts)
    reponse = await contacts.poster(evenement, f"{UN}; charset=utf-8")
    assert reponse.status_code == 202
    assert reponse.json() == {
        "acceptes": 1,
        "refuses": 0,
        "resultats": [{"position": 1, "id": evenement["id"], "statut": "accepte"}],
    }
    await contacts.ecouler()
    assert await contacts.mesure("taux_decroche", **JOUR) == (100.0, 1)


async def test_le_meme_evenement_envoye_deux_fois_ne_compte_qu_une(contacts: Pile) -> None:
    evenement = appel(contacts)
    for corps, media in ((evenement, UN), ([evenement, evenement], LOT), (lignes(evenement, evenement), NDJSON)):
        assert (await contacts.poster(corps, media)).json()["refuses"] == 0
    await contacts.ecouler()
    assert await contacts.mesure("taux_decroche", **JOUR) == (100.0, 1)


async def test_un_lot_repond_element_par_element(contacts: Pile) -> None:
    bon, mauvais = appel(contacts), appel(contacts, caisse="cpam-75000")
    reponse = await contacts.poster([bon, mauvais, bon], LOT)
    assert reponse.status_code == 202
    document = reponse.json()
    assert (document["acceptes"], document["refuses"]) == (2, 1)
    assert [(r["position"], r["statut"]) for r in document["resultats"]] == [
        (1, "accepte"),
        (2, "refuse"),
        (3, "accepte"),
    ]
    refus = document["resultats"][1]
    assert (refus["raison"], refus["champ"]) == ("caisse_inconnue", "data.caisse")
    assert "cpam-75" in refus["message"]


@pytest.mark.parametrize("codage", ["identity", "gzip", "zstd"])
async def test_un_flux_ndjson_entre_en_clair_ou_compresse(contacts: Pile, codage: str) -> None:
    corps = lignes(*(appel(contacts) for _ in range(2_500)), b"", b"   pas du json", appel(contacts)) + b"\r\n"
    comprimer = {"identity": bytes, "gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress}[codage]
    reponse = await contacts.poster(comprimer(corps), NDJSON, **{"content-encoding": codage})
    assert reponse.status_code == 202
    document = reponse.json()
    assert (document["acceptes"], document["refuses"]) == (2_501, 1)
    assert [(r["position"], r["raison"]) for r in document["resultats"]] == [(2_502, "json_invalide")]
    await contacts.ecouler()
    assert await contacts.mesure("taux_decroche", **JOUR) == (100.0, 2_501)


def refusables(pile: Pile) -> dict[str, tuple[Any, str]]:
    """What a source may send wrong: (event or line, reason)."""
    bon = appel(pile)
    return {
        "json": (b'{"specversion":"1.0",', "json_invalide"),
        "octet nul": (json.dumps(bon).encode().replace(b"e-", b"\x00-", 1), "json_invalide"),
        "nul échappé": (appel(pile, id="a\x00b"), "enveloppe_invalide"),
        "tableau": (b"[1, 2]", "enveloppe_invalide"),
        "nombre": (b"12", "enveloppe_invalide"),
        "sans id": ({k: v for k, v in bon.items() if k != "id"}, "enveloppe_invalide"),
        "type": (bon | {"type": "vigie.appel.decrochage.v1"}, "type_inconnu"),
        "processus d'un autre service": (bon | {"type": "vigie.fse.dossier.v1"}, "type_inconnu"),
        "caisse": (appel(pile, caisse="cpam-99"), "caisse_inconnue"),
        "date absurde": (
            bon | {"data": bon["data"] | {"jalons": {"presente": "2999-01-01T00:00:00Z"}}}, "date_absurde",
        ),
        "date sans décalage": (
            bon | {"data": bon["data"] | {"jalons": {"presente": "2026-03-02T08:00:00"}}}, "date_invalide",
        ),
        "jalon inconnu": (
            bon | {"data": bon["data"] | {"jalons": {"sonne": "2026-03-02T08:00:00Z"}}}, "valeur_invalide",
        ),
        "nombre absurde": (appel(pile, nombre=-3), "valeur_invalide"),
        "dix mégaoctets": (lignes(appel(pile, remarque="x" * 10_000_000)), "trop_long"),
        "courriel": (appel(pile, remarque="voir jeanne.martin@example.org"), "donnees_personnelles"),
        "téléphone": (appel(pile, remarque="rappeler au 06 12 34 56 78"), "donnees_personnelles"),
        "nir": (appel(pile, remarque="2 69 05 49 588 157 80"), "donnees_personnelles"),
        "nir dans un type inconnu": (
            appel(pile, remarque="269054958815780") | {"type": "vigie.inconnu.v1"}, "donnees_personnelles",
        ),
        "téléphone dans du json coupé": (b'{"data": {"remarque": "0612345678"', "donnees_personnelles"),
    }  # fmt: skip


@pytest.mark.parametrize("media", [LOT, NDJSON])
async def test_chaque_faute_est_refusee_pour_elle_meme_et_tous_les_bons_comptent(contacts: Pile, media: str) -> None:
    fautes = {
        nom: (e if isinstance(e, bytes) else json.dumps(e).encode(), raison)
        for nom, (e, raison) in refusables(contacts).items()
        if media == NDJSON or nom not in ("json", "octet nul", "téléphone dans du json coupé")
    }
    elements, attendues = [], {}
    for octets, raison in fautes.values():
        elements += [json.dumps(appel(contacts)).encode(), octets]
        attendues[len(elements)] = raison
    corps = b"\n".join(elements) if media == NDJSON else b"[" + b",".join(elements) + b"]"
    reponse = await contacts.poster(corps, media)
    assert reponse.status_code == 202
    refus = {r["position"]: r for r in reponse.json()["resultats"] if r["statut"] == "refuse"}
    assert {position: r["raison"] for position, r in refus.items()} == attendues
    assert all(r["message"].endswith((".", "?")) for r in refus.values()), "une phrase entière"
    await contacts.ecouler()
    assert await contacts.mesure("taux_decroche", **JOUR) == (100.0, len(fautes))
    rejets = (await contacts.client.get("/v1/rejets", params={"limite": "100"})).json()["rejets"]
    assert sorted(r["raison"] for r in rejets) == sorted(attendues.values())


async def test_ce_qui_est_personnel_ou_trop_long_n_est_garde_nulle_part(contacts: Pile) -> None:
    secrets = ("jeanne.martin", "06 12 34 56 78", "0612345678", "2 69 05 49 588 157 80", "269054958815780", "xxxxxxxx")
    for evenement, raison in refusables(contacts).values():
        if raison in ("donnees_personnelles", "trop_long"):
            reponse = await contacts.poster(evenement, UN)
            assert reponse.json()["resultats"][0]["raison"] == raison
            assert not [s for s in secrets if s in reponse.text]
    gardes = await contacts.service.pool.fetch("SELECT * FROM contacts.rejets")
    assert len(gardes) == 6
    assert all(ligne["contenu"] is None for ligne in gardes)
    assert not [s for s in secrets for ligne in gardes if s in repr(dict(ligne))]
    bornes = await contacts.service.journal.bornes("vigie.contacts.v1")
    assert [b.fin for b in bornes.values()] == [0, 0, 0, 0]


@pytest.mark.parametrize("cle", ["recordedtime", "recorded\\u0074ime"])
@pytest.mark.parametrize("media", [UN, LOT, NDJSON])
async def test_l_instant_d_enregistrement_ecrit_par_l_envoyeur_est_remplace(
    contacts: Pile, media: str, cle: str
) -> None:
    octets = json.dumps(appel(contacts)).encode()
    octets = octets[:-1] + f', "{cle}": "2001-01-01T00:00:00Z"}}'.encode()
    reponse = await contacts.poster(b"[" + octets + b"]" if media == LOT else octets, media)
    assert reponse.json()["acceptes"] == 1
    await contacts.ecouler()
    assert await contacts.service.pool.fetch("SELECT DISTINCT enregistre FROM contacts.flux") == [(20_514,)]


async def test_un_lot_de_plus_de_dix_mille_est_refuse_en_entier_avec_le_remede(contacts: Pile) -> None:
    reponse = await contacts.poster([appel(contacts)] * 10_001, LOT)
    assert reponse.status_code == 413
    assert "10001" in reponse.json()["detail"]
    assert NDJSON in reponse.json()["detail"]
    assert (await contacts.poster([appel(contacts)] * 10_000, LOT)).json()["acceptes"] == 10_000
    assert (await contacts.poster([], LOT)).json() == {"acceptes": 0, "refuses": 0, "resultats": []}


@pytest.mark.parametrize("corps", [b"{}", b"[{]", b"", b'[{"a":1}', b"\xff\xfe"])
async def test_un_lot_qui_n_est_pas_un_tableau_est_une_requete_malformee(contacts: Pile, corps: bytes) -> None:
    reponse = await contacts.poster(corps, LOT)
    assert reponse.status_code == 400
    assert reponse.json()["type"] == "urn:vigie:probleme:requete-malformee"
    assert "tableau JSON" in reponse.json()["detail"]


async def test_un_autre_type_de_contenu_est_refuse_avec_ceux_qu_on_attend(contacts: Pile) -> None:
    reponse = await contacts.poster(b"a=1", "application/x-www-form-urlencoded")
    assert reponse.status_code == 415
    assert all(media in reponse.json()["detail"] for media in (UN, LOT, NDJSON))


async def test_d_un_flux_tout_en_fautes_on_liste_les_mille_premieres_et_on_compte_les_autres(contacts: Pile) -> None:
    document = (await contacts.poster(b"{\n" * 1_200, NDJSON)).json()
    assert (document["acceptes"], document["refuses"], len(document["resultats"])) == (0, 1_200, 1_000)
    assert [r["position"] for r in document["resultats"]] == list(range(1, 1_001))
    assert await contacts.service.pool.fetchval("SELECT count(*) FROM contacts.rejets") == 1_200


async def test_un_flux_compresse_abime_est_dit_et_ce_qui_etait_entre_ne_compte_qu_une_fois(contacts: Pile) -> None:
    corps = lignes(*(appel(contacts) for _ in range(3_000)))
    abime = gzip.compress(corps)[:-200]
    reponse = await contacts.poster(abime, NDJSON, **{"content-encoding": "gzip"})
    assert reponse.status_code == 400
    assert "incomplet" in reponse.json()["detail"]
    assert (await contacts.poster(corps, NDJSON)).json()["acceptes"] == 3_000
    await contacts.ecouler()
    assert await contacts.mesure("taux_decroche", **JOUR) == (100.0, 3_000)


async def test_l_envoi_se_compte_par_processus_et_par_raison(contacts: Pile) -> None:
    async def compteurs() -> tuple[float, float]:
        return (
            contacts.metrique("vigie_evenements_acceptes_total", service="contacts", process="appel") or 0,
            contacts.metrique("vigie_evenements_refuses_total", service="contacts", raison="caisse_inconnue") or 0,
        )

    avant = await compteurs()
    await contacts.poster([appel(contacts), appel(contacts, caisse="nulle part"), appel(contacts)], LOT)
    apres = await compteurs()
    assert (apres[0] - avant[0], apres[1] - avant[1]) == (2, 1)
