"""``POST /v1/propositions/{numero}/…``: the commands, one route each. The table is at the end of the file."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, field_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.appels import Service, une_fois
from services.entraide.domain.cycle_de_vie import Acteur, Cote, Ordre, Termes, TransitionRefusee
from services.entraide.propositions import store
from services.entraide.propositions.acteurs import COORDINATION, Qualite, acteur
from services.entraide.propositions.annonces import slug_du_cote
from services.entraide.propositions.commandes import CHEMINS
from services.entraide.propositions.lignes import Lue, jour_commun, jour_local
from services.entraide.propositions.presentation import detailler, etiquette
from services.entraide.propositions.termes import amendes, prolonges
from shared.network.jours import jour_de
from shared.service.acces import Acces, ouvert_a
from shared.service.erreurs import AccesRefuse, Conflit, Introuvable, Probleme
from shared.service.etag import exiger_if_match
from shared.service.idempotence import CleIdempotence
from shared.service.identite import Principal, PrincipalCourant
from shared.service.reponses import Corps, Motif, Numero, caisse_connue, champ_invalide, json

routes = APIRouter(tags=["propositions et missions"])

DEBUT_AU_PLUS_TARD = 366
"""Days from now on which an amended mission may still begin."""

Etp = Annotated[float, Field(ge=0.01, le=1_000, description="ETP, au centième")]
Volume = Annotated[float, Field(gt=0, le=1e9, description="Dans l'unité du processus")]


class Acte(Corps):
    """Who acts, and why. A coordinator of one caisse has nothing to say but the reason."""

    pour: Annotated[
        str | None,
        Field(max_length=200, description="Caisse pour laquelle on agit : slug ou nom de l'aidante ou l'aidée"),
    ] = None
    qualite: Annotated[
        Qualite | None, Field(description="À quel titre, pour qui est coordinateur et coordination nationale")
    ] = None
    motif: Motif | None = None


class Amendement(Acte):
    """Other terms; what is not said keeps its value, and the volume follows the ETP-weeks unless it is given."""

    debut: Annotated[date | None, Field(description="Premier lundi")] = None
    etp: Annotated[list[Etp] | None, Field(min_length=1, max_length=52, description="ETP de chaque semaine")] = None
    volume: Volume | None = None

    @field_validator("debut")
    @classmethod
    def _lundi(cls, jour: date | None) -> date | None:
        if jour is not None and jour.weekday() != 0:
            raise ValueError("une mission commence un lundi.")
        return jour


class Prolongation(Acte):
    """Weeks more after the last one."""

    semaines: Annotated[int, Field(ge=1, le=52, description="Semaines de plus")]
    etp: Annotated[Etp | None, Field(description="ETP de chacune ; sans lui, ceux de la dernière semaine")] = None
    volume: Annotated[Volume | None, Field(description="Volume de plus ; sans lui, en proportion")] = None


Route = Callable[..., Awaitable[Response]]


def _commander(chemin: str) -> Route:
    async def commander(
        request: Request,
        service: Service,
        numero: Numero,
        corps: Acte,
        cle: CleIdempotence,
        principal: PrincipalCourant,
    ) -> Response:
        return await _executer(request, service, numero, corps, cle, principal, chemin)

    return commander


async def amender(
    request: Request, service: Service, numero: Numero, corps: Amendement, cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:  # fmt: skip
    def demandes(lue: Lue, jour: int) -> Termes:
        present = lue.proposition.termes
        debut = present.debut if corps.debut is None else jour_de(corps.debut)
        if debut != present.debut and not jour <= debut <= jour + DEBUT_AU_PLUS_TARD:
            raise champ_invalide("debut", "ce lundi est passé, ou à plus d'un an.")
        voulus = amendes(present, corps.debut, corps.etp, corps.volume)
        if voulus == present:
            raise champ_invalide("etp", "donnez au moins un terme qui change : debut, etp ou volume.")
        return voulus

    return await _executer(request, service, numero, corps, cle, principal, "amendement", demandes)


async def prolonger(
    request: Request, service: Service, numero: Numero, corps: Prolongation, cle: CleIdempotence,
    principal: PrincipalCourant,
) -> Response:  # fmt: skip
    def demandes(lue: Lue, jour: int) -> Termes:
        del jour
        return prolonges(lue.proposition.termes, corps.semaines, corps.etp, corps.volume)

    return await _executer(request, service, numero, corps, cle, principal, "prolongation", demandes)


async def _executer(
    request: Request,
    service: Service,
    numero: int,
    corps: Acte,
    cle: str,
    principal: Principal,
    chemin: str,
    termes: Callable[[Lue, int], Termes] | None = None,
) -> Response:
    pour = None if corps.pour is None else caisse_connue(corps.pour, "pour")

    async def action(conn: AsyncConnection) -> Response:
        lue = await store.lire(conn, numero, verrouiller=True)
        if lue is None:
            raise Introuvable(f"La proposition {numero} n'existe pas.")
        qui = acteur(principal, lue.proposition, pour, corps.qualite)
        exiger_if_match(request, etiquette(lue))
        maintenant = service.clock.now()
        jour = _jour(lue, qui, service)
        ordre = Ordre(
            CHEMINS[chemin], qui, jour, corps.motif, None if termes is None else termes(lue, jour),
            _nouvelle_echeance(lue, qui, service) if chemin == "amendement" else None,
        )  # fmt: skip
        try:
            changee = await store.executer(conn, lue, ordre, maintenant)
        except TransitionRefusee as exc:
            raise _probleme(exc, lue) from None
        lignes = await store.lire_historique(conn, numero)
        return json(detailler(changee, lignes, maintenant), ETag=etiquette(changee))

    return await une_fois(request, service, cle, principal, action)


def _jour(lue: Lue, qui: Acteur, service: Service) -> int:
    """The day it is for who acts: at the caisse it acts for, else at both."""
    slug = slug_du_cote(lue, qui.cote)
    return jour_commun(lue.proposition, service.clock.now()) if slug is None else jour_local(slug, service.clock.now())


def _nouvelle_echeance(lue: Lue, qui: Acteur, service: Service) -> int | None:
    """Last day of the other side to answer an amendment."""
    if qui.cote is None:
        return None
    autre: Cote = "aidee" if qui.cote == "aidante" else "aidante"
    return store.echeance_de_reponse((str(slug_du_cote(lue, autre)),), service.clock.now())


def _probleme(refus: TransitionRefusee, lue: Lue) -> Probleme:
    """What was refused, for who asked: 422 names the field to give, 403 is not theirs to do, 409 not now."""
    phrase = str(refus)
    if refus.code in _CHAMPS:
        return champ_invalide(_CHAMPS[refus.code], phrase)
    if refus.code == "acteur":
        return AccesRefuse(phrase, code=refus.code)
    return Conflit(phrase, code=refus.code, etat=lue.proposition.etat)


_CHAMPS: Mapping[str, str] = {
    "motif": "motif", "pour_une_caisse": "pour", "termes_valables": "etp", "plus_longue": "semaines",
}  # fmt: skip

_PARTICULIERES: Mapping[str, Route] = {"amendement": amender, "prolongation": prolonger}

_RESUMES: Mapping[str, tuple[str, str]] = {
    "accuse-reception": ("Accuser réception", "Dit que la caisse l'a reçue ; n'engage à rien."),
    "acceptation": (
        "Accepter",
        "Les deux engagements, dans un ordre ou l'autre, ouvrent l'ordre de mission.",
    ),
    "amendement": (
        "Amender",
        "D'autres dates, ETP ou volume : qui amende s'engage, l'autre répond de nouveau.",
    ),
    "refus": ("Refuser", "Demande un motif ; ce qui reste du besoin est alloué de nouveau, à d'autres."),
    "annulation": (
        "Annuler",
        "Par la coordination nationale, avec un motif ; le reste est alloué à d'autres.",
    ),
    "ordre-de-mission": ("Donner l'ordre de mission", "Par l'aidante ; rien ne commence sans lui."),
    "demarrage": ("Démarrer", "Au premier jour venu ; Vigie le fait d'elle-même si personne ne le fait."),
    "prolongation": ("Demander une prolongation", "Des semaines de plus, avec un motif ; l'autre caisse répond."),
    "prolongation/acceptation": ("Accepter la prolongation", "Par l'autre caisse ; la mission court plus longtemps."),
    "prolongation/refus": ("Refuser la prolongation", "Par l'autre caisse, avec un motif ; rien d'autre ne change."),
    "rappel": ("Rappeler l'équipe", "Par l'aidante, avec un motif ; le reste est alloué de nouveau."),
    "liberation": ("Libérer l'équipe", "Par l'aidée, avec un motif, quand l'aide n'est plus utile."),
    "interruption": ("Interrompre", "Par la coordination nationale, avec un motif ; le reste est alloué de nouveau."),
}

for _chemin, (_titre, _explication) in _RESUMES.items():
    routes.add_api_route(
        f"/v1/propositions/{{numero}}/{_chemin}",
        _PARTICULIERES.get(_chemin) or _commander(_chemin),
        methods=["POST"],
        name=_chemin,
        operation_id=f"{_chemin.replace('/', '_').replace('-', '_')}_proposition",
        summary=_titre,
        description=f"{_explication} Demande l'ETag de la proposition dans If-Match.",
    )

ACCES: Acces = {
    f"POST /v1/propositions/{{numero}}/{chemin}": ouvert_a("coordinateur", COORDINATION) for chemin in CHEMINS
}
"""Which of the two caisses, and at what title, is the proposition's to say: see ``acteurs``."""
