"""Kept values: given only while nothing that they were read from has moved since, whoever computed or stored them."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import indicateur, indicateurs_du_service
from shared.dossiers.cellules import Entiers, Filtre, Selection, Vue
from shared.dossiers.mouvements import Mouvements, tasser
from shared.dossiers.pliage import plier
from shared.dossiers.sommes_gardees import CellierGarde, Sommes
from shared.dossiers.tables import PLIE
from shared.dossiers.valeurs import Demande, Evaluateur, preciser
from shared.dossiers.valeurs_gardees import ValeursGardees
from shared.indicators.periodes import Periode, decouper
from shared.indicators.statistiques import Valeur
from shared.network.jours import jour_de
from shared.network.reseau import charger
from tests.integration.api.conftest import LOT, Pile

CPAM_31 = charger().caisse("cpam-31").code
PERIODES = [
    *decouper(date(2025, 9, 1), date(2026, 4, 30), "mois"),
    *decouper(date(2026, 2, 27), date(2026, 3, 4), "jour"),
]
TIRES = ("appel", "courriel", "reclamation", "fse", "cmuc_acs")
VUES: tuple[Vue, ...] = ("responsable", "productrice")
FEVRIER = (Periode(jour_de(date(2026, 2, 1)), jour_de(date(2026, 2, 28))),)


def appel(pile: Pile, jour: str = "2026-02-10", issue: str = "decroche", **autres: Any) -> dict[str, Any]:
    return pile.dossier("appel", {"presente": f"{jour} 08:00", issue: f"{jour} 08:01"}, **autres)


def question(pile: Pile, code: str = "taux_decroche", periodes: tuple[Periode, ...] = FEVRIER) -> Demande:
    return preciser(Demande(indicateur(code), list(periodes), int(pile.clock.now().timestamp())))


def lire(pile: Pile) -> AsyncConnection:
    """A connection as the API has: each statement is of its own instant."""
    return pile.service.a_l_instant.connect()


async def n(pile: Pile, gardees: ValeursGardees, demande: Demande) -> list[int]:
    """What the network counts, period by period."""
    async with lire(pile) as conn:
        tableaux = await gardees.tableaux(conn, demande)
    return [next((v.n for v in t.valeurs if v.caisse == 0), 0) for t in tableaux]


def autre(pile: Pile, evaluateur: Evaluateur | None = None) -> ValeursGardees:
    """Another process on the same database, with nothing in memory."""
    nom, dictionnaire = pile.service.definition.nom, pile.service.dictionnaire
    evaluateur = evaluateur or Evaluateur(nom, dictionnaire, CellierGarde(nom))
    return ValeursGardees(nom, evaluateur, dictionnaire)


def a_l_etroit(pile: Pile) -> ValeursGardees:
    """A process that has no room to keep sums of cells."""
    nom = pile.service.definition.nom
    cellier = CellierGarde(nom, sommes=Sommes(Mouvements(nom), octets_max=20_000))
    return autre(pile, Evaluateur(nom, pile.service.dictionnaire, cellier))


class Intercale(Evaluateur):
    """An evaluator during whose computation something else happens, before or after it has read the cells."""

    def __init__(self, pile: Pile, entre: Callable[[], Awaitable[None]], *, apres: bool) -> None:
        nom = pile.service.definition.nom
        super().__init__(nom, pile.service.dictionnaire, CellierGarde(nom))
        self._entre, self._apres = entre, apres
        self.calculs = 0

    async def valeurs(self, conn: AsyncConnection, demande: Demande) -> list[Valeur]:
        self.calculs += 1
        if not self._apres:
            await self._entre()
        lues = await super().valeurs(conn, demande)
        if self._apres:
            await self._entre()
        return lues


async def rien() -> None:
    """Nothing happens."""


async def test_ce_qui_n_a_pas_bouge_n_est_calcule_qu_une_fois_pour_tous_les_processus(contacts: Pile) -> None:
    await contacts.compter(appel(contacts), appel(contacts, issue="abandonne"))
    compteur = Intercale(contacts, rien, apres=False)
    premier = autre(contacts, compteur)
    for gardees in (premier, premier, autre(contacts, compteur)):
        assert await n(contacts, gardees, question(contacts)) == [2]
    assert compteur.calculs == 1


@pytest.mark.parametrize("apres", [True, False], ids=["lues avant, rangees apres", "version lue avant, cellules apres"])
async def test_une_valeur_rangee_apres_un_lot_qu_elle_ignore_n_est_jamais_rendue(contacts: Pile, apres: bool) -> None:
    await contacts.compter(appel(contacts))
    lent = autre(contacts, Intercale(contacts, lambda: contacts.compter(appel(contacts)), apres=apres))
    await n(contacts, lent, question(contacts))
    assert await n(contacts, autre(contacts), question(contacts)) == [2]
    await contacts.compter(appel(contacts))
    assert await n(contacts, autre(contacts), question(contacts)) == [3]


async def test_un_calcul_parti_avant_n_ecrase_pas_celui_qui_sait_davantage(contacts: Pile) -> None:
    await contacts.compter(appel(contacts))

    async def pendant() -> None:
        await contacts.compter(appel(contacts))
        assert await n(contacts, autre(contacts), question(contacts)) == [2]

    await n(contacts, autre(contacts, Intercale(contacts, pendant, apres=True)), question(contacts))
    compteur = Intercale(contacts, rien, apres=False)
    assert await n(contacts, autre(contacts, compteur), question(contacts)) == [2]
    assert compteur.calculs == 0


async def test_des_lecteurs_pendant_que_l_on_ecrit_ne_voient_jamais_moins_que_ce_qui_est_valide(contacts: Pile) -> None:
    await contacts.compter(appel(contacts))
    lecteurs = [autre(contacts), autre(contacts), contacts.service.gardees]
    fini = asyncio.Event()
    vus = 0

    async def lire(gardees: ValeursGardees) -> None:
        nonlocal vus
        while not fini.is_set():
            valides = await contacts.service.pool.fetchval("SELECT sum(n) FROM contacts.flux")
            (vu,) = await n(contacts, gardees, question(contacts))
            assert vu >= valides
            vus += 1

    async with asyncio.TaskGroup() as groupe:
        taches = [groupe.create_task(lire(g)) for g in lecteurs]
        for _ in range(40):
            await contacts.poster(appel(contacts), "application/cloudevents+json")
        await contacts.ecouler()
        fini.set()
        await asyncio.gather(*taches)
    assert vus > 10
    assert {(await n(contacts, g, question(contacts)))[0] for g in lecteurs} == {41}


async def test_un_lot_ne_fait_recalculer_que_les_mois_qu_il_touche(contacts: Pile) -> None:
    await contacts.compter(appel(contacts, "2025-11-10"), appel(contacts, "2025-12-10"), appel(contacts, "2026-01-12"))
    mois = tuple(decouper(date(2025, 11, 1), date(2026, 1, 31), "mois"))
    demande = question(contacts, periodes=mois)
    vues: list[list[Periode]] = []

    class Espion(Evaluateur):
        async def valeurs(self, conn: AsyncConnection, demande: Demande) -> list[Valeur]:
            vues.append(list(demande.periodes))
            return await super().valeurs(conn, demande)

    gardees = autre(contacts, Espion("contacts", contacts.service.dictionnaire))
    assert await n(contacts, gardees, demande) == [1, 1, 1]
    await contacts.compter(appel(contacts, "2025-12-11"))
    assert await n(contacts, gardees, demande) == [1, 2, 1]
    await contacts.compter(contacts.dossier("courriel", {"recu": "2025-12-11 08:00"}))
    assert await n(contacts, gardees, demande) == [1, 2, 1]
    assert vues == [list(mois), [mois[1]]]


async def test_un_stock_ancien_bouge_quand_un_dossier_ouvert_avant_lui_change(claims: Pile) -> None:
    await claims.compter(claims.dossier("cmuc_acs", {"recue": "2025-10-06 08:00"}, id="a", subject="s"))
    assert await claims.mesure("stock_cmuc_acs", du="2025-12-01", au="2025-12-31") == (1.0, 1)
    await claims.compter(
        claims.dossier(
            "cmuc_acs", {"recue": "2025-10-06 08:00", "annulee": "2025-11-03 08:00"}, id="a", subject="s", revision=1
        )
    )
    assert await claims.mesure("stock_cmuc_acs", du="2025-12-01", au="2025-12-31") == (0.0, 0)
    assert await claims.mesure("stock_cmuc_acs", du="2025-10-01", au="2025-10-31") == (1.0, 1)


async def test_ce_que_le_present_decide_n_est_garde_que_dans_son_heure(contacts: Pile) -> None:
    await contacts.compter(contacts.dossier("courriel", {"recu": "2026-03-02 08:10"}))
    mars = {"du": "2026-03-01", "au": "2026-03-31"}
    contacts.il_est("2026-03-04 08:59")
    assert await contacts.mesure("courriels_48h", "reseau", **mars) == (None, 0)
    contacts.il_est("2026-03-04 09:00")
    assert await contacts.mesure("courriels_48h", "reseau", **mars) == (0.0, 1)
    # On the evening the month ends at La Réunion it goes on in Guadeloupe: nothing is final before it ends there.
    contacts.il_est("2026-04-01 01:00")
    await contacts.mesure("courriels_48h", "reseau", **mars)
    heures = (
        "SELECT heure FROM contacts.valeurs_gardees JOIN contacts.indicateurs USING (definition) "
        "WHERE indicateur = 'courriels_48h' AND du = $1 AND au = $2"
    )
    bornes = jour_de(date(2026, 3, 1)), jour_de(date(2026, 3, 31))
    assert await contacts.service.pool.fetch(heures, *bornes) == []
    contacts.il_est("2026-04-03 01:00")
    await contacts.mesure("courriels_48h", "reseau", **mars)
    (finale,) = await contacts.service.pool.fetch(heures, *bornes)
    assert finale["heure"] is None


async def test_le_tassement_des_mouvements_ne_rend_rien_de_perime(contacts: Pile) -> None:
    await contacts.compter(appel(contacts, "2026-02-10"), appel(contacts, "2026-02-20"), appel(contacts, "2026-03-01"))
    jours = (*FEVRIER, Periode(FEVRIER[0].du + 9, FEVRIER[0].du + 9))
    demande = question(contacts, periodes=jours)
    compteur = Intercale(contacts, rien, apres=False)
    gardees = autre(contacts, compteur)
    assert await n(contacts, gardees, demande) == [2, 1]
    avant = compteur.calculs
    async with contacts.service.pool.acquire() as conn, conn.transaction():
        assert await tasser(conn, "contacts", jour_de(date(2026, 3, 1)), PLIE) > 0
    assert await n(contacts, gardees, question(contacts)) == [2]
    assert compteur.calculs == avant
    await contacts.compter(appel(contacts, "2026-02-10"))
    assert await n(contacts, gardees, demande) == [3, 2]


def hasard(pile: Pile, tirage: random.Random) -> dict[str, Any]:
    """Some event of some process of the service, lately or long ago, new or a correction."""
    service = pile.service.definition.nom
    depart = datetime(2025, 9, 1, 8) + timedelta(hours=tirage.randrange(24 * 185))
    fin = depart + timedelta(hours=tirage.choice((0, 1, 30, 60, 300, 2_000)), minutes=3)
    quand, apres = f"{depart:%Y-%m-%d %H:%M}", f"{fin:%Y-%m-%d %H:%M}"
    sortes: dict[str, list[tuple[str, dict[str, str], dict[str, Any]]]] = {
        "contacts": [
            ("appel", {"presente": quand, tirage.choice(("decroche", "abandonne")): apres[:11] + quand[11:]}, {}),
            ("courriel", {"recu": quand, tirage.choice(("repondu", "clos_sans_reponse")): apres}, {}),
            ("courriel", {"recu": quand}, {}),
            ("reclamation", {"recue": quand, tirage.choice(("repondue", "annulee")): apres}, {}),
        ],
        "claims": [
            ("fse", {"recue": quand, "payee": apres}, {"beneficiaire": "assure"}),
            ("fse", {"recue": quand}, {"beneficiaire": "assure"}),
            ("cmuc_acs", {"recue": quand, tirage.choice(("decidee_accord", "decidee_refus")): apres}, {}),
        ],
    }
    process, jalons, autres = tirage.choice(sortes[service])
    if process == "appel":
        jalons = dict.fromkeys(jalons, quand)
    numero = tirage.randrange(40)
    autres |= {"id": f"{process}-{numero}", "subject": f"{process}-{numero}", "revision": tirage.randrange(1_000)}
    lieux = {"caisse": tirage.choice(("cpam-75", "cgss-974", "cpam-31")), "productrice": "cpam-31"}
    return pile.dossier(process, jalons, nombre=tirage.randrange(1, 4), **lieux, **autres)


@pytest.mark.parametrize("graine", [1, 2])
async def test_ce_qui_est_garde_egale_toujours_ce_qu_un_calcul_neuf_donnerait(
    contacts: Pile, claims: Pile, graine: int
) -> None:
    tirage = random.Random(graine)
    for pile in (contacts, claims):
        nom, pool = pile.service.definition.nom, pile.service.pool
        choisis = {i.genre: i for i in indicateurs_du_service(nom) if i.process in TIRES}
        anciens = [autre(pile), pile.service.gardees, a_l_etroit(pile)]
        for tour in range(10):
            await pile.compter(*(hasard(pile, tirage) for _ in range(tirage.randrange(1, 4))))
            pile.clock.advance_to(pile.clock.now() + timedelta(minutes=tirage.choice((5, 50, 700, 1_500))))
            maintenant = int(pile.clock.now().timestamp())
            if tour % 4 == 3:
                await plier(pool, nom, pile.clock)
                async with pool.acquire() as conn, conn.transaction():
                    await tasser(conn, nom, maintenant // 86_400 - tirage.choice((20, 60, 90)), PLIE)
            for choisi in choisis.values():
                for vue in VUES if not choisi.genre.startswith("stock") else VUES[:1]:
                    await verifier(pile, anciens, Demande(choisi, PERIODES, maintenant, vue))


async def verifier(pile: Pile, anciens: list[ValeursGardees], demande: Demande) -> None:
    """What is kept of the network, and of one caisse of it, is what is computed anew."""
    neuf = Evaluateur(pile.service.definition.nom, pile.service.dictionnaire)
    async with lire(pile) as conn:
        await pile.service.dictionnaire.actualiser(conn)
        neuves = await neuf.valeurs(conn, demande)
        for gardees in (*anciens, autre(pile)):
            lus = await gardees.tableaux(conn, preciser(demande))
            assert {v for t in lus for v in t.valeurs} == set(neuves), (demande.indicateur.code, demande.vue)
        une = replace(demande, caisse=CPAM_31)
        trouvees = {v for t in await anciens[0].tableaux(conn, preciser(une)) for v in t.valeurs}
        assert {v for v in trouvees if v.caisse == CPAM_31} == {v for v in neuves if v.caisse == CPAM_31}


async def test_apres_un_lot_seuls_les_jours_qu_il_touche_sont_relus(contacts: Pile, claims: Pile) -> None:
    jours = [f"2026-{mois:02d}-{jour:02d}" for mois in (1, 2) for jour in (5, 14, 27)]
    await contacts.compter(*(appel(contacts, jour) for jour in jours), appel(contacts, "2026-03-02"))
    stocks = {"recue": "2025-06-02 08:00"}, {"recue": "2026-03-01 08:00"}
    await claims.compter(*(claims.dossier("cmuc_acs", jalons) for jalons in stocks))
    mars = (Periode(jour_de(date(2026, 3, 1)), jour_de(date(2026, 3, 31))),)
    cas = (
        (contacts, "taux_decroche", appel(contacts, "2026-03-02"), [1], [2]),
        (claims, "stock_cmuc_acs", claims.dossier("cmuc_acs", {"recue": "2026-03-02 08:00"}), [2], [3]),
    )
    for pile, code, lot, avant, apres in cas:
        espion = Lectures(pile.service.definition.nom)
        nom, dictionnaire = pile.service.definition.nom, pile.service.dictionnaire
        gardees = autre(pile, Evaluateur(nom, dictionnaire, espion))
        assert await n(pile, gardees, question(pile, code, mars)) == avant
        assert espion.jours(), "la premiere fois tout est lu"
        espion.coupes.clear()
        await pile.compter(lot)
        assert await n(pile, gardees, question(pile, code, mars)) == apres
        assert espion.jours() == {mars[0].du + 1}, "le 2 mars seulement"


class Lectures(CellierGarde):
    """A reader that says which days were read in the database."""

    def __init__(self, schema: str) -> None:
        super().__init__(schema)
        self.coupes: list[tuple[int, ...]] = []
        self._nu = self

    async def sommer(
        self, conn: AsyncConnection, filtre: Filtre, selections: Sequence[Selection], mesures: Sequence[str]
    ) -> dict[str, Entiers]:
        brute: Any = (await conn.get_raw_connection()).driver_connection
        if brute.is_in_transaction():
            self.coupes += [s.jours.coupes for s in selections if s.jours]
        return await super().sommer(conn, filtre, selections, mesures)

    def jours(self) -> set[int]:
        return {jour for coupes in self.coupes for jour in range(coupes[0], coupes[-1])}


async def test_une_reponse_faite_de_morceaux_est_d_un_seul_instant(contacts: Pile) -> None:
    jours = ("2026-02-03", "2026-02-26", "2026-03-01")
    combien = 12

    def place(numero: int, revision: int) -> dict[str, Any]:
        nom = f"appel-{numero}"
        return appel(contacts, jours[(numero + revision) % 3], id=nom, subject=nom, revision=revision)

    await contacts.compter(*(place(numero, 0) for numero in range(combien)))
    periode = (Periode(jour_de(date(2026, 2, 1)), jour_de(date(2026, 3, 2))),)
    lecteurs, fini, vus = [autre(contacts), a_l_etroit(contacts)], asyncio.Event(), 0

    async def relire(gardees: ValeursGardees) -> None:
        nonlocal vus
        while not fini.is_set():
            assert await n(contacts, gardees, question(contacts, periodes=periode)) == [combien]
            vus += 1

    async with asyncio.TaskGroup() as groupe:
        for gardees in lecteurs:
            groupe.create_task(relire(gardees))
        for revision in range(1, 25):
            await contacts.poster([place(numero, revision) for numero in range(combien)], LOT)
        await contacts.ecouler()
        fini.set()
    assert vus > 10
