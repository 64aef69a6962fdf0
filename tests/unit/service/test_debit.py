"""How many calls a caller may make, and who a caller is."""

from ipaddress import ip_network
from typing import Any

import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st

from shared.service.acces import ouvert_a
from shared.service.debit import Seaux
from shared.service.erreurs import NonIdentifie
from shared.service.identite import Principal
from shared.service.intergiciels.debit import adresse


@given(
    st.lists(st.floats(0, 3), min_size=1, max_size=200),
    st.floats(0.5, 50),
    st.integers(1, 20),
)
def test_no_window_lets_more_through_than_the_burst_and_the_rate(
    ecarts: list[float], par_s: float, capacite: int
) -> None:
    seaux, passes, maintenant = Seaux(par_s, capacite), [], 0.0
    for ecart in ecarts:
        maintenant += ecart
        if not seaux.prendre("a", maintenant):
            passes.append(maintenant)
    for rang, debut in enumerate(passes):
        for autre, fin in enumerate(passes[rang:], 1):
            assert autre <= capacite + (fin - debut) * par_s + 1e-6


@given(st.floats(0.01, 50))
def test_who_waits_as_told_passes(par_s: float) -> None:
    seaux = Seaux(par_s, 1)
    assert seaux.prendre("a", 0.0) == 0
    assert seaux.prendre("a", float(seaux.prendre("a", 0.0))) == 0


def test_callers_do_not_share_and_the_oldest_is_forgotten() -> None:
    seaux = Seaux(1, 1, appelants_max=2)
    assert [seaux.prendre(nom, 0.0) for nom in ("a", "b", "a", "b")] == [0, 0, 1, 1]
    assert seaux.prendre("c", 0.0) == 0
    assert len(seaux) == 2
    assert seaux.prendre("a", 0.0) == 0, "oublié, donc neuf"


DEVANT = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("connexion", "suivi", "attendue"),
    [
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("10.0.0.2", ["1.2.3.4"], "1.2.3.4"),
        ("10.0.0.2", ["6.6.6.6, 1.2.3.4, 10.0.0.7"], "1.2.3.4"),
        ("10.0.0.2", ["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        ("::ffff:10.0.0.2", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.2", [], "10.0.0.2"),
        ("10.0.0.2", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.2", ["n'importe quoi"], "n'importe quoi"),
    ],
)
def test_a_caller_is_named_by_the_proxies_of_the_settings_only(connexion: str, suivi: list[str], attendue: str) -> None:
    entetes = [(b"x-forwarded-for", valeur.encode()) for valeur in suivi]
    assert adresse({"client": (connexion, 1), "headers": entetes}, DEVANT) == attendue


async def test_trying_tokens_spends_the_allowance_of_the_address_and_not_of_those_who_are_known(ouvrir: Any) -> None:
    class Porte:
        async def identifier(self, entetes: Any) -> Principal:
            if entetes.get("authorization") != "Bearer bon":
                raise NonIdentifie("Identifiez-vous.")
            return Principal("u1", "Une personne", frozenset({"auditeur"}))

    routes = APIRouter()

    @routes.get("/x")
    async def x() -> str:
        return "ouvert"

    async def appeler(client: Any, jeton: str) -> int:
        return int((await client.get("/x", headers={"Authorization": f"Bearer {jeton}"})).status_code)

    options = {"identite": Porte(), "mode": "production", "acces": {"GET /x": ouvert_a("auditeur")}}
    async with ouvrir(routes, debit_appels_s=0.4, **options) as client:
        assert await appeler(client, "bon") == 200
        essais = [await appeler(client, f"essai-{n}") for n in range(20)]
        assert essais[:3] == [401, 401, 401]
        assert 429 in essais
        assert await appeler(client, "bon") == 200, "son propre seau"
