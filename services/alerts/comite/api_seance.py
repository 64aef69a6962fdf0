"""The acts of a séance: opening, decisions, closing, addenda. Each changes the comité for who saw it as it stands."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import Corps, Service, caisse_connue, champ_invalide, json, une_fois
from services.alerts.comite import store
from services.alerts.comite.api import MoisDemande, comite, etat, etiquette
from services.alerts.comite.calendrier import Mois
from services.alerts.comite.cloture import clore, corriger
from services.alerts.comite.regles import Mesure, charger_regles
from services.alerts.comite.seance import ActeRefuse, Decision, Dissentiment, Issue, Membre, Seance, decider, ouvrir
from services.alerts.comite.tenue import acter
from shared.service.acces import LECTEURS_DU_RESEAU, Acces, ouvert_a
from shared.service.erreurs import AccesRefuse, Conflit
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import Principal, PrincipalCourant

routes = APIRouter(tags=["comité d'alerte"])

DECISIONS_MAX = 1_000

Identifiant = Annotated[str, Field(min_length=1, max_length=200)]
Texte = Annotated[str, Field(min_length=1, max_length=4_000)]


class MembrePresent(Corps):
    identifiant: Identifiant
    nom: Annotated[str, Field(min_length=1, max_length=200)]
    qualite: Annotated[str | None, Field(max_length=200)] = None


class Ouverture(Corps):
    """Who sits, and who presides among them."""

    president: Annotated[str, Field(max_length=200, description="Identifiant de l'un des membres")]
    membres: Annotated[list[MembrePresent], Field(min_length=1, max_length=100)]


class MembreEnDesaccord(Corps):
    membre: Identifiant
    motif: Texte


class NouvelleDecision(Corps):
    """``retenue`` and ``indicateurs`` may be left out: the measure named, and its proposed indicators."""

    caisse: Annotated[str, Field(max_length=200, description="Slug ou nom d'une caisse")]
    mesure: Mesure
    issue: Issue
    retenue: Mesure | None = None
    indicateurs: Annotated[list[str] | None, Field(max_length=50)] = None
    motif: Annotated[str | None, Field(max_length=4_000, description="Obligatoire sauf pour accepter")] = None
    consigne: Annotated[str | None, Field(max_length=4_000, description="Ce que la lettre ajoute")] = None
    dissentiments: Annotated[list[MembreEnDesaccord], Field(default_factory=list, max_length=100)]

    def decision(self, seance: Seance) -> Decision:
        """Raises DonneesInvalides."""
        slug = caisse_connue(self.caisse)
        retenue = self.retenue or (None if self.issue == "ecartee" else self.mesure)
        proposes = seance.proposees.get((slug, self.mesure), ())
        codes = proposes if self.indicateurs is None else tuple(dict.fromkeys(self.indicateurs))
        dissentiments = tuple(Dissentiment(d.membre, d.motif) for d in self.dissentiments)
        return Decision(slug, self.mesure, self.issue, retenue, codes, self.motif, self.consigne, dissentiments)


class NouvelAddendum(Corps):
    texte: Texte
    decisions: Annotated[list[NouvelleDecision], Field(default_factory=list, max_length=DECISIONS_MAX)]


@routes.post("/v1/comites/{mois}/ouverture", summary="Ouvrir la séance")
async def ouverture(
    request: Request,
    service: Service,
    mois: MoisDemande,
    corps: Ouverture,
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Le quorum doit être atteint, président compris. Rien n'est envoyé avant la clôture."""
    membres = [Membre(m.identifiant, m.nom, m.qualite) for m in corps.membres]
    quorum = charger_regles(service.reglages.comite_regles).seance.quorum

    async def faire(conn: AsyncConnection) -> None:
        await acter(
            conn, mois, "ouverte", principal.identifiant, service.clock.now(),
            lambda seance: ouvrir(seance, corps.president, membres, quorum),
        )  # fmt: skip

    return await _acte(request, service, mois, cle, principal, faire)


