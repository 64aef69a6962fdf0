"""Réitérations and induced contacts, from the sources' events to the API: both services, relays and consumers at
work, on both engines of the log. Figures worked by hand."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager

from services.claims.domain import DEFINITION as CLAIMS
from services.contacts.domain import DEFINITION as CONTACTS
from shared.catalogue.derives import REITERATION
from shared.clock import SimulatedClock
from shared.database.connexion import acquerir
from shared.dossiers import assemblage
from shared.dossiers.application import creer
from shared.dossiers.assemblage import Definition, ServiceDossiers, ouvrir
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.derives import emission
from shared.dossiers.derives.personnes import groupe_des_personnes
from shared.dossiers.derives.retention import des_chaines
from shared.dossiers.jours import jour_paris
from shared.dossiers.reconstruction import reconstruire
from shared.dossiers.retention import oublier
from shared.dossiers.verification import verifier
from shared.dossiers.verification_journal import verifier_journal
from shared.log.consommateur import ReglagesConsommateur
from shared.service.reglages import PARTITIONS, Reglages
from tests.integration.api.conftest import instant
from tests.support.attente import attendre

MARS = {"du": "2026-03-01", "au": "2026-03-31", "caisse": "cpam-75"}
CLAIRE, DENIS = "k1.cccccccccccccccccccccc", "k1.dddddddddddddddddddddd"
PRESENT = instant("2026-04-01 12:00")


@dataclass
class Reseau:
    """Both services on one log. ``personnes``: the repartition topic of this test."""

    contacts: ServiceDossiers
    claims: ServiceDossiers
    client: httpx.AsyncClient
    personnes: str

    async def envoyer(self, *evenements: dict[str, Any]) -> None:
        """Put events into the log of their service, and wait until all that comes of them is counted."""
        for service in (self.contacts, self.claims):
            siens = {p.code for p in service.definition.processus}
            items = [
                ("|".join((e["type"].split(".")[1], e["source"], e["subject"])).encode(), json.dumps(e).encode())
                for e in evenements
                if e["type"].split(".")[1] in siens
            ]
            await service.journal.ajouter(service.definition.topic, items)
        await attendre(self._tout_est_lu, 60, "tout n'est pas lu")

    async def _tout_est_lu(self) -> bool:
        for service, groupe, topic in (
            (self.contacts, "contacts", self.contacts.definition.topic),
            (self.claims, "claims", self.claims.definition.topic),
            (self.contacts, "", ""),
            (self.claims, "", ""),
            (self.contacts, groupe_des_personnes("contacts"), self.personnes),
        ):
            schema = service.definition.nom
            if not topic:
                if await service.pool.fetchval(f"SELECT EXISTS (SELECT FROM {schema}.boite_envoi)"):
                    return False
                continue
            lues = await service.pool.fetch(
                f"SELECT partition, next FROM {schema}.positions WHERE groupe = $1 AND topic = $2", groupe, topic
            )
            positions = {ligne["partition"]: ligne["next"] for ligne in lues}
            bornes = await service.journal.bornes(topic)
            if any(positions.get(p, 0) < b.fin for p, b in bornes.items()):
                return False
        return True

    async def lire(self, route: str, **options: Any) -> dict[str, Any]:
        reponse = await self.client.get(route, params=MARS | options)
        assert reponse.status_code == 200, reponse.text
        assert "cccccccc" not in reponse.text
        return dict(reponse.json())

    async def mesure(self, code: str, **options: str) -> tuple[float | None, int] | None:
        lues = (await self.lire(f"/v1/indicateurs/{code}/valeurs", **options))["valeurs"]
        return (lues[0]["valeur"], lues[0]["n"]) if lues else None

    async def exclusions(self, code: str, **options: str) -> tuple[tuple[int, int], dict[str, int], dict[str, int]]:
        """(numerator, denominator) of the value, what misses to the rate and what is left out, as they are said."""
        dit = await self.lire(f"/v1/indicateurs/{code}/explication", **options)
        manques, exclus = ({c["motif"]: c["n"] for c in dit[nom]} for nom in ("manques", "exclusions"))
        assert dit["denominateur"] - dit["numerateur"] == sum(manques.values())
        assert all(any(str(n) in phrase for phrase in dit["phrases"]) for n in exclus.values())
        return (dit["numerateur"], dit["denominateur"]), manques, exclus

    async def conforme(self, url: str) -> None:
        """``vigie verify`` and ``vigie verify --journal`` agree."""
        fabrique = partial(calculs_du_service, "contacts")
        assert (await verifier(url, "contacts", fabrique)).ok
        rapport = await verifier_journal(
            url, "contacts", "contacts", self.contacts.definition.topic, self.contacts.journal, self.contacts.lecteur,
            fabrique, (groupe_des_personnes("contacts"), self.personnes),
        )  # fmt: skip
        assert rapport.ok, list(rapport.lignes())
        assert "cccccccc" not in "\n".join(rapport.lignes())


def dossier(process: str, subject: str, jalons: dict[str, str], assure: str = CLAIRE, **autres: Any) -> dict[str, Any]:
    revision = autres.pop("revision", 0)
    dates = {nom: instant(t).isoformat() for nom, t in jalons.items()}
    return {
        "specversion": "1.0", "id": f"e-{subject}", "source": "urn:vigie:source:essai", "subject": subject,
        "type": f"vigie.{process}.dossier.v1", "revision": revision,
        "recordedtime": instant("2026-03-31 09:00").isoformat(),
        "data": {"caisse": "cpam-75", "jalons": dates, "assure": assure, **autres},
    }  # fmt: skip


def appel(
    subject: str, quand: str, motif: str | None = "indemnites_journalieres", fin: str = "decroche", **autres: Any
):
    return dossier("appel", subject, {"presente": quand, fin: quand}, **({"motif": motif} if motif else {}), **autres)


def ij(subject: str, recue: str, **autres: Any) -> dict[str, Any]:
    jalons = {"aat_recu": recue, "dsij_recue": recue, **autres.pop("jalons", {})}
    return dossier("ij", subject, jalons, subrogee="non", **autres)


@asynccontextmanager
async def en_marche(service: ServiceDossiers) -> AsyncIterator[None]:
    consommateurs = service.consommateurs(ReglagesConsommateur(lot_max=500, attente=0.05))
    taches = [asyncio.create_task(c.executer()) for c in consommateurs]
    relais = asyncio.create_task(service.relais().executer())
    try:
        yield
    finally:
        relais.cancel()
        for consommateur in consommateurs:
            consommateur.arreter()
        await asyncio.wait_for(asyncio.gather(*taches), 30)
        await asyncio.gather(relais, return_exceptions=True)


@pytest.fixture(params=["postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
def bootstrap(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("kafka_bootstrap") if request.param == "kafka" else None


@pytest.fixture
async def reseau(postgres_url: str, bootstrap: str | None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reseau]:
    personnes = f"essai.personnes.{uuid.uuid4().hex[:8]}"
    for module in (emission, assemblage):
        monkeypatch.setattr(module, "TOPIC_PERSONNES", personnes)

    def propre(definition: Definition) -> Definition:
        return replace(definition, topic=f"essai.{definition.nom}.{uuid.uuid4().hex[:8]}")

    clock = SimulatedClock(PRESENT)
    async with AsyncExitStack() as pile:
        app = creer(
            contacts_ := propre(CONTACTS),
            Reglages(database_url=postgres_url, role="api", kafka_bootstrap=bootstrap),
            clock,
        )
        vie = await pile.enter_async_context(LifespanManager(app, startup_timeout=60, shutdown_timeout=30))
        contacts = await pile.enter_async_context(
            ouvrir(contacts_, postgres_url, bootstrap, clock, taille_pool=14, partitions=PARTITIONS)
        )
        claims = await pile.enter_async_context(
            ouvrir(propre(CLAIMS), postgres_url, bootstrap, clock, partitions=PARTITIONS)
        )
        for service in (contacts, claims):
            await pile.enter_async_context(en_marche(service))
        client = await pile.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app=vie.app), base_url="http://essai", timeout=60)
        )
        yield Reseau(contacts, claims, client, personnes)


async def test_trois_appels_en_cinq_jours_d_une_personne_dont_l_ij_est_en_retard(
    reseau: Reseau, postgres_url: str
) -> None:
    """Claire's IJ, received on 2 February, is still open in March: late from the 28th of February (25 days). She
    calls on 9, 11 and 13 March; the second is abandoned. Denis calls once, about nothing in particular, answered;
    a call nobody can place is abandoned."""
    await reseau.envoyer(
        appel("A2", "2026-03-11 10:00", fin="abandonne"),
        ij("IJ1", "2026-02-02 09:00"),
        appel("A3", "2026-03-13 16:00"),
        appel("A1", "2026-03-09 09:00"),
        appel("A4", "2026-03-10 09:00", motif="droits", assure=DENIS),
        appel("A5", "2026-03-10 09:00", motif=None, fin="abandonne", assure=None),
    )
    assert await reseau.mesure("taux_reiteration") == (50.0, 4)
    assert await reseau.mesure("taux_contacts_induits") == (75.0, 4)
    assert await reseau.mesure("taux_decroche") == (60.0, 5)
    # Less A2 and A3: A1 and A4 of A1, A4 and A5.
    assert await reseau.mesure("taux_decroche_net") == (pytest.approx(200 / 3), 3)
    net = await reseau.exclusions("taux_decroche_net")
    assert net == ((2, 3), {"abandon_court": 1}, {"reiteration": 2})
    assert await reseau.exclusions("taux_decroche_hors_induits") == (
        (1, 2),
        {"abandon_court": 1},
        {"contact_induit": 3},
    )
    repetes_ = await reseau.exclusions("taux_reiteration")
    assert repetes_ == ((2, 4), {"pas_repetes": 2}, {"sans_assure_ou_motif": 1}), "A5 n'est de personne"
    induits_ = await reseau.exclusions("taux_contacts_induits")
    assert induits_ == ((3, 4), {"sans_dossier_en_retard": 1}, {"sans_assure_connu": 1})
    # Less A1, A2 and A3: A4 of A4 and A5.
    assert await reseau.mesure("taux_decroche_hors_induits") == (50.0, 2)

    repetes = await reseau.lire("/v1/reiterations")
    assert (repetes["contacts"], repetes["reiterations"], repetes["taux"]) == (4, 2, 50.0)
    assert repetes["motifs"][0] == {
        "motif": "indemnites_journalieres", "contacts": 3, "reiterations": 2, "taux": pytest.approx(200 / 3),
        "canaux": {"appel": 2}, "signale": False,
    }  # fmt: skip
    assert (await reseau.lire("/v1/reiterations", jours=1))["reiterations"] == 0
    assert (await reseau.lire("/v1/reiterations", jours=2))["reiterations"] == 2
    induits = await reseau.lire("/v1/contacts-induits")
    assert induits["motifs"][0] == {
        "motif": "indemnites_journalieres", "contacts": 3, "induits": 3, "taux": 100.0, "dossiers": {"ij": 3},
    }  # fmt: skip
    assert (await reseau.client.get("/v1/reiterations", params={"jours": 31})).status_code == 422
    await reseau.conforme(postgres_url)


async def test_une_correction_un_retrait_et_un_double_refont_la_chaine(reseau: Reseau, postgres_url: str) -> None:
    await reseau.envoyer(
        ij("IJ1", "2026-02-02 09:00"),
        appel("A1", "2026-03-09 09:00"),
        appel("A2", "2026-03-11 10:00"),
        appel("A3", "2026-03-13 16:00"),
    )
    assert await reseau.mesure("taux_reiteration") == (pytest.approx(200 / 3), 3)
    # The IJ had been paid on 10 March: only the first call is induced. A2 was Denis's. A1 comes twice.
    await reseau.envoyer(
        ij("IJ1", "2026-02-02 09:00", revision=1, jalons={"payee": "2026-03-10 09:00"}),
        appel("A2", "2026-03-11 10:00", revision=1, assure=DENIS),
        appel("A1", "2026-03-09 09:00"),
    )
    assert await reseau.mesure("taux_contacts_induits") == (pytest.approx(100 / 3), 3)
    assert await reseau.mesure("taux_reiteration") == (pytest.approx(100 / 3), 3)
    assert (await reseau.lire("/v1/reiterations", jours=3))["reiterations"] == 0
    retrait = appel("A3", "2026-03-13 16:00") | {
        "type": "vigie.appel.retrait.v1", "id": "r-A3", "data": {"cible": "e-A3"},
    }  # fmt: skip
    retrait.pop("revision")
    await reseau.envoyer(retrait)
    assert await reseau.mesure("taux_reiteration") == (0.0, 2)
    await reseau.conforme(postgres_url)


async def test_les_canaux_se_suivent_et_les_courriels_sont_nets(reseau: Reseau, postgres_url: str) -> None:
    """A call, then an e-mail on the same motif five days later, not answered; another person's e-mail, answered."""
    await reseau.envoyer(
        appel("A1", "2026-03-02 09:00", motif="droits"),
        dossier("courriel", "M1", {"recu": "2026-03-07 09:00"}, motif="droits"),
        dossier(
            "courriel", "M2", {"recu": "2026-03-09 09:00", "repondu": "2026-03-10 09:00"}, DENIS,
            motif="droits", caisse="cpam-13",
        ),
    )  # fmt: skip
    assert await reseau.mesure("part_courriels_repondus_net", caisse="reseau") == (100.0, 1)
    assert await reseau.mesure("part_courriels_repondus_net") == (None, 0), "tous ôtés : non mesuré"
    assert await reseau.exclusions("part_courriels_repondus_net", caisse="reseau") == ((1, 1), {}, {"reiteration": 1})
    assert (await reseau.lire("/v1/reiterations"))["motifs"][0]["canaux"] == {"courriel": 1}
    assert await reseau.mesure("taux_reiteration", caisse="cpam-13") == (0.0, 1)
    await reseau.conforme(postgres_url)


