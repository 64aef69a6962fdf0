"""``/connexion``: to the provider; ``/connexion/retour``: back from it; ``/deconnexion``: out of both."""

import base64
import binascii
from typing import Annotated

import msgspec
import structlog
from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from services.console.connexion.fournisseur import ConnexionRefusee, Depart
from services.console.connexion.identite import RETOUR, SORTIE, Connexion
from services.console.jeton import SaisieVerifiee
from services.console.page import Service, erreur, rendre, routeur
from shared.service.erreurs import Introuvable

_log = structlog.get_logger(__name__)

routes = routeur()

DUREE_DU_DEPART_S = 600
"""What typing a password may take."""

_PREFIXE = "vigie_depart_"
_VERS_MAX = 1_500


def chemin_d_ici(vers: str) -> str:
    """An address of this console and no other; anything else is the first page."""
    propre = vers.startswith("/") and not vers.startswith(("//", "/\\", "/connexion", "/deconnexion", SORTIE))
    return vers if propre and vers.isprintable() and len(vers) <= _VERS_MAX else "/"


@routes.get("/connexion")
async def partir(service: Service, vers: str = "/") -> Response:
    """To the provider, with a state, a nonce and a PKCE verifier that only this browser keeps."""
    connexion = _ouverte(service)
    depart = Depart.tirer(chemin_d_ici(vers))
    reponse = RedirectResponse(await connexion.guichet.adresse_de_depart(depart), status_code=303)
    # Lax, not Strict: the way back begins at the provider.
    reponse.set_cookie(
        _cookie(connexion, depart.etat), _ecrire(depart), max_age=DUREE_DU_DEPART_S, path="/", httponly=True,
        samesite="lax", secure=connexion.sure,
    )  # fmt: skip
    return reponse


@routes.get(RETOUR)
async def revenir(
    request: Request,
    service: Service,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
    iss: str = "",
) -> Response:
    """Back: the code is exchanged for tokens, a session begins under a new key, any former one of this browser ends."""
    connexion = _ouverte(service)
    nom = _cookie(connexion, state)
    depart = _lire(request.cookies.get(nom, ""))
    if depart is None or depart.etat != state:
        phrase = "Cette connexion a commencé il y a trop longtemps, ou dans un autre navigateur. Recommencez."
        return erreur(request, 400, phrase)
    try:
        if error or not code or (iss and iss != service.reglages.oidc_emetteur):
            raise ConnexionRefusee("Le fournisseur d’identité a refusé la connexion.", error or "retour sans code")
        jetons, principal = await connexion.guichet.echanger(code, depart)
    except ConnexionRefusee as exc:
        _log.warning("connexion_refusee", raison=exc.raison)
        reponse: Response = erreur(request, 403, str(exc))
    else:
        connexion.sessions.fermer(request.cookies.get(connexion.cookie, ""))
        reponse = RedirectResponse(depart.vers, status_code=303)
        reponse.set_cookie(
            connexion.cookie, connexion.sessions.ouvrir(jetons, principal), path="/", httponly=True, samesite="lax",
            secure=connexion.sure, max_age=int(connexion.duree.total_seconds()),
        )  # fmt: skip
        _log.info("connexion", qui=principal.identifiant)
    _oublier(reponse, connexion, nom)
    return reponse


@routes.post("/deconnexion")
async def sortir(request: Request, service: Service, saisie: SaisieVerifiee) -> Response:
    """The session ends here, then at the provider."""
    del saisie
    connexion = _ouverte(service)
    finie = connexion.sessions.fermer(request.cookies.get(connexion.cookie, ""))
    retour = connexion.adresse + SORTIE
    fin = await connexion.guichet.adresse_de_fin(finie.jetons.identite, retour) if finie is not None else None
    reponse = RedirectResponse(fin or SORTIE, status_code=303)
    _oublier(reponse, connexion, connexion.cookie)
    return reponse


@routes.get(SORTIE)
async def sorti(request: Request, service: Service) -> Response:
    """What is seen once out."""
    _ouverte(service)
    return rendre(request, "au_revoir.html", {})


def _ouverte(service: Service) -> Connexion:
    if service.connexion is None:
        raise Introuvable("Sur une machine seule, il n’y a pas de connexion : qui joint la console peut tout.")
    return service.connexion


def _cookie(connexion: Connexion, etat: str) -> str:
    """One for each login under way: two windows may both be at it."""
    suffixe = "".join(c for c in etat[:12] if c.isalnum() or c in "-_")
    return f"{'__Host-' if connexion.sure else ''}{_PREFIXE}{suffixe}"


def _oublier(reponse: Response, connexion: Connexion, nom: str) -> None:
    reponse.delete_cookie(nom, path="/", httponly=True, samesite="lax", secure=connexion.sure)


def _ecrire(depart: Depart) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(depart)).decode()


def _lire(texte: str) -> Depart | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(texte), type=Depart)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