@routes.post("/v1/comites/{mois}/decisions", summary="Décider")
async def decisions(
    request: Request,
    service: Service,
    mois: MoisDemande,
    corps: NouvelleDecision | Annotated[list[NouvelleDecision], Field(min_length=1, max_length=DECISIONS_MAX)],
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Accepter, amender, écarter une mesure proposée, ou en ajouter une ; jusqu'à la clôture, la dernière vaut. Une
    liste est prise en entier ou pas du tout."""
    recues = corps if isinstance(corps, list) else [corps]

    async def faire(conn: AsyncConnection) -> None:
        for recue in recues:
            await acter(
                conn, mois, "decision", principal.identifiant, service.clock.now(),
                lambda seance, r=recue: decider(seance, r.decision(seance)),  # type: ignore[misc]
            )  # fmt: skip

    return await _acte(request, service, mois, cle, principal, faire)


@routes.post("/v1/comites/{mois}/cloture", summary="Clore la séance")
async def cloture(
    request: Request, service: Service, mois: MoisDemande, cle: CleIdempotence, principal: PrincipalCourant
) -> Response:
    """Par le président, tout étant décidé. Décisions, lettres, besoins d'entraide et procès-verbal en une transaction ;
    un comité clos ne se rouvre pas."""

    async def faire(conn: AsyncConnection) -> None:
        regles = charger_regles(service.reglages.comite_regles)
        await clore(
            conn, mois, principal.identifiant, service.clock.now(), regles, administrateur=principal.administrateur
        )  # fmt: skip

    return await _acte(request, service, mois, cle, principal, faire)


@routes.post("/v1/comites/{mois}/addenda", status_code=201, summary="Corriger un comité clos")
async def addenda(
    request: Request,
    service: Service,
    mois: MoisDemande,
    corps: NouvelAddendum,
    cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:
    """Un texte, et les décisions qui en remplacent d'autres ; elles ont leurs lettres et leur procès-verbal."""

    async def faire(conn: AsyncConnection) -> None:
        seance, _ = await store.lire_seance(conn, mois)
        prises = [d.decision(seance) for d in corps.decisions]
        regles = charger_regles(service.reglages.comite_regles)
        await corriger(conn, mois, principal.identifiant, service.clock.now(), regles, corps.texte, prises)

    return await _acte(request, service, mois, cle, principal, faire, 201)


@routes.get("/v1/comites/{mois}/addenda", summary="Les addenda")
async def lire_addenda(service: Service, mois: MoisDemande) -> dict[str, Any]:
    """Dans l'ordre."""
    async with service.moteur.connect() as conn:
        await comite(conn, mois)
        lus = await store.lire_evenements(conn, mois)
    return {
        "addenda": [{"instant": e.instant, "par": e.par, **e.donnees} for e in lus if e.type == "addendum"],
    }


async def _acte(
    request: Request,
    service: Service,
    mois: Mois,
    cle: str,
    principal: Principal,
    faire: Callable[[AsyncConnection], Awaitable[None]],
    statut: int = 200,
) -> Response:
    """One act, once, for who saw the comité as it stands; the comité as it has become."""

    async def action(conn: AsyncConnection) -> Response:
        exiger_if_match(request, etiquette(await comite(conn, mois, pour_ecrire=True)))
        try:
            await faire(conn)
        except ActeRefuse as exc:
            if exc.champ is not None:
                raise champ_invalide(exc.champ, str(exc)) from None
            raise (AccesRefuse if exc.reserve else Conflit)(str(exc)) from None
        document, vue = await etat(conn, mois)
        return json(document, statut, ETag=vue)

    return await une_fois(request, service, cle, principal, action)


ACCES: Acces = {
    "POST /v1/comites/{mois}/ouverture": ouvert_a("reseau", "president"),
    "POST /v1/comites/{mois}/decisions": ouvert_a("comite", "president"),
    "POST /v1/comites/{mois}/cloture": ouvert_a("president"),
    "POST /v1/comites/{mois}/addenda": ouvert_a("president"),
    "GET /v1/comites/{mois}/addenda": ouvert_a(*LECTEURS_DU_RESEAU),
}
