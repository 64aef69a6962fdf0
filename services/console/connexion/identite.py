"""Who looks at a page: the person of the session whose key the browser bears, with tokens that still hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from starlette.requests import cookie_parser

from services.console.connexion.fournisseur import Compte, ConnexionRefusee, Guichet
from services.console.connexion.sessions import Session, Sessions
from services.console.reglages import ReglagesConsole
from shared.clock import Clock
from shared.service.erreurs import Indisponible, NonIdentifie
from shared.service.identite import Principal
from shared.service.oidc import Attentes, verifier_correspondance

_log = structlog.get_logger(__name__)

AVANCE = timedelta(seconds=30)
"""Before its end, an access token is renewed: what it is sent to must still take it."""

RETOUR = "/connexion/retour"
SORTIE = "/au-revoir"


@dataclass(frozen=True, slots=True)
class Connexion:
    """A FournisseurIdentite for people with a browser. ``adresse``: of the console, as browsers write it;
    ``sure``: they come by HTTPS; ``origine_du_fournisseur``: where logging out goes."""

    guichet: Guichet
    sessions: Sessions
    adresse: str
    sure: bool
    origine_du_fournisseur: str
    duree: timedelta

    @property
    def cookie(self) -> str:
        """``__Host-``: the browser takes it from this very host only, over HTTPS, for every path."""
        return "__Host-vigie_session" if self.sure else "vigie_session"

    def session(self, cookies: Mapping[str, str]) -> Session | None:
        """The living session of a browser."""
        return self.sessions.trouver(cookies.get(self.cookie, ""))

    async def identifier(self, entetes: Mapping[str, str]) -> Principal:
        """Raises NonIdentifie (401): there is no session, or it is over."""
        cookies = cookie_parser(entetes.get("cookie", ""))
        session = self.session(cookies)
        if session is None:
            raise NonIdentifie("Connectez-vous : votre session est finie, ou n’a pas commencé.")
        try:
            await self.entretenir(session)
        except ConnexionRefusee as exc:
            _log.info("session_finie_par_le_fournisseur", raison=exc.raison)
            self.sessions.fermer(cookies[self.cookie])
            raise NonIdentifie("Reconnectez-vous : le fournisseur d’identité a mis fin à votre session.") from None
        session.vue_le = self.guichet.maintenant()
        return session.principal

    async def entretenir(self, session: Session) -> None:
        """Renew its tokens when they are about to end, once for all its requests. Raises ConnexionRefusee, and
        Indisponible when the provider is silent and the token over."""
        async with session.verrou:
            reste = session.jetons.fin - self.guichet.maintenant()
            if reste > AVANCE:
                return
            if session.jetons.renouvellement is None:
                if reste <= timedelta(0):
                    raise ConnexionRefusee("Votre session est finie.", "rien pour renouveler")
                return
            try:
                session.jetons, session.principal = await self.guichet.renouveler(
                    session.jetons, session.principal.identifiant
                )
            except Indisponible:
                if reste <= timedelta(0):
                    raise


def connexion_de(reglages: ReglagesConsole, clock: Clock) -> Connexion | None:
    """What lets people in; None in embedded mode, where nobody is asked. Raises ReglagesInvalides naming what is
    missing."""
    if reglages.mode == "embarque":
        return None
    emetteur, audience, client, secret, adresse = reglages.exiger_identite(
        "oidc_emetteur", "oidc_audience", "oidc_client", "oidc_secret", "console_url"
    )
    verifier_correspondance(reglages.oidc_correspondance)
    adresse = adresse.rstrip("/")
    attentes = Attentes(emetteur, audience, reglages.oidc_roles, reglages.oidc_correspondance)
    compte = Compte(client, secret, adresse + RETOUR, reglages.oidc_portees)
    inactivite, duree = (timedelta(seconds=s) for s in (reglages.session_inactivite_s, reglages.session_duree_s))
    parties = urlsplit(emetteur)
    return Connexion(
        Guichet(attentes, compte, clock),
        Sessions(clock, inactivite, duree),
        adresse,
        reglages.https,
        f"{parties.scheme}://{parties.netloc}",
        duree,
    )
