import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime

import httpx
import pytest

from simulator.envoi import Emetteur, EnvoiImpossible
from simulator.simulation import Journee

CONTACTS, CLAIMS = "http://contacts.invalid", "http://claims.invalid"
FIN = datetime(2026, 10, 1, 21, 59, 59, tzinfo=UTC)


def lignes(nombre: int) -> list[bytes]:
    return [b'{"id":"%d"}' % i for i in range(nombre)]


class Service:
    """A service that keeps what it receives and answers what the test says."""

    def __init__(self, *reponses: httpx.Response | Exception) -> None:
        self.recus: list[httpx.Request] = []
        self._reponses = list(reponses)

    def __call__(self, requete: httpx.Request) -> httpx.Response:
        self.recus.append(requete)
        if self._reponses:
            reponse = self._reponses.pop(0)
            if isinstance(reponse, Exception):
                raise reponse
            return reponse
        if requete.method == "PUT":
            return httpx.Response(404)
        return httpx.Response(202, json={"acceptes": len(requete.content.splitlines()), "refuses": 0})


def emetteur(service: Callable[[httpx.Request], httpx.Response], attentes: list[float], **options: int) -> Emetteur:
    async def attendre(secondes: float) -> None:
        attentes.append(secondes)

    client = httpx.AsyncClient(transport=httpx.MockTransport(service))
    return Emetteur(CONTACTS, CLAIMS, client=client, attendre=attendre, **options)


async def test_a_day_goes_to_each_service_in_bounded_ndjson_bodies_with_the_simulated_time() -> None:
    service = Service()
    async with emetteur(service, [], lignes_max=5_000) as envoi:
        await envoi.envoyer(Journee(date(2026, 10, 1), lignes(12_000), lignes(3), FIN))
    par_url = {u: [r for r in service.recus if str(r.url) == f"{u}/v1/events"] for u in (CONTACTS, CLAIMS)}
    assert sorted(len(r.content.splitlines()) for r in par_url[CONTACTS]) == [2_000, 5_000, 5_000]
    assert [r.content for r in par_url[CLAIMS]] == [b"\n".join(lignes(3)) + b"\n"]
    for requete in service.recus:
        assert requete.headers["content-type"] == "application/x-ndjson"
        assert datetime.fromisoformat(requete.headers["vigie-horloge"]) == FIN
    assert (envoi.compte.acceptes, envoi.compte.refuses) == (12_003, 0)


async def test_a_body_may_be_compressed() -> None:
    service = Service(httpx.Response(202, json={"acceptes": 5, "refuses": 0}))
    client = httpx.AsyncClient(transport=httpx.MockTransport(service))
    async with Emetteur(CONTACTS, CLAIMS, client=client, compresser=True) as envoi:
        await envoi._poster(CONTACTS, lignes(5), FIN)
    [requete] = service.recus
    assert requete.headers["content-encoding"] == "gzip"
    assert gzip.decompress(requete.content).splitlines() == lignes(5)


async def test_a_busy_or_unreachable_service_is_tried_again_with_the_same_lines_after_the_time_it_asks() -> None:
    service = Service(
        httpx.Response(429, headers={"retry-after": "7"}), httpx.ConnectError("refusé"), httpx.Response(503)
    )
    attentes: list[float] = []
    async with emetteur(service, attentes) as envoi:
        await envoi._poster(CONTACTS, lignes(2), FIN)
    assert attentes == [7.0, 0.4, 0.8]
    assert len(service.recus) == 4
    assert len({r.content for r in service.recus}) == 1
    assert envoi.compte.acceptes == 2


async def test_a_service_that_never_answers_stops_the_sending_with_its_name() -> None:
    service = Service(*[httpx.ConnectError("refusé")] * 3)
    async with emetteur(service, [], essais=3) as envoi:
        with pytest.raises(EnvoiImpossible, match=r"contacts\.invalid.*après 3 essais : refusé"):
            await envoi._poster(CONTACTS, lignes(2), FIN)


async def test_a_request_refused_whole_stops_the_sending() -> None:
    service = Service(httpx.Response(401, text="non"))
    async with emetteur(service, []) as envoi:
        with pytest.raises(EnvoiImpossible, match="a répondu 401 : non"):
            await envoi.envoyer(Journee(date(2026, 10, 1), lignes(2), lignes(2), FIN))


async def test_refused_lines_are_counted_by_reason_and_quoted() -> None:
    refus = [{"position": 1, "statut": "refuse", "raison": "date_invalide", "message": "time : date illisible."}]
    service = Service(httpx.Response(202, json={"acceptes": 1, "refuses": 1, "resultats": refus}))
    async with emetteur(service, []) as envoi:
        await envoi._poster(CONTACTS, lignes(2), FIN)
    assert (envoi.compte.acceptes, envoi.compte.refuses) == (1, 1)
    assert envoi.compte.raisons == {"date_invalide": 1}
    assert envoi.compte.exemples == ["date_invalide : time : date illisible."]


async def test_an_answer_that_forgets_lines_is_an_error() -> None:
    service = Service(httpx.Response(202, json={"acceptes": 1, "refuses": 0}))
    async with emetteur(service, []) as envoi:
        with pytest.raises(EnvoiImpossible, match="ne rend pas compte des 2 lignes"):
            await envoi._poster(CONTACTS, lignes(2), FIN)


async def test_a_service_with_nothing_to_receive_is_told_the_time_until_it_says_its_clock_is_real() -> None:
    service = Service(httpx.Response(200, json={}), httpx.Response(200, json={}))
    async with emetteur(service, []) as envoi:
        for _ in range(3):
            await envoi.envoyer(Journee(date(2026, 10, 3), [], [], FIN))
    # Both answer the first day; the second day both say they have no such route; the third day neither is asked.
    assert [str(r.url) for r in service.recus] == [f"{CONTACTS}/v1/horloge", f"{CLAIMS}/v1/horloge"] * 2
