"""Every operation of the APIs, called with what nobody should send: none breaks, and all answer as they say.

The campaign is ``make fuzz``; this is a few calls of it, always the same.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from asgi_lifespan import LifespanManager

from bench.fuzz.apis import HASARD, eprouver
from services.entraide.app import creer
from services.entraide.assemblage import ServiceEntraide
from services.entraide.poles.importation import REGISTRE, amorcer
from services.entraide.reglages import ReglagesEntraide
from tests.integration.alerts.conftest import Reseau, journal_capture, reseau, servir

__all__ = ["journal_capture", "reseau"]

JOUR = "2026-03-02"
"""A Monday, the present of the services."""


@pytest.fixture
async def adresses(reseau: Reseau, postgres_url: str) -> AsyncIterator[dict[str, str]]:
    """The four services on loopback, with calls and claims counted, an alert declared and poles to lend."""
    assert reseau.contacts is not None
    assert reseau.claims is not None
    await reseau.contacts.compter(
        *(
            reseau.contacts.dossier("appel", {"presente": f"{JOUR} 08:0{n}", "decroche": f"{JOUR} 08:0{n}"})
            for n in range(9)
        )
    )
    await reseau.claims.compter(*(reseau.claims.dossier("fse", {"recue": f"{JOUR} 08:0{n}"}) for n in range(9)))
    await reseau.evaluer()
    trouvees = {nom: getattr(reseau.service.reglages, f"{nom}_url") for nom in ("contacts", "claims")}
    async with AsyncExitStack() as pile:
        trouvees["alerts"] = await pile.enter_async_context(servir(reseau.app))
        reglages = ReglagesEntraide(
            database_url=postgres_url, role="api", **{f"{n}_url": a for n, a in trouvees.items()}
        )
        app = creer(reglages, reseau.clock)
        await pile.enter_async_context(LifespanManager(app, startup_timeout=30, shutdown_timeout=30))
        service = app.pieces[ServiceEntraide]
        assert isinstance(service, ServiceEntraide)
        await amorcer(service.moteur, REGISTRE.read_text(encoding="utf-8"), reseau.clock.now())
        trouvees["entraide"] = await pile.enter_async_context(servir(app))
        yield trouvees


@pytest.mark.timeout(600)
async def test_no_call_breaks_an_api_and_each_answers_as_its_document_says(
    adresses: dict[str, str], journal_capture: list[dict[str, object]]
) -> None:
    for nom in ("contacts", "alerts", "entraide"):  # claims is contacts, less its routes on calls
        adresse = adresses[nom]
        fait = await eprouver(adresse, graine=8, exemples=1, phases=(HASARD,), entetes={"If-Match": "*"})
        assert fait.fautes == [], f"{nom}\n{fait.recit}"
        assert fait.cas >= fait.operations, nom
    assert [ligne for ligne in journal_capture if ligne["event"] == "erreur inattendue"] == []
