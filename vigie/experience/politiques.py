"""Ways to answer the same needs: not at all, first come first served (also within the donors' margins), and the
allocation of the service."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil

from services.entraide.domain.activites import activite, productivite
from services.entraide.domain.allocation.allouer import allouer
from services.entraide.domain.allocation.modele import CENTIEMES
from services.entraide.domain.besoins import JOURS_PAR_ETP_SEMAINE, Besoin, dimensionner, en_volume
from services.entraide.domain.donneur import SituationTelephone, apres, etp_manquants, marge
from services.entraide.domain.explication import expliquer
from services.entraide.domain.montage import Attendue, Donnees, Engagement, monter
from services.entraide.domain.poles import Pole
from services.entraide.domain.projection import Situation
from services.entraide.domain.semaines import Horizon
from shared.network.calendrier import calendrier_de
from shared.network.jours import date_de, jour_de
from simulator.jumeau.jumeau import Pret
from vigie.experience.besoins import Demande
from vigie.experience.observation import Vue, telephone
from vigie.experience.reglages import lundi_apres, reglages

SEMAINES_HUMAINES = 6
"""Weeks over which a coordinator spreads the late files to say how many ETP are missing (hypothesis)."""


@dataclass(frozen=True)
class Contexte:
    """What a policy answers from. ``prets``: under way or ordered; ``donne``: ETP-weeks given so far, by pôle.

    ``limites``: what held the allocation back on each need, counted there.
    """

    vue: Vue
    demandes: Sequence[Demande]
    poles: tuple[Pole, ...]
    prets: Sequence[Pret]
    donne: Mapping[str, float]
    limites: Counter[str] = field(default_factory=Counter)


Politique = Callable[[Contexte], list[Pret]]


def sans_aide(_: Contexte) -> list[Pret]:
    """Nobody helps."""
    return []


def premier_demandeur(c: Contexte) -> list[Pret]:
    """Each need in the order they came, served at once from the pôles with most left, as one would by telephone.

    The ETP asked: late files over six weeks of ordinary work; for calls, a rule of three on the décroché. A pôle in
    alert itself is not called; nobody projects what it can spare.
    """
    return _servir(c, {p.cle: p.etp for p in c.poles})


def premier_prudent(c: Contexte) -> list[Pret]:
    """The same, but no pôle gives more than the allocation would let it: the margin that leaves it its objectif."""
    if not c.demandes:
        return []
    return _servir(c, _retenues(c))


def _retenues(c: Contexte) -> dict[str, float]:
    """Most ETP of each pôle, what it already lends included, that its margin bears over the weeks asked for."""
    m, horizon = c.vue.monde, _horizon(c)
    premiere = max(0, horizon.rang(min(jour_de(d.du) for d in c.demandes)))
    derniere = min(horizon.nombre - 1, horizon.rang(max(jour_de(d.au) for d in c.demandes)))
    engages = _engagements(c, horizon)
    voulus = {d.process for d in c.demandes}
    retenues = {}
    for pole in c.poles:
        (process,) = pole.process
        if process not in voulus:
            continue
        jours = horizon.jours_ouvres(calendrier_de(m.territoire.caisses[m.slugs.index(pole.caisse)]))
        situation = c.vue.situation(process, m.slugs.index(pole.caisse), jours)
        siens = [e.etp for e in engages if e.pole == pole.cle]
        donne = tuple(sum(etp) for etp in zip(*siens, strict=True)) if siens else (0,) * horizon.nombre
        reste = apres(marge(process, situation, telephone()), donne)
        limites = [v for v in reste.par_semaine[premiere : derniere + 1] if v is not None]
        limites += [
            v // (min(rang, derniere) - premiere + 1)
            for rang, v in enumerate(reste.cumul[premiere:], start=premiere)
            if v is not None
        ]
        libre = min(limites) / CENTIEMES
        retenues[pole.cle] = min(pole.etp, libre + max(donne) / CENTIEMES)
    return retenues


def _servir(c: Contexte, plafonds: Mapping[str, float]) -> list[Pret]:
    """First come, first served. ``plafonds``: most ETP of each pôle that is called, what it already lends included."""
    rangs = {slug: i for i, slug in enumerate(c.vue.monde.slugs)}
    pris: defaultdict[str, float] = defaultdict(float)
    for pret in c.prets:
        pris[f"{c.vue.monde.slugs[pret.aidante]}/{pret.process}"] += pret.etp
    nouveaux = []
    for demande in c.demandes:
        manque, alertes = _etp_demandes(c.vue, demande), c.vue.en_alerte(demande.process)
        candidats = [
            p
            for p in c.poles
            if demande.process in p.process and not alertes[rangs[p.caisse]] and rangs[p.caisse] != demande.caisse
        ]
        for pole in sorted(candidats, key=lambda p: (pris[p.cle] - plafonds[p.cle], p.cle)):
            etp = min(manque, plafonds[pole.cle] - pris[pole.cle])
            if etp < 0.5:
                continue
            manque -= etp
            pris[pole.cle] += etp
            du, au = c.vue.monde.jour(demande.du), c.vue.monde.jour(demande.au)
            nouveaux.append(Pret(demande.process, rangs[pole.caisse], demande.caisse, etp, du, au))
    return nouveaux


def _etp_demandes(vue: Vue, demande: Demande) -> float:
    if demande.process == "appel":
        taux = float(vue.recente("appel")[demande.caisse])
        manque = max(0.0, reglages().process["appel"].objectif - taux) / max(taux, 1.0)
        etp = float(vue.etp_presents("appel")[demande.caisse]) * manque
    else:
        par_semaine = productivite(demande.process).par_jour * JOURS_PAR_ETP_SEMAINE
        etp = float(vue.retard(demande.process)[demande.caisse]) / (par_semaine * SEMAINES_HUMAINES)
    return max(0.5, ceil(2 * etp) / 2)


def allocation(c: Contexte) -> list[Pret]:
    """The service's own way: needs sized from the projection, one problem for the network, HiGHS."""
    if not c.demandes:
        return []
    m, r, horizon = c.vue.monde, reglages(), _horizon(c)
    caisses = {caisse.slug: caisse for caisse in m.territoire.caisses}
    rangs = {slug: i for i, slug in enumerate(m.slugs)}
    calendriers = {slug: calendrier_de(caisse) for slug, caisse in caisses.items()}
    cles = {(m.slugs[d.caisse], d.process) for d in c.demandes}
    cles |= {(p.caisse, process) for p in c.poles for process in p.process}
    situations: dict[tuple[str, str], Attendue] = {
        (slug, process): c.vue.situation(process, rangs[slug], horizon.jours_ouvres(calendriers[slug]))
        for slug, process in sorted(cles)
    }
    besoins = {d.cle: b for d in c.demandes if (b := _besoin(d, m.slugs[d.caisse], situations, horizon)) is not None}
    alertes = {process: c.vue.en_alerte(process) for process in r.process}
    montage = monter(
        Donnees(
            horizon,
            tuple(replace(p, donne=c.donne.get(p.cle, 0.0)) for p in c.poles),
            tuple(besoins.values()),
            situations,
            frozenset((slug, process) for slug, process in cles if alertes[process][rangs[slug]]),
            calendriers,
            tuple(_engagements(c, horizon)),
            telephone=telephone(),
        )
    )
    plan = allouer(montage.probleme)
    c.limites.update(effet.limite for effet in expliquer(plan, montage.refus).values())
    c.limites["sans_retard_projete"] += len(c.demandes) - len(besoins)
    par_pole = {p.cle: p for p in c.poles}
    premier = m.jour(date_de(horizon.premier))
    return [
        Pret(
            besoins[mission.demande].process,
            rangs[par_pole[mission.offreur].caisse],
            rangs[besoins[mission.demande].caisse],
            etp / CENTIEMES,
            premier + 7 * debut,
            premier + 7 * fin + 6,
        )
        for mission in plan.missions
        for debut, fin, etp in mission.vagues
    ]


