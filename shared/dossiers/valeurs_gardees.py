"""Values asked often are kept computed: those of the whole network over one period, by definition and view.

A kept table is given only while no batch that touches what it was read from has committed since, and within the
hour it was made in where the present decides (``entrees``). Its version is read before its cells: what commits in
between makes it look older than it is, never newer, whenever it is stored. Whole months, and days lately gone by,
are kept in the database too, for every process and for SQL; the rest in memory.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

import shared
from shared.catalogue.indicateurs import Genre, Indicateur, indicateurs_du_service
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.ecrites import Ecrites
from shared.dossiers.entrees import DEPUIS_TOUJOURS, entrees, heure_de
from shared.dossiers.mouvements import JOURS_FINS, Mouvements, Numeros, mois_du, versions_a
from shared.dossiers.tableau import Etat, Tableau
from shared.dossiers.valeurs import Demande, Evaluateur
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import Valeur

MEMOIRE = 1_500
"""Tables of one period kept at hand by a process: about 40 indicators × 36 months, 60 kB each with their rows."""

JOURS_GARDES = 62
"""Days, before today, whose values are kept in the database one by one."""

_JOUR = 86_400

_CALCUL = ("indicators/**/*.py", "network/**/*.*", "dossiers/*.py", "catalogue/processus*", "catalogue/processus/*")
"""Files that values come from: another version of any of them is another definition."""

_REPONSE = ("dossiers/**/*.py", "catalogue/**/*.*", "indicators/**/*.py", "network/**/*.*")

_Cle = tuple[str, str, Periode]

_lire_valeurs = msgspec.json.Decoder(list[tuple[Any, ...]]).decode


@cache
def empreinte(motifs: tuple[str, ...] = _REPONSE) -> str:
    """Digest of the program's files that these patterns name, within ``shared``: it changes with any of them."""
    racine, resume = Path(shared.__path__[0]), blake2b(digest_size=12)
    for fichier in sorted({f for motif in motifs for f in racine.glob(motif) if f.is_file() and f.suffix != ".pyc"}):
        resume.update(fichier.relative_to(racine).as_posix().encode() + b"\0" + fichier.read_bytes())
    return resume.hexdigest()


def definition(indicateur: Indicateur) -> str:
    """What names a way of computing: the catalogue's entry, and the files that say how."""
    return blake2b(msgspec.json.encode(indicateur) + empreinte(_CALCUL).encode(), digest_size=12).hexdigest()


def definitions(service: str) -> Mapping[str, Indicateur]:
    """The indicators of a service by what names their present way of computing."""
    return {definition(i): i for i in indicateurs_du_service(service)}


