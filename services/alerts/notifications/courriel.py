"""E-mail: the message, and its two ways: an SMTP relay, or a folder."""

import asyncio
import os
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib

from services.alerts.lettres.api import nom_de_fichier
from services.alerts.lettres.typographie import INSECABLE, phrase
from services.alerts.notifications.domain import Issue, Resultat
from services.alerts.notifications.envoi import Envoi
from services.alerts.notifications.reglages import ReglagesNotifications

_SIGNATURES = {"entraide": "L’entraide PHARE"}
"""Who writes, when it is not the comité."""

_SANS_CONTACT = "La caisse n'a pas déclaré d'adresse pour ce contact."


def composer(envoi: Envoi, expediteur: str, adresse: str) -> EmailMessage:
    """The message of a livraison: same Message-ID, same bytes at each try to one address."""
    message = EmailMessage(policy=SMTP)
    rappel = f"Rappel{INSECABLE}: " if envoi.occurrence else ""
    message["From"] = expediteur
    message["To"] = adresse
    message["Subject"] = " ".join(f"{rappel}{envoi.objet}".splitlines())
    message["Date"] = format_datetime(envoi.creee_le)
    message["Message-ID"] = f"<{envoi.cle}@{expediteur.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Vigie-Notification"] = str(envoi.notification)
    message.set_content(_corps(envoi), cte="quoted-printable")
    if envoi.pdf is not None and envoi.document is not None:
        message.add_attachment(
            envoi.pdf, maintype="application", subtype="pdf", filename=nom_de_fichier(envoi.document)
        )
        message.set_boundary(f"vigie-{envoi.notification.hex}")
    return message


def _corps(envoi: Envoi) -> str:
    parties = ["Madame, Monsieur,", envoi.texte]
    if envoi.lien_accuse is not None:
        parties.append(f"Pour accuser réception de ce message{INSECABLE}:\n{envoi.lien_accuse}")
    if envoi.lien_document is not None:
        parties.append(f"Le document joint est aussi à cette adresse{INSECABLE}:\n{envoi.lien_document}")
    signature = _SIGNATURES.get(envoi.genre, "Le comité d’alerte")
    parties.append(f"{signature}\nRéseau de l’Assurance maladie\n\nDestinataire{INSECABLE}: {phrase(envoi.nom)}")
    parties.append("Message envoyé par Vigie, sans réponse possible à cette adresse.")
    return "\n\n".join(parties) + "\n"


@dataclass(frozen=True, slots=True)
class Smtp:
    """An SMTP relay. A refusal for good (5xx) of the recipient or of the message ends the livraison."""

    reglages: ReglagesNotifications

    async def envoyer(self, envoi: Envoi) -> Resultat:
        """A relay that took the message answers for it: *envoyée*."""
        if envoi.adresse is None:
            return Resultat("passager", _SANS_CONTACT)
        r = self.reglages
        mot_de_passe = r.smtp_mot_de_passe
        try:
            _, reponse = await aiosmtplib.send(
                composer(envoi, r.expediteur, envoi.adresse),
                hostname=r.smtp_hote,
                port=r.smtp_port,
                username=r.smtp_utilisateur,
                password=None if mot_de_passe is None else mot_de_passe.get_secret_value(),
                timeout=r.envoi_delai_s,
                use_tls=r.smtp_tls == "implicite",
                start_tls=r.smtp_tls == "starttls",
                tls_context=ssl.create_default_context(cafile=r.smtp_ca) if r.smtp_tls != "aucun" else None,
            )
        except aiosmtplib.SMTPRecipientsRefused as exc:
            refus = exc.recipients[0]
            return Resultat(_gravite(refus.code), f"Adresse refusée : {refus.code} {refus.message}")
        except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPSenderRefused) as exc:
            return Resultat(_gravite(exc.code), f"Message refusé : {exc.code} {exc.message}")
        except (aiosmtplib.SMTPException, OSError, ValueError) as exc:
            return Resultat("passager", f"Relais SMTP : {exc or type(exc).__name__}")
        return Resultat("envoyee", f"Accepté par le relais : {reponse.strip()}")


def _gravite(code: int) -> Issue:
    return "definitif" if code >= 500 else "passager"


@dataclass(frozen=True, slots=True)
class Dossier:
    """A folder as a mailbox: one file for each livraison, by month. Nobody needs to have given an address."""

    dossier: Path
    expediteur: str

    async def envoyer(self, envoi: Envoi) -> Resultat:
        """The file appears whole, under the same name at each try."""
        adresse = envoi.adresse or f"contact{envoi.rang}@{envoi.caisse}.invalid"
        fichier = self.dossier / f"{envoi.creee_le:%Y-%m}" / f"{envoi.caisse}-{envoi.genre}-{envoi.cle}.eml"
        octets = composer(envoi, self.expediteur, adresse).as_bytes()
        try:
            await asyncio.to_thread(_deposer, fichier, octets)
        except OSError as exc:
            return Resultat("passager", f"Dossier de courrier : {exc.strerror or exc}")
        return Resultat("remise", f"Déposé dans {fichier.parent.name}/{fichier.name}")


def _deposer(fichier: Path, octets: bytes) -> None:
    fichier.parent.mkdir(parents=True, exist_ok=True)
    provisoire = fichier.with_suffix(f".{os.getpid()}.tmp")
    provisoire.write_bytes(octets)
    provisoire.replace(fichier)


def voie_de(reglages: ReglagesNotifications) -> Smtp | Dossier:
    """The way the settings choose."""
    if reglages.smtp_hote:
        return Smtp(reglages)
    return Dossier(reglages.home / "courrier", reglages.expediteur)
