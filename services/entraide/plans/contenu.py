"""A plan as plain values: missions, what becomes of each need with and without them, why others may not help. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.entraide.domain.activites import productivite
from services.entraide.domain.allocation.allouer import Methode, Plan, allouer
from services.entraide.domain.allocation.modele import CENTIEMES, FIN, Mission
from services.entraide.domain.allocation.plan import apports
from services.entraide.domain.besoins import Besoin, en_volume
from services.entraide.domain.donneur import SituationTelephone
from services.entraide.domain.eligibilite import Refus
from services.entraide.domain.explication import Effet, expliquer
from services.entraide.domain.montage import Donnees, monter
from services.entraide.domain.projection import Situation, projeter
from services.entraide.domain.telephone import modele
from shared.network.jours import date_de

Contenu = dict[str, Any]

ECARTEE = "deja_ecartee"

_DEMI_DOSSIER = 0.5


@dataclass(frozen=True)
class Entree:
    """What a plan is computed from. ``ecartees``: (aidante, need) that are not to be asked again."""

    donnees: Donnees
    ecartees: frozenset[tuple[str, str]]
    methode: Methode = "programme"


def calculer(entree: Entree) -> Contenu:
    """The plan, the same for the same values. Blocks for seconds: see ``a_part``."""
    donnees = entree.donnees
    montage = monter(donnees)
    caisses = {p.cle: p.caisse for p in donnees.poles}
    refus = dict(montage.refus)
    paires = []
    for paire in montage.probleme.paires:
        if (caisses[paire.offreur], paire.demande) in entree.ecartees:
            phrase = f"{caisses[paire.offreur]} a déjà décliné ce besoin, ou n'y a pas répondu."
            refus[paire.offreur, paire.demande] = (Refus(ECARTEE, phrase),)
        else:
            paires.append(paire)
    plan = allouer(replace(montage.probleme, paires=tuple(paires)), entree.methode)
    effets = expliquer(plan, refus)
    return {
        "premier_lundi": date_de(donnees.horizon.premier).isoformat(),
        "semaines": donnees.horizon.nombre,
        "methode": plan.methode,
        "ecart": None if plan.ecart is None else round(plan.ecart, 6),
        "cout": {"plan": round(plan.bilan.points, 3), "sans_aide": round(plan.sans_aide.points, 3)},
        "missions": [_mission(m, plan, donnees) for m in plan.missions],
        "besoins": [_besoin(b, plan, effets[b.cle], donnees) for b in donnees.besoins],
        "refus": [
            {"pole": pole, "besoin": besoin, "code": motifs[0].code, "phrase": motifs[0].phrase}
            for (pole, besoin), motifs in sorted(refus.items())
        ],
    }


def _mission(m: Mission, plan: Plan, donnees: Donnees) -> Contenu:
    besoin = next(b for b in donnees.besoins if b.cle == m.demande)
    pole = next(p for p in donnees.poles if p.cle == m.offreur)
    debut = donnees.horizon.lundi(m.debut)
    return {
        "besoin": m.demande,
        "pole": m.offreur,
        "aidante": pole.caisse,
        "aidee": besoin.caisse,
        "process": besoin.process,
        "debut": date_de(debut).isoformat(),
        "fin": date_de(donnees.horizon.lundi(m.fin + 1) - 1).isoformat(),
        "etp": list(m.etp),
        "etp_semaines": m.etp_semaines / CENTIEMES,
        "volume": round(_volume(plan, (m,), besoin), 3),
        "unite": productivite(besoin.process).unite,
    }


def _volume(plan: Plan, missions: Sequence[Mission], besoin: Besoin) -> float:
    """What these missions are asked to work for a need, in its unit: in all, never more than is needed, even where the
    minimum assignment could work more."""
    tout = sum(_apport_par_semaine(plan, plan.missions, besoin))
    part = min(1.0, besoin.volume / tout) if tout > 0 else 1.0
    return part * sum(_apport_par_semaine(plan, missions, besoin))


def _apport_par_semaine(plan: Plan, missions: Sequence[Mission], besoin: Besoin) -> list[float]:
    recu = apports(plan.probleme, [m for m in missions if m.demande == besoin.cle])[besoin.cle].tolist()
    cumulatif = next(d for d in plan.probleme.demandes if d.cle == besoin.cle).cumulatif
    hebdo = [v - (recu[rang - 1] if rang and cumulatif else 0) for rang, v in enumerate(recu)]
    return [en_volume(besoin.process, v / FIN) for v in hebdo]


def _besoin(b: Besoin, plan: Plan, effet: Effet, donnees: Donnees) -> Contenu:
    apport = _apport_par_semaine(plan, plan.missions, b)
    avenir = _avenir(donnees.situations[b.caisse, b.process], apport, b.process)
    return {
        "cle": b.cle,
        "caisse": b.caisse,
        "process": b.process,
        "unite": productivite(b.process).unite,
        "hypothese": productivite(b.process).hypothese,
        "volume": round(b.volume, 3),
        "volume_apporte": round(_volume(plan, plan.missions, b), 3),
        **_suites(effet, avenir),
        **avenir,
        "limite": effet.limite,
        "gain_par_demi_etp": effet.gain_par_demi_etp / CENTIEMES,
        "phrase": effet.phrase,
    }


def _suites(effet: Effet, avenir: Mapping[str, Any]) -> Contenu:
    """Weeks under socle and under objectif, and what is late at the end: as projected, without the reserve; as the need
    counts them where nothing late is projected (calls, needs announced before any lateness)."""
    socle, objectif = effet.semaines_sous_socle, effet.semaines_sous_objectif
    final = (effet.retard_final_sans, effet.retard_final_avec)
    if any(avenir.get("retard_objectif", {"sans": ()})["sans"]):
        socle, objectif = (_semaines(avenir[nom]) for nom in ("retard_socle", "retard_objectif"))
        final = (avenir["retard_objectif"]["sans"][-1], avenir["retard_objectif"]["avec"][-1])
    return {
        "semaines_sous_socle": {"sans": socle[0], "avec": socle[1]},
        "semaines_sous_objectif": {"sans": objectif[0], "avec": objectif[1]},
        "retard_final": {"sans": _arrondi(final[0]), "avec": _arrondi(final[1])},
    }


def _semaines(retard: Mapping[str, Sequence[float]]) -> tuple[int, int]:
    """Weeks late, (without aid, with aid); less than half a file is the rounding of ETP to their hundredth."""
    sans, avec = (sum(v > _DEMI_DOSSIER for v in retard[cas]) for cas in ("sans", "avec"))
    return sans, avec


def _avenir(situation: Situation | SituationTelephone, apport: Sequence[float], process: str) -> Mapping[str, Any]:
    """By week, without aid and with it: files open and late, or share of the calls answered."""
    if isinstance(situation, SituationTelephone):
        telephone, par_etp = modele(), en_volume(process, 1.0)
        suites = {
            nom: [
                round(telephone.decroche(appels, etp + fois * plus / par_etp), 4)
                for appels, etp, plus in zip(situation.appels_par_jour, situation.etp, apport, strict=True)
            ]
            for nom, fois in (("sans", 0), ("avec", 1))
        }
        return {"decroche": suites}
    sans, avec = projeter(situation), projeter(situation, apport)
    return {
        "stock": {"sans": list(sans.stock), "avec": list(avec.stock)},
        "retard_socle": {"sans": list(sans.retard_socle), "avec": list(avec.retard_socle)},
        "retard_objectif": {"sans": list(sans.retard_objectif), "avec": list(avec.retard_objectif)},
    }


def _arrondi(valeur: float | None) -> float | None:
    return None if valeur is None else round(valeur, 3)