async def test_les_courriels_en_48_heures_se_lisent_sans_les_reiterations(reseau: Reseau, postgres_url: str) -> None:
    """Claire writes on the 2nd, answered too late, and again on the 5th, answered the same day; Denis, answered in
    time; of Tuesday the 31st's mail, still open, the 48 hours are not over on Wednesday."""
    await reseau.envoyer(
        dossier("courriel", "M1", {"recu": "2026-03-02 09:00", "repondu": "2026-03-05 08:00"}, motif="droits"),
        dossier("courriel", "M2", {"recu": "2026-03-05 09:00", "repondu": "2026-03-05 15:00"}, motif="droits"),
        dossier("courriel", "M3", {"recu": "2026-03-09 09:00", "repondu": "2026-03-11 09:00"}, DENIS, motif="droits"),
        dossier("courriel", "M4", {"recu": "2026-03-31 09:00"}, DENIS, motif="remboursement"),
    )
    assert await reseau.mesure("courriels_48h") == (pytest.approx(200 / 3), 3)
    assert await reseau.mesure("courriels_48h_net") == (50.0, 2), "sans le second courriel de Claire"
    dit = await reseau.exclusions("courriels_48h_net")
    assert dit == ((1, 2), {"clos_en_retard": 1}, {"reiteration": 1, "pas_echus": 1})
    await reseau.conforme(postgres_url)


