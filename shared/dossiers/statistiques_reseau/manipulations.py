"""The gaming detectors of a service, per caisse, read from its cells (and, for one, from the dossiers closed)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.detecteurs import Detecteur, GenreDetecteur, detecteurs_du_service
from shared.catalogue.indicateurs import Indicateur, charger_indicateurs
from shared.catalogue.processus import Processus, charger_processus
from shared.dossiers.cellules import Filtre, Selection, entre, liste
from shared.dossiers.chronologie import arret_de, instant_depart, suspensions
from shared.dossiers.contributions import CLOS, DIMENSIONS, MESURES
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.echeances import duree
from shared.dossiers.etat import decoder_etat, jalons_de, ordre, synthese
from shared.dossiers.gardees import decoder_colonnes
from shared.dossiers.lieux import lieux
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds, slugs
from shared.dossiers.valeurs import Demande
from shared.events.contrat import CAUSES
from shared.indicators import detecteurs as regles
from shared.indicators.detecteurs import Detection
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU
from shared.network.jours import date_de

_PERIODES_D_AVANT = 3
_NORMALE = CAUSES.index("normal")
_LOT = 2_000
"""Dossiers decoded between two looks at what else the process has to do."""

_SUR_DOSSIERS: tuple[GenreDetecteur, ...] = ("accords_incomplets",)
"""Kinds read off the dossiers themselves, rather than off the cells."""

_DOSSIERS_D_AUJOURDHUI = (
    "Ce détecteur lit les dossiers, qui ne sont gardés que tels qu'ils sont aujourd'hui : demandez-le sans a_date."
)

Detections = Mapping[int, Detection]
"""By organism code; code 0: the network."""


class _Examen(NamedTuple):
    """One detector put to work over a period."""

    fonds: Fonds
    conn: AsyncConnection
    detecteur: Detecteur
    periode: Periode
    maintenant: int
    caisse: int | None
    connu: int | None

    @property
    def d_ici(self) -> str:
        """SQL: a row of the caisse that is asked about, if any."""
        return "" if self.caisse is None else f" AND caisse = {self.caisse:d}"


async def detecter(
    fonds: Fonds,
    conn: AsyncConnection,
    periode: Periode,
    maintenant: int,
    caisse: int | None,
    connu: int | None = None,
) -> list[Document]:
    """Every detector of the service over a period, with the caisses it is measured for (one, when given), the network
    first. ``connu``: as known on the evening of that Paris day, but for what is read off dossiers, which are kept as
    they are now."""
    noms = slugs()
    seule = None if caisse == RESEAU else caisse
    documents: list[Document] = []
    for detecteur in detecteurs_du_service(fonds.schema):
        inconnu = connu is not None and detecteur.genre in _SUR_DOSSIERS
        examen = _Examen(fonds, conn, detecteur, periode, maintenant, seule, connu)
        trouvees = {} if inconnu else await _LECTURES[detecteur.genre](examen)
        lignes = [
            {"caisse": noms[code], "valeur": float(d.valeur), "alerte": d.alerte}
            for code in noms
            if (d := trouvees.get(code)) is not None and d.valeur is not None and caisse in (None, code)
        ]
        documents.append(
            {
                "code": detecteur.code,
                "libelle": detecteur.libelle,
                "formule": detecteur.formule,
                "process": detecteur.process,
                "seuil": float(detecteur.seuil),
                "minimum": detecteur.minimum,
                "hypothese": True,
                "du": date_de(periode.du),
                "au": date_de(periode.au),
                "non_mesure": _DOSSIERS_D_AUJOURDHUI if inconnu else None,
                "alertes": sum(bool(ligne["alerte"]) for ligne in lignes if ligne["caisse"] != noms[RESEAU]),
                "caisses": lignes,
            }
        )
    return documents


async def _ecremage(e: _Examen) -> Detections:
    delais, ages = [
        {v.caisse: v for v in await e.fonds.evaluateur.valeurs(e.conn, _demande(e, indicateur))}
        for indicateur in (charger_indicateurs()[e.detecteur.parametres[nom]] for nom in ("delai", "age"))
    ]
    return {
        code: regles.ecremage(
            delais[code].numerateur,
            ages[code].numerateur,
            delais[code].n,
            ages[code].n,
            e.detecteur.seuil,
            e.detecteur.minimum,
        )
        for code in delais.keys() & ages.keys()
    }


def _demande(e: _Examen, indicateur: Indicateur) -> Demande:
    return Demande(indicateur, [e.periode], e.maintenant, caisse=e.caisse, connu=e.connu)


async def _clotures_rouvertes(e: _Examen) -> Detections:
    """A closing taken back on another recorded day by an event that is neither a correction nor a retraction. What
    only moves a closed file to another stratum or productrice is no reopening."""
    process = e.fonds.dictionnaire.connait("process", e.detecteur.process) or 0
    connus = "" if e.connu is None else f" AND enregistre <= {e.connu:d}"
    mouvements = (
        "SELECT caisse, cause, sum(n)::bigint AS n "
        f"FROM {e.fonds.schema}.clos WHERE process = {process:d} AND {entre('jour_clos', *e.periode)}{connus}{e.d_ici} "
        "GROUP BY caisse, jour_ouvert, jour_clos, enregistre, cause"
    )
    lignes = await e.conn.execute(
        text(
            f"SELECT caisse, -sum(CASE WHEN cause = {_NORMALE} THEN least(n, 0) ELSE 0 END)::bigint, sum(n)::bigint "
            f"FROM ({mouvements}) AS mouvements GROUP BY caisse"
        )
    )
    comptes = {li[0]: (li[1], li[1] + li[2]) for li in lignes.fetchall()}
    return _parts(
        comptes,
        lambda rouverts, clos: regles.clotures_rouvertes(rouverts, clos, e.detecteur.seuil, e.detecteur.minimum),
    )


async def _accords_incomplets(e: _Examen) -> Detections:
    processus, issues = charger_processus()[e.detecteur.process], e.detecteur.parametres["issues"]
    series = [
        code for code, nom in e.fonds.dictionnaire.noms("serie").items() if nom.startswith(f"{e.detecteur.process}|")
    ]
    # A state holds the names of its milestones: only those of files once suspended are worth decoding.
    suspendu = " OR ".join(
        f"position('\\x{debut.encode().hex()}'::bytea IN etat) > 0" for debut, _ in processus.suspensions
    )
    requete = (
        f"SELECT caisse, contributions, CASE WHEN {suspendu} THEN etat END FROM {e.fonds.schema}.dossiers "
        f"WHERE {entre('jour_clos', *e.periode)} AND serie = ANY({liste(series)}){e.d_ici}"
    )
    codes = [code for code in (e.fonds.dictionnaire.connait("issue", nom) for nom in issues) if code is not None]
    incomplets, accords = Counter[int](), Counter[int]()
    async for lot in (await e.conn.stream(text(requete))).partitions(_LOT):
        accords.update(_accords(codes, [contributions for _, contributions, _ in lot]))
        for caisse, _, etat in lot:
            if etat is not None:
                incomplets[caisse] += _incomplets(processus, issues, caisse, etat, e.fonds.dictionnaire)
    comptes = {caisse: (incomplets[caisse], n) for caisse, n in accords.items()}
    return _parts(comptes, lambda k, n: regles.accords_incomplets(k, n, e.detecteur.seuil, e.detecteur.minimum))


def _accords(issues: Sequence[int], contributions: Sequence[bytes]) -> Mapping[int, int]:
    """Items closed with one of these outcomes, by caisse, in what dossiers keep."""
    clos = decoder_colonnes(contributions).get(CLOS)
    if clos is None:
        return {}
    caisse, issue, n = clos[1][:, _CAISSE], clos[1][:, _ISSUE], clos[1][:, _N]
    sommes: Counter[int] = Counter()
    for c, nombre in zip(caisse.tolist(), (n * np.isin(issue, issues)).tolist(), strict=True):
        sommes[c] += nombre
    return sommes


_CAISSE, _ISSUE = DIMENSIONS[CLOS].index("caisse"), DIMENSIONS[CLOS].index("issue")
_N = len(DIMENSIONS[CLOS]) + MESURES[CLOS].index("n")


def _incomplets(processus: Processus, issues: list[str], caisse: int, etat: bytes, dictionnaire: Dictionnaire) -> int:
    """Items granted while a document was still awaited: those the dossier stands for, or none."""
    vivants = ordre((c for c in decoder_etat(etat).values() if c.temps), partial(dictionnaire.nom, "source"))
    jalons = jalons_de(vivants, processus.jalons)
    depart = instant_depart(processus, jalons)
    arret = arret_de(processus, jalons, depart, lieux()[caisse].fuseau.jour)
    if depart is None or arret is None or arret[1] not in issues:
        return 0
    fin = arret[0]
    pauses = suspensions(processus, jalons, depart, fin + 1)
    return synthese(vivants).nombre or 1 if pauses and pauses[-1][1] > fin else 0


async def _abandons(e: _Examen) -> Detections:
    p = e.detecteur.parametres
    echus = f"{entre('jour_clos', *e.periode)} AND {duree(p['horloge'])} > {int(p['limite'])}"
    part = {"num": f"CASE WHEN {e.fonds.issues(p['issues'])} THEN n ELSE 0 END", "den": "n"}
    comptes = await _sommes(e, Selection("clos", part, echus))
    return _parts(comptes, lambda k, n: regles.abandons_apres_echeance(k, n, e.detecteur.seuil, e.detecteur.minimum))


async def _gonflement(e: _Examen) -> Detections:
    p, longueur = e.detecteur.parametres, e.periode.au - e.periode.du + 1
    avant = Periode(e.periode.du - _PERIODES_D_AVANT * longueur, e.periode.du - 1)
    part = {
        "num": f"CASE WHEN {e.fonds.issues(p['issues'])} THEN n ELSE 0 END",
        "den": f"CASE WHEN {e.fonds.issues(p['parmi'])} THEN n ELSE 0 END",
    }
    maintenant_, alors = [
        _avec_reseau(await _sommes(e, Selection("flux", part, entre("jour", *quand)))) for quand in (e.periode, avant)
    ]
    return {
        code: regles.gonflement_abandons_courts(
            *maintenant_[code], *alors.get(code, (0, 0)), e.detecteur.seuil, e.detecteur.minimum
        )
        for code in maintenant_
    }


async def _sommes(e: _Examen, selection: Selection) -> dict[int, tuple[int, int]]:
    process = e.fonds.dictionnaire.connait("process", e.detecteur.process)
    if process is None:
        return {}
    lues = await e.fonds.sommer(
        e.conn, Filtre(process, "responsable", caisse=e.caisse, connu=e.connu), [selection], ("num", "den")
    )
    return {c: (k, n) for c, k, n in zip(*(lues[nom].tolist() for nom in ("caisse", "num", "den")), strict=True)}


def _avec_reseau(comptes: Mapping[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    return {RESEAU: (sum(k for k, _ in comptes.values()), sum(n for _, n in comptes.values())), **comptes}


def _parts(comptes: Mapping[int, tuple[int, int]], regle: Callable[[int, int], Detection]) -> Detections:
    return {code: regle(*parts) for code, parts in _avec_reseau(comptes).items()}


_Lecture = Callable[[_Examen], Awaitable[Detections]]

_LECTURES: Mapping[GenreDetecteur, _Lecture] = {
    "ecremage": _ecremage,
    "clotures_rouvertes": _clotures_rouvertes,
    "accords_incomplets": _accords_incomplets,
    "abandons_apres_echeance": _abandons,
    "gonflement_abandons_courts": _gonflement,
}
