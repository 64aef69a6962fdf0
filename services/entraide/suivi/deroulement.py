"""How a mission goes: delivered against agreed, every indicator in both views, the aidée without the aid."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from services.entraide.besoins.aides import Montees, prevu
from services.entraide.domain.contrefactuel import CONTACTS, DOSSIERS, Ecoulement, ecouler, taux_sans
from services.entraide.domain.livraison import SEMAINES_APRES, Livraison, confronter, part
from services.entraide.domain.semaines import JOURS, lundi_de
from services.entraide.propositions.lignes import Lue
from services.entraide.suivi import lecture, phrases
from services.entraide.suivi.missions import (
    COTES,
    Suivi,
    a_commence,
    caisse_du_cote,
    debut,
    fin,
    processus_de,
    suivis,
)
from shared.catalogue.seuils import Vue
from shared.network.jours import date_de
from shared.network.reseau import charger
from shared.network.tram import charger_tram
from shared.service.amonts import Amonts

SEMAINES_AVANT = 26
"""Weeks read before the mission: the ages of the open files follow from what came in them."""

FENETRE = 4
"""Weeks over which the indicator without aid is said, the last that are over."""

VUES: tuple[Vue, ...] = ("responsable", "productrice")


async def livraison(
    amonts: Amonts, lue: Lue, toutes: Sequence[Lue], montees: Montees, jour: int
) -> tuple[Livraison, bool]:
    """Delivered against agreed on day ``jour``; whether it is a share of what several missions of the pair did.

    Raises LectureImpossible.
    """
    siens, autres = prevus(lue, montees), _des_jumelles(lue, toutes, montees)
    faits = await livres(amonts, lue, toutes, montees, debut(lue), jour)
    presents = {lundi: n for lundi, n in faits.items() if n or lundi in siens}
    cumulatif = processus_de(lue).forme != "flux"
    vue = confronter(siens, presents, lue.proposition.termes.volume, jour, cumulatif=cumulatif)
    return vue, any(siens.keys() & a.keys() for a in autres)


async def livres(
    amonts: Amonts, lue: Lue, toutes: Sequence[Lue], montees: Montees, du: int, au: int
) -> dict[int, float]:
    """What was delivered by Monday, of the days [du, au] of the mission and of the weeks after its end. What a prenante
    does for its cédante (TRAM) is not the mission's. Raises LectureImpossible."""
    process, p, tram = processus_de(lue), lue.proposition, charger_tram()
    premier, dernier = max(du, debut(lue)), min(au, lundi_de(fin(lue)) + JOURS * (SEMAINES_APRES + 1) - 1)
    siens, autres = prevus(lue, montees), _des_jumelles(lue, toutes, montees)
    faits: defaultdict[int, float] = defaultdict(float)
    if premier <= dernier:
        for fait in await lecture.travail(
            amonts, process.service, process.code, premier, dernier, caisse=p.aidee, productrice=p.aidante
        ):
            lundi = lundi_de(fait.du)
            if not tram.traite(p.process, p.aidante, p.aidee, fait.du):
                faits[lundi] += fait.livre * part(lundi, siens, autres)
    return dict(faits)


def _des_jumelles(lue: Lue, toutes: Sequence[Lue], montees: Montees) -> list[dict[int, float]]:
    """What is expected of the other missions of the pair on the process."""
    return [prevus(a, montees) for a in toutes if a.id != lue.id and a_commence(a) and _meme_paire(a, lue)]


def prevus(lue: Lue, montees: Montees) -> dict[int, float]:
    """Volume expected of a mission in each week, by Monday."""
    return prevu(lue, montees, fin(lue))


def _meme_paire(a: Lue, b: Lue) -> bool:
    x, y = a.proposition, b.proposition
    return (x.aidante, x.aidee, x.process) == (y.aidante, y.aidee, y.process)


def presenter_livraison(vue: Livraison, lue: Lue, partagee: bool) -> dict[str, Any]:
    unite, p = processus_de(lue).unite, lue.proposition
    tram = charger_tram().traite(p.process, p.aidante, p.aidee, debut(lue))
    return {
        "unite": unite,
        "convenu": vue.convenu,
        "attendu": vue.attendu,
        "livre": vue.livre,
        "manque": vue.manque,
        "en_retard": vue.en_retard,
        "hors_periode": vue.hors_periode,
        "partagee": partagee,
        "semaines": [{**asdict(s), "lundi": date_de(s.lundi)} for s in vue.semaines],
        "tram": tram,
        "phrase": phrases.livraison(vue, unite, charger().par_slug[p.aidante].nom, tram=tram),
    }


async def attribution(amonts: Amonts, lue: Lue, du: int, au: int) -> list[dict[str, Any]]:
    """Every indicator looked at, of both caisses, as responsible and as executing. Raises LectureImpossible.

    A stock has no executing side: nobody has worked an open file yet.
    """
    lignes = []
    for suivi in suivis(lue.proposition.process):
        defini = suivi.indicateur
        lues: dict[str, dict[str, Any]] = {}
        for cote in COTES:
            lues[cote] = {"caisse": caisse_du_cote(lue, cote)}
            for vue in VUES:
                lues[cote][vue] = None
                if vue == "responsable" or defini.genre != "stock":
                    lues[cote][vue] = await _valeur(amonts, suivi, du, au, vue, caisse_du_cote(lue, cote))
        tete = {"indicateur": defini.code, "libelle": defini.libelle, "unite": defini.unite, "sens": defini.sens}
        lignes.append({**tete, "version": defini.version, **lues})
    return lignes