async def test_la_rotation_de_la_cle_ne_rompt_ni_ne_double_aucune_chaine(reseau: Reseau, postgres_url: str) -> None:
    """Claire's IJ is late from 28 February. The key changes on 10 March: both pseudonyms, then the new one alone."""
    nouvelle = "k2.cccccccccccccccccccccc"
    await reseau.envoyer(
        ij("IJ1", "2026-02-02 09:00", assure=[nouvelle, CLAIRE]),
        appel("A3", "2026-03-13 16:00", assure=nouvelle),
        appel("A2", "2026-03-11 10:00", assure=[nouvelle, CLAIRE]),
        appel("A1", "2026-03-09 09:00"),
    )
    repetes = await reseau.lire("/v1/reiterations")
    assert (repetes["contacts"], repetes["reiterations"]) == (3, 2)
    induits = await reseau.lire("/v1/contacts-induits")
    assert (induits["contacts"], induits["induits"]) == (3, 3)
    await reseau.conforme(postgres_url)


async def test_rejouer_le_journal_des_personnes_ne_change_rien_et_les_pseudonymes_n_en_sortent_pas(
    reseau: Reseau, postgres_url: str
) -> None:
    await reseau.envoyer(
        ij("IJ1", "2026-02-02 09:00"), appel("A1", "2026-03-09 09:00"), appel("A2", "2026-03-11 10:00")
    )
    avant = await _flux(reseau)
    records = [
        record
        for partition, bornes in (await reseau.contacts.journal.bornes(reseau.personnes)).items()
        for record in await reseau.contacts.journal.lire(reseau.personnes, partition, bornes.debut, 100)
    ]
    assert len(records) == 3
    await reseau.contacts.journal.ajouter(reseau.personnes, [(r.key, r.value) for r in reversed(records)])
    await reseau.envoyer()
    assert await _flux(reseau) == avant
    pool = reseau.contacts.pool
    assert await pool.fetchval("SELECT count(*) FROM contacts.dossiers WHERE subject = $1", CLAIRE) == 1
    for table in ("dictionnaire", "rejets", "boite_envoi", "receptions", "provenances"):
        assert "cccccccc" not in str(await pool.fetch(f"SELECT * FROM contacts.{table}"))
    assert "reiteration" not in {
        reseau.contacts.dictionnaire.nom("process", li[0])
        for li in await pool.fetch("SELECT process FROM contacts.receptions")
    }
    reponse = await reseau.client.get(f"/v1/dossiers/reiteration/{CLAIRE}")
    assert reponse.status_code == 404
    assert "cccccccc" not in (await reseau.client.get("/metrics")).text
    await reseau.conforme(postgres_url)


