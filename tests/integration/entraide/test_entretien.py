"""What the consumer of the announcements forgets of its own: answered calls, and the register where it is told to."""

from datetime import timedelta

from shared.service.audit.verification import instantane, verifier
from shared.service.entretien import entretenir
from tests.integration.entraide.atelier_plans import Entraide, Proprietaires, ouvrir_entraide


async def test_an_answered_call_is_forgotten_after_its_day_and_its_trace_after_the_retention_of_the_register(
    postgres_url: str,
) -> None:
    async with ouvrir_entraide(postgres_url, Proprietaires(), retention_audit_jours=400) as entraide:
        demande = {"caisse": "cpam-75", "process": "ij", "debut": "2026-11-09", "fin": "2026-12-31"}
        await entraide.poster("/v1/besoins", demande | {"motif": "accumulation", "volume": 10})
        restes = []
        for jours in (0.9, 0.2, 400.0):
            entraide.clock.advance_to(entraide.clock.now() + timedelta(days=jours))
            await entretenir(entraide.service)
            restes.append((await _lignes(entraide, "appel_idempotent"), await _lignes(entraide, "audit")))
        assert restes == [(1, 1), (0, 1), (0, 1)]
    async with instantane(postgres_url) as conn:
        rapport = await verifier(conn, "entraide", {})
    assert (rapport.ok, rapport.elague, rapport.tete.numero) == (True, 1, 2)


async def _lignes(entraide: Entraide, table: str) -> int:
    nombre: int = await entraide.service.pool.fetchval(f"SELECT count(*) FROM entraide.{table}")
    return nombre