class ValeursGardees:
    """The kept values of one schema. ``dictionnaire``: that of ``evaluateur``.

    Questions are made precise by ``valeurs.preciser``. Those about one caisse are answered from what is kept of the
    network, computed for it where events still arrive; else, and about a platform, they are not kept themselves.
    """

    def __init__(
        self, schema: str, evaluateur: Evaluateur, dictionnaire: Dictionnaire, mouvements: Mouvements | None = None
    ) -> None:
        self._schema = schema
        self._evaluateur = evaluateur
        self._dictionnaire = dictionnaire
        self._mouvements = mouvements or Mouvements(schema)
        self._memoire: OrderedDict[_Cle, Tableau] = OrderedDict()
        self._verrous: dict[tuple[str, str], asyncio.Lock] = {}
        self.ecrites = Ecrites()

    async def etats(self, conn: AsyncConnection, demandes: Sequence[Demande]) -> list[list[Etat]]:
        """What the values of each question, period by period, must have been made from to be right now.

        One or two short statements for all.
        """
        return (await self.etats_et_numeros(conn, demandes))[0]

    async def etats_et_numeros(
        self, conn: AsyncConnection, demandes: Sequence[Demande]
    ) -> tuple[list[list[Etat]], Mapping[int, Numeros]]:
        """``etats``, and the numbers they were told from: what else depends on them need not ask again."""
        lectures = [[entrees(d, periode) for periode in d.periodes] for d in demandes]
        code = self._dictionnaire.connait
        connues = [
            [(code("process", process) or 0, axe, du, au) for process, axe, du, au in lecture]
            for lues in lectures
            for lecture in lues
        ]
        numeros = await self._mouvements.numeros(conn, {process for lecture in connues for process, *_ in lecture})
        versions = iter(versions_a(numeros, connues))
        return [[Etat(next(versions), heure_de(d, periode)) for periode in d.periodes] for d in demandes], numeros

    async def tableaux(
        self, conn: AsyncConnection, demande: Demande, etats: Sequence[Etat] | None = None
    ) -> list[Tableau]:
        """The table of each period, kept or computed; ``etats``: as just given, else they are read.

        What is computed is stored and committed. Raises DemandeInvalide.
        """
        if etats is None:
            (etats,) = await self.etats(conn, [demande])
        if demande.plateforme is not None:
            return await self._calculer(conn, demande, dict.fromkeys(demande.periodes))
        nom = definition(demande.indicateur), demande.vue
        voulus = dict(zip(demande.periodes, etats, strict=True))
        trouves = await self._chercher(conn, nom, voulus, demande.maintenant)
        if demande.caisse is not None and not _du_moment(voulus.keys() - trouves.keys(), demande.maintenant):
            reste_a_lire = {p: e for p, e in voulus.items() if p not in trouves}
            trouves |= {t.periode: t for t in await self._calculer(conn, demande, reste_a_lire)}
        elif len(trouves) < len(voulus):
            # One computation at a time of the same values; who waited for it looks again, at what holds by then.
            async with self._verrous.setdefault(nom, asyncio.Lock()):
                voulus = {p: e for p, e in voulus.items() if p not in trouves}
                reste = replace(demande, periodes=list(voulus), caisse=None)
                (relus,) = await self.etats(conn, [reste])
                voulus = dict(zip(reste.periodes, relus, strict=True))
                trouves |= await self._chercher(conn, nom, voulus, demande.maintenant)
                calcules = await self._calculer(conn, reste, {p: e for p, e in voulus.items() if p not in trouves})
                # What events still move is left in the database by those who refresh it at their own pace.
                finis = [t for t in calcules if t.periode.au < demande.maintenant // _JOUR - 1]
                await self._garder(conn, nom, finis, demande.maintenant)
                trouves |= {t.periode: self._retenir(nom, t) for t in calcules}
        return [trouves[periode] for periode in demande.periodes]

    async def ensemble(self, conn: AsyncConnection, demandes: Sequence[Demande]) -> list[list[Tableau]]:
        """Several questions about the whole network at once: cells that several are made from are read once."""
        evaluateur, tous = self._evaluateur.a_memoire(), []
        # The states come before the first of the cells, and are not read again: what is remembered is of that time.
        for demande, etats in zip(demandes, await self.etats(conn, demandes), strict=True):
            nom = definition(demande.indicateur), demande.vue
            voulus = dict(zip(demande.periodes, etats, strict=True))
            trouves = await self._chercher(conn, nom, voulus, demande.maintenant)
            absents = {p: e for p, e in voulus.items() if p not in trouves}
            calcules = await self._calculer(conn, demande, absents, evaluateur)
            await self._garder(conn, nom, calcules, demande.maintenant)
            trouves |= {t.periode: t for t in calcules}
            tous.append([trouves[periode] for periode in demande.periodes])
        return tous

    async def perimees(self, conn: AsyncConnection, demandes: Sequence[Demande]) -> list[list[Periode]]:
        """Of each question, the periods that the database keeps no right values of."""
        lues = await conn.execute(
            text(f"SELECT definition, vue, du, au, version, heure FROM {self._schema}.valeurs_gardees")
        )
        gardes = {(d, vue, Periode(du, au)): Etat(version, heure) for d, vue, du, au, version, heure in lues}
        perimees = []
        for demande, etats in zip(demandes, await self.etats(conn, demandes), strict=True):
            nom = definition(demande.indicateur), demande.vue
            attendus = zip(demande.periodes, etats, strict=True)
            perimees.append([p for p, etat in attendus if gardes.get((*nom, p)) != etat])
        return perimees

    async def _chercher(
        self, conn: AsyncConnection, nom: tuple[str, str], voulus: Mapping[Periode, Etat], maintenant: int
    ) -> dict[Periode, Tableau]:
        """Those that are at hand or in the database and still right."""
        trouves: dict[Periode, Tableau] = {}
        for periode, etat in voulus.items():
            tableau = self._memoire.get((*nom, periode))
            if tableau is not None and tableau.etat == etat:
                self._memoire.move_to_end((*nom, periode))
                trouves[periode] = tableau
        absents = [p for p in voulus if p not in trouves and se_garde(p, maintenant)]
        if absents:
            lues = await conn.execute(
                text(
                    f"""
                    SELECT g.du, g.au, g.valeurs::text FROM {self._schema}.valeurs_gardees g
                    JOIN unnest(:du ::int[], :au ::int[], :version ::bigint[], :heure ::int[]) AS v(d, a, numero, h)
                    ON g.du = v.d AND g.au = v.a AND g.version = v.numero AND g.heure IS NOT DISTINCT FROM v.h
                    WHERE g.definition = :definition AND g.vue = :vue
                    """
                ),
                {"definition": nom[0], "vue": nom[1]} | _en_colonnes((p, voulus[p]) for p in absents),
            )
            for du, au, valeurs in lues.fetchall():
                periode = Periode(du, au)
                suite = [Valeur(v[0], periode, *v[1:]) for v in _lire_valeurs(valeurs)]
                trouves[periode] = self._retenir(nom, Tableau(periode, voulus[periode], suite))
        return trouves

    async def _calculer(
        self,
        conn: AsyncConnection,
        demande: Demande,
        voulus: Mapping[Periode, Etat | None],
        evaluateur: Evaluateur | None = None,
    ) -> list[Tableau]:
        """Values computed now, of states read before."""
        if voulus:
            await self._dictionnaire.actualiser(conn)
        valeurs: dict[Periode, list[Valeur]] = {periode: [] for periode in voulus}
        for suite in _suites(voulus, demande.indicateur.genre):
            for valeur in await (evaluateur or self._evaluateur).valeurs(conn, replace(demande, periodes=suite)):
                valeurs[valeur.periode].append(valeur)
        return [Tableau(periode, voulus[periode], v) for periode, v in valeurs.items()]

    async def _garder(
        self, conn: AsyncConnection, nom: tuple[str, str], tableaux: Sequence[Tableau], maintenant: int
    ) -> None:
        for tableau in tableaux:
            self._retenir(nom, tableau)
        durables = [(t.periode, t.etat, t.valeurs) for t in tableaux if se_garde(t.periode, maintenant) and t.etat]
        if not durables:
            return
        await conn.execute(
            text(
                f"""
                INSERT INTO {self._schema}.valeurs_gardees AS g (definition, vue, du, au, version, heure, valeurs)
                SELECT :definition, :vue, du, au, version, heure, valeurs::json FROM unnest(
                    :du ::int[], :au ::int[], :version ::bigint[], :heure ::int[], :valeurs ::text[]
                ) AS v(du, au, version, heure, valeurs) ORDER BY du, au
                ON CONFLICT (definition, vue, du, au) DO UPDATE SET
                    version = excluded.version, heure = excluded.heure, valeurs = excluded.valeurs, calculee = now()
                WHERE g.version <= excluded.version
                """
            ),
            {"definition": nom[0], "vue": nom[1], "valeurs": [_ecrire(v) for _, _, v in durables]}
            | _en_colonnes((p, e) for p, e, _ in durables),
        )
        await conn.commit()

    def _retenir(self, nom: tuple[str, str], tableau: Tableau) -> Tableau:
        self._memoire[(*nom, tableau.periode)] = tableau
        self._memoire.move_to_end((*nom, tableau.periode))
        while len(self._memoire) > MEMOIRE:
            self._memoire.popitem(last=False)
        return tableau


def se_garde(periode: Periode, maintenant: int) -> bool:
    """Whether values over that period go to the database: a whole month, or a day of the last ``JOURS_GARDES``."""
    if periode.du == periode.au:
        return 0 <= maintenant // _JOUR - periode.du <= JOURS_GARDES
    return periode == mois_du(periode.du)


def _du_moment(periodes: Iterable[Periode], maintenant: int) -> bool:
    """Whether the cells of all these periods are such that a batch has few of them read again."""
    return all(periode.du > maintenant // _JOUR - JOURS_FINS for periode in periodes)


def _suites(periodes: Iterable[Periode], genre: Genre) -> list[list[Periode]]:
    """The periods in runs that touch one another, each read at once; all in one for a stock, read from the start."""
    suites: list[list[Periode]] = []
    fin = 0
    for periode in sorted(periodes):
        if suites and (genre in DEPUIS_TOUJOURS or periode.du <= fin + 1):
            suites[-1].append(periode)
        else:
            suites.append([periode])
        fin = max(fin, periode.au)
    return suites


def _ecrire(valeurs: Sequence[Valeur]) -> str:
    return msgspec.json.encode([(v.caisse, *v[2:]) for v in valeurs]).decode()


def _en_colonnes(lignes: Iterable[tuple[Periode, Etat]]) -> dict[str, list[int | None]]:
    noms = ("du", "au", "version", "heure")
    colonnes = zip(*((*periode, *etat) for periode, etat in lignes), strict=True)
    return dict(zip(noms, map(list, colonnes), strict=True))