async def test_une_regle_changee_se_reconstruit_et_les_vieilles_chaines_s_oublient_sans_perdre_leurs_chiffres(
    reseau: Reseau, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reseau.envoyer(
        ij("IJ1", "2026-02-02 09:00"),
        appel("A1", "2026-03-09 09:00"),
        appel("A2", "2026-03-11 10:00"),
        appel("D1", "2026-03-02 09:00", assure=DENIS),
    )
    service, pool = reseau.contacts, reseau.contacts.pool
    calculs = dict(calculs_du_service("contacts", service.dictionnaire))
    limites = {"ij": replace(calculs[REITERATION]._limites["ij"], jours=36)}
    monkeypatch.setattr(calculs[REITERATION], "_limites", limites)
    clock = SimulatedClock(PRESENT)
    fait = await reconstruire(pool, "contacts", REITERATION, calculs, service.dictionnaire, clock)
    assert (fait.vus, fait.changes) == (2, 1)
    assert await reseau.mesure("taux_contacts_induits") == (pytest.approx(100 / 3), 3), "le 9 mars fait 35 jours"
    await reconstruire(
        pool, "contacts", REITERATION, calculs_du_service("contacts", service.dictionnaire), service.dictionnaire, clock
    )
    avant = await reseau.lire("/v1/contacts-induits")
    assert avant["induits"] == 2

    horizon = jour_paris(instant("2026-04-02 00:00"))
    oubli = await oublier(pool, "contacts", [des_chaines(horizon)])
    assert (oubli.vus, oubli.purges) == (2, 1), "Claire a un dossier ouvert"
    assert await pool.fetchval("SELECT count(*) FROM contacts.dossiers WHERE subject = $1", DENIS) == 0
    assert await reseau.lire("/v1/contacts-induits") == avant
    await reseau.conforme(postgres_url)
    # What comes again from before the horizon, for a chain that is gone, is not counted twice.
    await reseau.envoyer(appel("D1", "2026-03-02 09:00", assure=DENIS, revision=1, motif="droits"))
    assert (await reseau.lire("/v1/contacts-induits"))["contacts"] == 3
    async with acquerir(pool) as conn:
        assert await conn.fetchval("SELECT raison FROM contacts.rejets") == "hors_horizon"


async def _flux(reseau: Reseau) -> list[tuple[Any, ...]]:
    lignes = await reseau.contacts.pool.fetch(
        "SELECT process, caisse, strate, jour, issue, sum(n) FROM contacts.flux GROUP BY 1, 2, 3, 4, 5 "
        "HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4, 5"
    )
    return [tuple(ligne) for ligne in lignes]
