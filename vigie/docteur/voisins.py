"""What Vigie speaks to over the network: its own services, the mail relay, Alertmanager, the identity provider."""

import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiosmtplib
import httpx

from services.alerts.reglages import ReglagesAlertes
from shared.service.cles_publiques import FournisseurMuet, lire_cles
from shared.service.environnement import ReglagesInvalides
from shared.service.jeton_de_service import JetonNonObtenu, jeton_de
from vigie.docteur.base import ecart_d_horloge
from vigie.docteur.constats import Constat, Examen, NonVerifiable
from vigie.docteur.lieu import Lieu

DELAI_S = 5.0
LENT_MS = 1_000
_FOIS = 3
"""Questions to a service: the other checks run meanwhile, the quickest answer is the service's own."""

_TOLERE_S = 2.0
"""A ``Date`` header is a whole second, and it travels."""


def examens_des_services(lieu: Lieu) -> Sequence[Examen[Lieu]]:
    """One check a service whose address is known."""
    return [Examen(nom, _ServicePret(nom)) for nom in lieu.services]


class _ServicePret:
    """``/readyz`` of one service: ready, how fast, and its machine's clock."""

    def __init__(self, nom: str) -> None:
        self._nom = nom

    async def __call__(self, lieu: Lieu) -> Sequence[Constat]:
        nom, url = f"service {self._nom}", lieu.urls.get(self._nom)
        if url is None:
            raise NonVerifiable(
                f"Aucune pile sous {lieu.dossier}, et VIGIE_{self._nom.upper()}_URL ne dit pas où est {self._nom}."
            )
        durees = []
        try:
            async with httpx.AsyncClient(timeout=DELAI_S) as client:
                for _ in range(_FOIS):
                    depart = time.monotonic()
                    reponse = await client.get(f"{url}/readyz")
                    durees.append(1_000 * (time.monotonic() - depart))
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            return [
                Constat(
                    nom,
                    "mauvais",
                    f"{url} ne répond pas ({type(exc).__name__}).",
                    "Lancez-le, ou corrigez l'adresse ; son journal dit pourquoi il s'est arrêté.",
                )
            ]
        constats = [_pret(nom, url, reponse, min(durees))]
        with suppress(KeyError, ValueError):
            la_bas = parsedate_to_datetime(reponse.headers["date"])
            ecart = (la_bas - datetime.now(UTC)).total_seconds() + 0.5
            if abs(ecart) > _TOLERE_S:
                constats.append(ecart_d_horloge(f"horloge de {self._nom}", ecart, _TOLERE_S))
        return constats


def _pret(nom: str, url: str, reponse: httpx.Response, ms: float) -> Constat:
    if reponse.status_code != httpx.codes.OK:
        detail = f"répond {reponse.status_code}"
        with suppress(ValueError, KeyError, TypeError):
            document = reponse.json()
            parties = [f"{v['nom']} : {v['etat']}" for v in document["verifications"] if v["etat"] != "prêt"]
            detail = " ; ".join(parties) or document["detail"]
        return Constat(nom, "mauvais", f"{url} n'est pas prêt : {detail}", "Commencez par ce qui manque à sa réponse.")
    if ms > LENT_MS:
        return Constat(
            nom,
            "a_surveiller",
            f"Prêt, en {ms:.0f} ms.",
            "Machine ou base chargée : regardez vigie_http_request_duration_seconds et vigie_journal_lot_secondes.",
        )
    return Constat(nom, "bon", f"{url} prêt, en {ms:.0f} ms.")