async def _valeur(amonts: Amonts, suivi: Suivi, du: int, au: int, vue: Vue, caisse: str) -> dict[str, Any] | None:
    lues = await lecture.valeurs(amonts, suivi.indicateur, du, au, vue, caisse)
    return {c: lues[0][c] for c in ("valeur", "n", "verdict", "cible")} if lues else None


async def contrefactuel(amonts: Amonts, lue: Lue, jour: int, livre: Livraison) -> dict[str, Any]:
    """The aidée without the aid, with its assumption in words. Raises LectureImpossible."""
    if processus_de(lue).forme == "flux":
        return await _sans_contacts(amonts, lue, jour, livre)
    dernier = min(lundi_de(jour), lundi_de(fin(lue)) + JOURS * (SEMAINES_APRES + 1)) - 1
    if dernier < debut(lue):
        return {"hypothese": DOSSIERS, "phrase": "Aucune semaine de la mission n'est encore finie.", "semaines": []}
    vue = await _ecouler(amonts, lue, dernier, livre)
    semaines = [
        {
            "lundi": date_de(debut(lue) + JOURS * rang), "observe": o, "avec": a, "sans": s,
            "attente_avec": round(aa, 1), "attente_sans": round(sa, 1),
        }
        for rang, (o, a, s, aa, sa) in enumerate(
            zip(vue.observe, vue.avec, vue.sans, vue.attente_avec, vue.attente_sans, strict=True)
        )
    ]  # fmt: skip
    return {
        "hypothese": DOSSIERS,
        "phrase": phrases.ecoulement(vue, charger().par_slug[lue.proposition.aidee].nom),
        "semaines": semaines,
        "indicateurs": await _delais_sans(amonts, lue, dernier, vue, livre),
    }


async def _ecouler(amonts: Amonts, lue: Lue, dernier: int, livre: Livraison) -> Ecoulement:
    process, p, du = processus_de(lue), lue.proposition, debut(lue) - JOURS * SEMAINES_AVANT
    lundis = list(range(du, dernier, JOURS))
    stocks, clos = dict.fromkeys(lundis, 0.0), dict.fromkeys(lundis, 0.0)
    for suivi in suivis(p.process):
        if suivi.indicateur.genre == "stock":
            for ligne in await lecture.valeurs(
                amonts, suivi.indicateur, du, dernier, "responsable", p.aidee, "semaine"
            ):
                stocks[lecture.jour_lu(ligne["du"])] += ligne["valeur"] or 0
    for fait in await lecture.travail(amonts, process.service, process.code, du, dernier, caisse=p.aidee):
        clos[fait.du] += fait.clos
    aides = {s.lundi: s.livre for s in livre.semaines}
    return ecouler(
        list(stocks.values()), list(clos.values()), [aides.get(lundi, 0.0) for lundi in lundis], SEMAINES_AVANT
    )


async def _delais_sans(
    amonts: Amonts, lue: Lue, dernier: int, vue: Ecoulement, livre: Livraison
) -> list[dict[str, Any]]:
    """The watched indicators of the aidée over the last weeks, and what the model says they would be without aid."""
    semaines = min(FENETRE, len(vue.sans))
    du = dernier + 1 - JOURS * semaines
    gagnes = [s - a for s, a in zip(vue.attente_sans, vue.attente_avec, strict=True)][-semaines:]
    aides = sum(s.livre for s in livre.semaines if s.lundi >= du)
    lignes = []
    for suivi in suivis(lue.proposition.process):
        defini = suivi.indicateur
        if defini.genre == "stock":
            continue
        (ligne,) = await lecture.valeurs(amonts, defini, du, dernier, "responsable", lue.proposition.aidee)
        sans = None
        if ligne["valeur"] is not None and defini.unite == "jours":
            sans = ligne["valeur"] + sum(gagnes) / len(gagnes)
        elif ligne["numerateur"] is not None:
            sans = taux_sans(ligne["numerateur"], ligne["denominateur"], aides)
        lignes.append(_compare(suivi, du, dernier, ligne["valeur"], sans))
    return lignes


async def _sans_contacts(amonts: Amonts, lue: Lue, jour: int, livre: Livraison) -> dict[str, Any]:
    du, dernier = debut(lue), min(jour, fin(lue))
    indicateurs, phrase = [], "Aucun jour de la mission n'est encore venu."
    if du <= dernier:
        aides = sum(s.livre for s in livre.semaines if not s.hors_periode)
        for suivi in suivis(lue.proposition.process):
            (ligne,) = await lecture.valeurs(
                amonts, suivi.indicateur, du, dernier, "responsable", lue.proposition.aidee
            )
            sans = None
            if ligne["numerateur"] is not None:
                sans = taux_sans(ligne["numerateur"], ligne["denominateur"], aides)
            indicateurs.append(_compare(suivi, du, dernier, ligne["valeur"], sans))
        phrase = " ".join(
            phrases.sans_aide(suivi.indicateur, ligne["avec"], ligne["sans"])
            for suivi, ligne in zip(suivis(lue.proposition.process), indicateurs, strict=True)
        )
    return {"hypothese": CONTACTS, "phrase": phrase, "semaines": [], "indicateurs": indicateurs}


def _compare(suivi: Suivi, du: int, au: int, avec: float | None, sans: float | None) -> dict[str, Any]:
    return {
        "indicateur": suivi.indicateur.code, "unite": suivi.indicateur.unite, "du": date_de(du), "au": date_de(au),
        "avec": avec, "sans": None if sans is None else round(sans, 3),
    }  # fmt: skip