def _horizon(c: Contexte) -> Horizon:
    """The weeks from the Monday after the séance."""
    lundi = lundi_apres(c.vue.monde.date(c.vue.jour) + timedelta(days=1))
    return Horizon(jour_de(lundi), reglages().horizon)


def _appels_manques(d: Demande, situation: SituationTelephone, horizon: Horizon) -> float:
    """Calls missing over the weeks of the need."""
    etp = etp_manquants(situation, situation.taux_objectif, telephone())
    return en_volume(d.process, sum(etp[rang] for rang in horizon.semaines(jour_de(d.du), jour_de(d.au))))


def _besoin(d: Demande, slug: str, situations: Mapping[tuple[str, str], Attendue], horizon: Horizon) -> Besoin | None:
    """The need sized, or None when the projection finds nothing to absorb."""
    situation = situations[slug, d.process]
    volume = (
        dimensionner(d.process, situation).volume
        if isinstance(situation, Situation)
        else _appels_manques(d, situation, horizon)
    )
    couverte = activite(d.process, jour_de(d.du))
    if volume <= 0 or couverte is None:
        return None
    voies = frozenset({couverte.voie})
    return Besoin(d.cle, slug, d.process, "decision_comite", jour_de(d.du), jour_de(d.au), volume, voies)


def _engagements(c: Contexte, horizon: Horizon) -> list[Engagement]:
    """What pôles already give, week by week of the horizon."""
    m, resultat = c.vue.monde, []
    for pret in c.prets:
        du, au = (jour_de(m.date(j)) for j in (pret.du, pret.au))
        etp = tuple(round(CENTIEMES * pret.etp) if du <= horizon.lundi(r) <= au else 0 for r in range(horizon.nombre))
        deja = max(0, (horizon.premier - du) // 7)
        cle = f"{m.slugs[pret.aidante]}/{pret.process}"
        resultat.append(Engagement(cle, m.slugs[pret.aidee], pret.process, etp, deja))
    return resultat


POLITIQUES: Mapping[str, Politique] = {
    "sans_aide": sans_aide,
    "premier_demandeur": premier_demandeur,
    "premier_prudent": premier_prudent,
    "vigie": allocation,
}
NOMS = {
    "sans_aide": "sans aide",
    "premier_demandeur": "premier demandeur",
    "premier_prudent": "premier demandeur prudent",
    "vigie": "Vigie",
}