async def smtp(lieu: Lieu) -> Sequence[Constat]:
    """The mail relay, as far as a message would go: connection, TLS, account."""
    reglages = _alertes(lieu)
    if reglages is None:
        return []
    if not reglages.smtp_hote:
        production = reglages.mode == "production"
        return [
            Constat(
                "courriel",
                "a_surveiller" if production else "bon",
                f"Sans relais : les courriels sont des fichiers sous {reglages.home / 'courrier'}.",
                "Donnez VIGIE_SMTP_HOTE." if production else "",
            )
        ]
    ou = f"{reglages.smtp_hote}:{reglages.smtp_port}"
    secret = reglages.smtp_mot_de_passe
    try:
        async with aiosmtplib.SMTP(
            hostname=reglages.smtp_hote,
            port=reglages.smtp_port,
            username=reglages.smtp_utilisateur,
            password=None if secret is None else secret.get_secret_value(),
            timeout=DELAI_S,
            use_tls=reglages.smtp_tls == "implicite",
            start_tls=reglages.smtp_tls == "starttls",
            tls_context=ssl.create_default_context(cafile=reglages.smtp_ca) if reglages.smtp_tls != "aucun" else None,
        ):
            pass
    except (aiosmtplib.SMTPException, OSError, ValueError) as exc:
        return [
            Constat(
                "courriel",
                "mauvais",
                f"{ou} : {exc or type(exc).__name__}",
                "L'hôte, le port, VIGIE_SMTP_TLS, le compte. Les courriers attendent et repartiront d'eux-mêmes.",
            )
        ]
    return [Constat("courriel", "bon", f"Le relais {ou} nous accepte.")]


async def alertmanager(lieu: Lieu) -> Sequence[Constat]:
    """Where live alerts are pushed."""
    reglages = _alertes(lieu)
    if reglages is None or not reglages.alertmanager_url:
        return []
    url = reglages.alertmanager_url.rstrip("/")
    try:
        async with httpx.AsyncClient(timeout=DELAI_S) as client:
            reponse = await client.get(f"{url}/api/v2/status")
        faute = None if reponse.is_success else f"répond {reponse.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        faute = f"ne répond pas ({type(exc).__name__})"
    if faute:
        return [
            Constat(
                "Alertmanager",
                "mauvais",
                f"{url} {faute}.",
                "Relancez-le, ou corrigez VIGIE_ALERTMANAGER_URL : Vigie garde ses alertes et les renvoie.",
            )
        ]
    return [Constat("Alertmanager", "bon", f"{url} répond.")]


async def fournisseur(lieu: Lieu) -> Sequence[Constat]:
    """The keys that tokens are verified with, and the account services go under."""
    reglages = lieu.reglages
    if reglages is None or reglages.mode != "production" or reglages.oidc_emetteur is None:
        return []
    try:
        cles = await lire_cles(reglages.oidc_emetteur)
    except FournisseurMuet as exc:
        return [
            Constat(
                "fournisseur d'identité",
                "mauvais",
                f"{exc}.",
                "Les dernières clés lues valent un jour. Vérifiez VIGIE_OIDC_EMETTEUR, le réseau, SSL_CERT_FILE.",
            )
        ]
    if not cles:
        return [
            Constat(
                "fournisseur d'identité",
                "mauvais",
                "Il ne publie aucune clé que Vigie accepte.",
                "RS256 (2 048 bits au moins), ES256 ou EdDSA, avec un identifiant de clé.",
            )
        ]
    constats = [Constat("fournisseur d'identité", "bon", f"{len(cles)} clés lues.")]
    if reglages.oidc_client is not None:
        constats.append(await _compte(lieu))
    return constats


async def _compte(lieu: Lieu) -> Constat:
    assert lieu.reglages is not None
    url = lieu.urls.get("contacts") or str(lieu.reglages.oidc_emetteur)
    try:
        async with httpx.AsyncClient(timeout=DELAI_S, auth=jeton_de(lieu.reglages)) as client:
            await client.get(f"{url}/livez")
    except (JetonNonObtenu, ReglagesInvalides) as exc:
        return Constat("compte de service", "mauvais", str(exc), "Vérifiez le client confidentiel et son secret.")
    except httpx.HTTPError:
        pass  # the token was obtained; the service is another check's business
    return Constat("compte de service", "bon", f"{lieu.reglages.oidc_client} obtient un jeton.")


def _alertes(lieu: Lieu) -> ReglagesAlertes | None:
    """Settings of the alerts service; None when it is not asked about, or they do not hold (told elsewhere)."""
    if "alerts" not in lieu.services:
        return None
    with suppress(ReglagesInvalides):
        return ReglagesAlertes.charger()
    return None


EXAMENS: Sequence[Examen[Lieu]] = (
    Examen("courriel", smtp, "Le relais accepte la connexion et se tait : un autre service est-il à ce port ?"),
    Examen("Alertmanager", alertmanager),
    Examen("fournisseur d'identité", fournisseur, delai_s=20.0),
)
