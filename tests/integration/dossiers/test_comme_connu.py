"""As known on D is what only the events recorded by D would have given: random histories, every kind of indicator."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.catalogue.indicateurs import Indicateur, charger_indicateurs
from shared.catalogue.processus import Processus, charger_processus
from shared.clock import SimulatedClock
from shared.database.connexion import acquerir, creer_moteur, creer_pool
from shared.dossiers.comparaison import ETAPES, Comparaison, Lecture, comparer
from shared.dossiers.connu import soir
from shared.dossiers.contributions import noms_de
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.lieux import codes_par_slug, lieux
from shared.dossiers.pliage import plier
from shared.dossiers.retention import des_clos, oublier
from shared.dossiers.schema import ddl_v1
from shared.dossiers.store import Depot
from shared.dossiers.tables import TABLE
from shared.dossiers.traitement import TraitementDossiers
from shared.dossiers.valeurs import Demande, Evaluateur
from shared.events.lecture_en_lot import LecteurEnLot
from shared.indicators.periodes import Periode, decouper
from shared.indicators.statistiques import Valeur
from shared.log.tables import creer
from shared.log.types import Enregistrement
from shared.network.jours import jour_de
from tests.integration.dossiers.conftest import PARIS

DEBUT, FIN = date(2026, 2, 18), date(2026, 3, 12)
"""Recorded days."""

FEVRIER = date(2026, 2, 28)
PERIODES = [*decouper(date(2026, 2, 9), date(2026, 3, 15), "semaine"), *decouper(DEBUT, FIN, None)]
AUJOURD_HUI = int(datetime(2026, 3, 20, 12, tzinfo=UTC).timestamp())


def deux_par_genre() -> list[Indicateur]:
    """Two indicators of each kind, on two processes where there are; those of chains of persons come another way."""
    par_genre: dict[str, dict[str, Indicateur]] = {}
    for i in (i for i in charger_indicateurs().values() if i.process in charger_processus()):
        par_genre.setdefault(i.genre, {}).setdefault(i.process, i)
    return [i for par_process in par_genre.values() for i in list(par_process.values())[:2]]


INDICATEURS = deux_par_genre()
PROCESSUS = [charger_processus()[code] for code in dict.fromkeys(i.process for i in INDICATEURS)]
LECTEUR = LecteurEnLot(PROCESSUS, codes_par_slug())


@dataclass
class Magasin:
    """A schema with its handler, filled from events and emptied between two examples."""

    schema: str
    pool: asyncpg.Pool
    moteur: AsyncEngine
    dictionnaire: Dictionnaire
    traitement: TraitementDossiers

    async def remplir(self, evenements: Sequence[Mapping[str, Any]]) -> None:
        tables = ("dossiers", "rejets", "horizons", "plis", *TABLE.values())
        await self.pool.execute(f"TRUNCATE {', '.join(f'{self.schema}.{t}' for t in tables)}")
        records = [
            Enregistrement("essai", 0, rang, b"", json.dumps(e).encode(), 0) for rang, e in enumerate(evenements)
        ]
        lot = self.traitement.preparer(records)
        assert [r.message for r in lot.rejets] == []
        async with acquerir(self.pool) as conn, conn.transaction():
            await self.traitement.appliquer(conn, lot, 0)

    async def valeurs(self, jour: date, *, connu: bool) -> dict[str, list[Valeur]]:
        """Every indicator on the evening of ``jour``; ``connu``: of what was recorded by then, else of all there is."""
        maintenant = soir(jour_de(jour), AUJOURD_HUI)
        evaluateur = Evaluateur(self.schema, self.dictionnaire)
        lues = {}
        async with self.moteur.connect() as conn:
            for i in INDICATEURS:
                demande = Demande(i, PERIODES, maintenant, connu=jour_de(jour) if connu else None)
                lues[i.code] = sorted(await evaluateur.valeurs(conn, demande))
        return lues

    async def comparer(self, indicateur: Indicateur, a: date, b: date, periode: Periode) -> Comparaison:
        lectures = [Lecture(jour_de(j), soir(jour_de(j), AUJOURD_HUI), indicateur) for j in (a, b)]
        demande = Demande(indicateur, [periode], AUJOURD_HUI)
        async with self.moteur.connect() as conn:
            return await comparer(conn, self.schema, self.dictionnaire, demande, *lectures, separable=True)


async def ouvrir(url: str, schema: str) -> Magasin:
    pool = await creer_pool(url, 3)
    await pool.execute(f"CREATE SCHEMA {schema}")
    for ordre in (*ddl_v1(schema), *creer(schema)):
        await pool.execute(ordre)
    dictionnaire = Dictionnaire(schema)
    await dictionnaire.completer(pool, [nom for p in PROCESSUS for nom in noms_de(p)])
    calculs = {p.code: CalculEnLot(p, lieux(), dictionnaire) for p in PROCESSUS}
    traitement = TraitementDossiers(Depot(schema), LECTEUR, calculs, dictionnaire, pool, 1)
    return Magasin(schema, pool, creer_moteur(url, "essai", taille=1), dictionnaire, traitement)


@pytest.fixture
async def paire(postgres_vide: str) -> AsyncIterator[tuple[Magasin, Magasin]]:
    """The schema with everything, and the one that only has what was recorded by a day."""
    magasins = (await ouvrir(postgres_vide, "entier"), await ouvrir(postgres_vide, "temoin"))
    yield magasins
    for magasin in magasins:
        await magasin.pool.close()
        await magasin.moteur.dispose()


JOURS = st.integers(0, (FIN - DEBUT).days).map(lambda n: DEBUT + timedelta(n))


@st.composite
def evenements(draw, process: Processus) -> dict[str, Any]:
    """One event of a small world: three dossiers a process, three ids each, corrections and retractions."""
    recu = datetime.combine(draw(JOURS), datetime.min.time(), PARIS) + timedelta(hours=draw(st.integers(8, 22)))
    subject = draw(st.sampled_from(("D1", "D2", "D3")))
    corps: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{subject}-{draw(st.sampled_from('123'))}",
        "source": "urn:vigie:source:essai",
        "subject": subject,
        "revision": draw(st.integers(0, 2)),
        "recordedtime": recu.isoformat(),
    }
    if draw(st.integers(0, 6)) == 0:
        cible = f"{subject}-{draw(st.sampled_from('123'))}"
        return corps | {"id": f"r-{cible}", "type": f"vigie.{process.code}.retrait.v1", "data": {"cible": cible}}
    noms = draw(st.lists(st.sampled_from(sorted(process.jalons)), min_size=1, max_size=3, unique=True))
    dates = {nom: (recu - timedelta(hours=draw(st.integers(0, 200)))).isoformat() for nom in {*noms, *process.depart}}
    data: dict[str, Any] = {
        "caisse": draw(st.sampled_from(("cpam-75", "cpam-31", "cgss-974"))),
        "jalons": {nom: [quand] if process.jalons[nom] == "multiple" else quand for nom, quand in dates.items()},
        **{nom: draw(st.sampled_from(process.attributs[nom])) for nom in process.strates},
        **{nom: draw(st.integers(0, min(maximum, 50))) for nom, maximum in process.grandeurs.items()},
    }
    return corps | {"type": f"vigie.{process.code}.dossier.v1", "data": data}


@st.composite
def histoires(draw) -> list[dict[str, Any]]:
    """Events in the order in which they were accepted."""
    tirees = draw(st.lists(st.sampled_from(PROCESSUS).flatmap(evenements), min_size=4, max_size=60))
    return sorted(tirees, key=lambda e: datetime.fromisoformat(e["recordedtime"]))


def enregistres(histoire: Sequence[dict[str, Any]], au: date) -> list[dict[str, Any]]:
    return [e for e in histoire if datetime.fromisoformat(e["recordedtime"]).astimezone(PARIS).date() <= au]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(histoire=histoires(), jour=JOURS, horizon=JOURS, entretenu=st.booleans())
async def test_ce_qui_etait_connu_un_soir_est_ce_que_donnent_les_seuls_evenements_enregistres_alors(
    paire: tuple[Magasin, Magasin], histoire: list[dict[str, Any]], jour: date, horizon: date, entretenu: bool
) -> None:
    entier, temoin = paire
    await entier.remplir(histoire)
    if entretenu:
        await _entretenir(entier, horizon, datetime(2026, 3, 20, 12, tzinfo=UTC))
    await temoin.remplir(enregistres(histoire, jour))
    assert await entier.valeurs(jour, connu=True) == await temoin.valeurs(jour, connu=False)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(histoire=histoires(), horizon=JOURS)
async def test_une_fin_de_mois_reste_connue_apres_24_mois_la_purge_et_le_pliage_au_mois(
    paire: tuple[Magasin, Magasin], histoire: list[dict[str, Any]], horizon: date
) -> None:
    entier, temoin = paire
    await entier.remplir(histoire)
    await _entretenir(entier, horizon, datetime(2028, 3, 20, 12, tzinfo=UTC))
    await _entretenir(entier, horizon, datetime(2028, 5, 20, 12, tzinfo=UTC))
    for table in TABLE.values():
        jours = await entier.pool.fetch(f"SELECT DISTINCT enregistre FROM entier.{table}")
        assert {ligne[0] for ligne in jours} <= {jour_de(FEVRIER), jour_de(date(2026, 3, 31))}
    await temoin.remplir(enregistres(histoire, FEVRIER))
    assert await entier.valeurs(FEVRIER, connu=True) == await temoin.valeurs(FEVRIER, connu=False)
    await temoin.remplir(histoire)
    mars = date(2026, 3, 12)
    assert await entier.valeurs(mars, connu=False) == await temoin.valeurs(mars, connu=False)


async def _entretenir(magasin: Magasin, horizon: date, le: datetime) -> None:
    for process in PROCESSUS:
        await oublier(magasin.pool, magasin.schema, [des_clos(process.code, jour_de(horizon))])
    await plier(magasin.pool, magasin.schema, SimulatedClock(le), blocs=1)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(histoire=histoires(), jours=st.tuples(JOURS, JOURS).map(sorted), entretenu=st.booleans())
async def test_les_etapes_menent_exactement_d_une_valeur_connue_a_l_autre(
    paire: tuple[Magasin, Magasin], histoire: list[dict[str, Any]], jours: list[date], entretenu: bool
) -> None:
    entier, temoin = paire
    await entier.remplir(histoire)
    if entretenu:
        await _entretenir(entier, jours[0], datetime(2026, 3, 20, 12, tzinfo=UTC))
    connues = []
    for jour in jours:
        await temoin.remplir(enregistres(histoire, jour))
        connues.append(await temoin.valeurs(jour, connu=False))
    for indicateur in INDICATEURS:
        faite = await entier.comparer(indicateur, *jours, PERIODES[-1])
        attendues = [_reseau(lues[indicateur.code]) for lues in connues]
        assert [faite.valeur_a, faite.valeur_b] == attendues, indicateur.code
        assert tuple(etape.cause for etape in faite.etapes) == ETAPES
        etapes = faite.etapes
        assert [e.avant for e in etapes] == [attendues[0], *(e.apres for e in etapes[:-1])]
        assert etapes[-1].apres == attendues[1]
        if faite.difference is not None:
            assert sum((e.effet for e in etapes if e.effet is not None), Decimal(0)) == faite.difference


def _reseau(valeurs: Sequence[Valeur]) -> Decimal | None:
    trouvees = [v.valeur for v in valeurs if v.caisse == 0 and v.periode == PERIODES[-1]]
    if not trouvees or trouvees[0] is None:
        return None
    return Decimal(trouvees[0]).quantize(Decimal("0.000001"))
