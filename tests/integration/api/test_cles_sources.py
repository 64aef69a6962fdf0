"""A source under its key: what passes, what is refused and why, and keys that change."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.database.connexion import acquerir
from shared.dossiers import cles_sources
from shared.dossiers.cles_sources import CleImpossible
from shared.service.identite import PorteeDeSource
from tests.integration.api.conftest import LOT, NDJSON, SOURCE, Pile

JALONS = {"recue": "2026-02-02 09:00", "payee": "2026-02-09 09:00"}
PORTEE = PorteeDeSource(SOURCE, frozenset({"fse"}), frozenset({"cpam-75"}))


async def faire_cle(pile: Pile, portee: PorteeDeSource = PORTEE) -> tuple[int, str]:
    async with acquerir(pile.service.pool) as conn:
        return await cles_sources.creer(conn, "claims", portee, pile.clock.now())


async def sous(pile: Pile, cle: str, *evenements: dict[str, Any]) -> Any:
    return await pile.poster(list(evenements), LOT, authorization=f"Bearer {cle}")


async def test_each_event_out_of_the_keys_scope_is_refused_for_itself_and_kept(claims: Pile) -> None:
    _, cle = await faire_cle(claims)
    bon = claims.dossier("fse", JALONS)
    retrait = {
        **bon,
        "id": "r-1",
        "type": "vigie.fse.retrait.v1",
        "data": {"cible": bon["id"]},
        "time": "2026-03-01T08:00:00Z",
    }
    sans_caisse = claims.dossier("fse", JALONS)
    del sans_caisse["data"]["caisse"]
    hors = {
        "source": claims.dossier("fse", JALONS, source="urn:autre"),
        "type": claims.dossier("ij", {"aat_recu": "2026-02-02 09:00"}),
        "namespace": claims.dossier("fse", JALONS, namespace="urn:autre"),
        "data.caisse": claims.dossier("fse", JALONS, caisse="cpam-31"),
    }
    reponse = await sous(claims, cle, bon, *hors.values(), retrait, sans_caisse)
    resultats = reponse.json()["resultats"]
    assert [r["statut"] for r in resultats] == ["accepte", *["refuse"] * 4, "accepte", "accepte"], reponse.text
    assert [(r["raison"], r["champ"]) for r in resultats[1:5]] == [("hors_portee", champ) for champ in hors]
    rejets = (await claims.client.get("/v1/rejets", params={"raison": "hors_portee"})).json()["rejets"]
    assert {rejet["evenement"] for rejet in rejets} == {e["id"] for e in hors.values()}


async def test_a_stream_is_judged_line_by_line(claims: Pile) -> None:
    _, cle = await faire_cle(claims)
    lignes = [claims.dossier("fse", JALONS), claims.dossier("fse", JALONS, caisse="cpam-31")]
    corps = "\n".join(map(json.dumps, lignes)).encode()
    reponse = (await claims.poster(corps, NDJSON, authorization=f"Bearer {cle}")).json()
    assert (reponse["acceptes"], [r["position"] for r in reponse["resultats"]]) == (1, [2])


async def test_a_key_of_the_network_may_write_in_the_numbering_it_names(claims: Pile) -> None:
    portee = PorteeDeSource(SOURCE, frozenset({"fse"}), None, frozenset({"urn:national"}))
    _, cle = await faire_cle(claims, portee)
    evenement = claims.dossier("fse", JALONS, caisse="cpam-31", namespace="urn:national")
    assert (await sous(claims, cle, evenement)).json()["acceptes"] == 1


async def test_a_key_opens_nothing_but_the_way_in(claims: Pile) -> None:
    _, cle = await faire_cle(claims)
    for chemin in ("/v1/rejets", "/v1/indicateurs", "/v1/sources"):
        reponse = await claims.client.get(chemin, headers={"Authorization": f"Bearer {cle}"})
        assert reponse.status_code == 403, chemin


async def test_a_source_turns_its_key_without_a_gap_and_the_old_one_is_refused_at_once(claims: Pile) -> None:
    ancienne, cle_ancienne = await faire_cle(claims)
    _, cle_neuve = await faire_cle(claims)
    with pytest.raises(CleImpossible, match="2 clés valables"):
        await faire_cle(claims)
    for cle in (cle_ancienne, cle_neuve):
        assert (await sous(claims, cle, claims.dossier("fse", JALONS))).status_code == 202
    async with acquerir(claims.service.pool) as conn:
        assert await cles_sources.revoquer(conn, "claims", ancienne, claims.clock.now()) == SOURCE
        with pytest.raises(CleImpossible):
            await cles_sources.revoquer(conn, "claims", ancienne, claims.clock.now())
    refus = await sous(claims, cle_ancienne, claims.dossier("fse", JALONS))
    assert (refus.status_code, refus.headers["www-authenticate"]) == (
        401,
        'Bearer realm="vigie", error="invalid_token"',
    )
    assert (await sous(claims, cle_neuve, claims.dossier("fse", JALONS))).status_code == 202
    await faire_cle(claims)


@pytest.mark.parametrize("fausse", ["vgk_", "vgk_" + "A" * 43, "vgk_' OR 1=1 --"])
async def test_a_key_that_was_never_made_is_refused(claims: Pile, fausse: str) -> None:
    assert (await sous(claims, fausse, claims.dossier("fse", JALONS))).status_code == 401


async def test_last_use_is_known_to_the_minute_and_the_key_is_not_kept(claims: Pile) -> None:
    _, cle = await faire_cle(claims)
    premiere = claims.clock.now()
    for secondes in (0, 30, 61):
        claims.clock.advance_to(premiere + timedelta(seconds=secondes))
        await sous(claims, cle, claims.dossier("fse", JALONS))
    async with acquerir(claims.service.pool) as conn:
        (connue,) = await cles_sources.lister(conn, "claims")
        garde = await conn.fetchval("SELECT cles_sources::text FROM claims.cles_sources")
    assert connue.vue_le == premiere + timedelta(seconds=61)
    assert cle not in garde and cle.removeprefix("vgk_") not in garde
