"""The pseudonyms of a destroyed key are erased from both services; figures, verification and register hold."""

from functools import partial
from typing import Any

import pytest

from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.effacement import Effacement
from shared.dossiers.verification import verifier
from tests.integration.api.conftest import instant, journal_capture
from tests.integration.api.test_personnes import CLAIRE, DENIS, Reseau, appel, dossier, ij, reseau
from vigie.pseudonymes import EFFACER, EffacementImpossible, effacer_partout

__all__ = ["journal_capture", "reseau"]

NOUVELLE = "k2.cccccccccccccccccccccc"
AU_REPOS = instant("2026-05-15 12:00")
"""The last events were recorded on 31 March: the 31 days are over."""


@pytest.fixture
def bootstrap() -> None:
    """The embedded log: what is erased is the same on both."""


async def chiffres(reseau: Reseau) -> tuple[Any, ...]:
    repetes, induits = await reseau.lire("/v1/reiterations"), await reseau.lire("/v1/contacts-induits")
    return (repetes["contacts"], repetes["reiterations"], induits["contacts"], induits["induits"])


async def restes(reseau: Reseau) -> int:
    """Rows of both services that hold a pseudonym of k1."""
    requetes = (
        "SELECT count(*) FROM {}.dossiers WHERE position('k1.ccccc'::bytea in etat) > 0 OR subject LIKE 'k1.%'",
        "SELECT count(*) FROM {}.rejets WHERE position('k1.'::bytea in contenu) > 0",
    )
    return sum(
        [await reseau.contacts.pool.fetchval(r.format(schema)) for r in requetes for schema in ("contacts", "claims")]
    )


async def test_effacer_une_cle_ne_laisse_rien_d_elle_et_ne_change_aucun_chiffre(
    reseau: Reseau, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.dossiers.effacement.LOT", 1)
    services = [reseau.contacts, reseau.claims]
    tardif = appel("A1", "2026-03-09 09:00", revision=1, fin="abandonne")
    await reseau.envoyer(
        ij("IJ1", "2026-02-02 09:00", assure=[NOUVELLE, CLAIRE]),
        appel("A1", "2026-03-09 09:00"),
        appel("A2", "2026-03-11 10:00", assure=[NOUVELLE, CLAIRE]),
        appel("A3", "2026-03-13 16:00", assure=NOUVELLE),
        appel("A4", "2026-03-14 16:00", assure=DENIS, caisse="cpam-inconnue"),
    )
    assert await chiffres(reseau) == (avant := (3, 2, 3, 3))
    assert await restes(reseau) > 0
    with pytest.raises(EffacementImpossible, match="sert encore"):
        await effacer_partout(services, "k1", instant("2026-04-01 12:00"), reseau.personnes)
    with pytest.raises(EffacementImpossible, match="k7"):
        await effacer_partout(services, "k7", AU_REPOS, reseau.personnes)

    faits = await effacer_partout(services, "k1", AU_REPOS, reseau.personnes)
    assert faits == {"contacts": Effacement(2, 1, 1), "claims": Effacement(1, 0, 0)}
    assert await restes(reseau) == 0
    assert await chiffres(reseau) == avant
    await conformes(reseau, postgres_url)

    # Sent again, corrected: refused, and not kept. Under the present key, she is still followed.
    await reseau.envoyer(tardif, appel("A5", "2026-03-20 09:00", assure=NOUVELLE))
    assert await chiffres(reseau) == (4, 3, 4, 4)
    (rejet,) = await reseau.contacts.pool.fetch("SELECT contenu FROM contacts.rejets WHERE raison = 'cle_effacee'")
    assert rejet["contenu"] is None
    # Her IJ had been paid on the 12th: what is counted under the present key follows, what is sealed stays.
    await reseau.envoyer(
        dossier("ij", "IJ1", {"payee": "2026-03-12 09:00"}, NOUVELLE, subrogee="non") | {"id": "e-IJ1-payee"}
    )
    assert await chiffres(reseau) == (4, 3, 4, 2)
    assert await effacer_partout(services, "k1", AU_REPOS, reseau.personnes) == {
        "contacts": Effacement(), "claims": Effacement(),
    }  # fmt: skip
    await conformes(reseau, postgres_url)
    inscrites = await reseau.contacts.pool.fetch(
        "SELECT issue, objet->>'cle', objet->>'dossiers' FROM contacts.audit WHERE route = $1 ORDER BY numero", EFFACER
    )
    assert [tuple(ligne) for ligne in inscrites] == [
        ("commence", "k1", None), ("fait", "k1", "2"), ("commence", "k1", None), ("fait", "k1", "0"),
    ]  # fmt: skip


async def conformes(reseau: Reseau, url: str) -> None:
    await reseau.conforme(url)
    assert (await verifier(url, "claims", partial(calculs_du_service, "claims"))).ok
