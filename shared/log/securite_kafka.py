"""What aiokafka's clients are given to reach brokers over TLS, and to say who they are."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.service.environnement import ReglagesInvalides
from shared.service.reglages_kafka import ReglagesKafka


@dataclass(frozen=True, slots=True)
class SecuriteKafka:
    """``options``: keyword arguments that every client of aiokafka takes; none are for a broker in clear.

    They hold a password: not shown in repr.
    """

    options: dict[str, Any] = field(default_factory=dict, repr=False)


EN_CLAIR = SecuriteKafka()


def securite(reglages: ReglagesKafka) -> SecuriteKafka:
    """The clients' options under these settings. Reads the certificates' files; raises ReglagesInvalides."""
    protocole = reglages.kafka_securite
    options: dict[str, Any] = {"security_protocol": protocole}
    if protocole.endswith("SSL"):
        options["ssl_context"] = _contexte(reglages)
    if protocole.startswith("SASL") and reglages.kafka_mot_de_passe is not None:
        options |= {
            "sasl_mechanism": reglages.kafka_mecanisme,
            "sasl_plain_username": reglages.kafka_utilisateur,
            "sasl_plain_password": reglages.kafka_mot_de_passe.get_secret_value(),
        }
    return SecuriteKafka(options)


def _contexte(reglages: ReglagesKafka) -> ssl.SSLContext:
    """Brokers are checked against the authorities, and their names; with a certificate, ours is shown to them."""
    with _lecture("VIGIE_KAFKA_CA", reglages.kafka_ca, "un fichier de certificats"):
        contexte = ssl.create_default_context(cafile=reglages.kafka_ca)
    certificat, cle, secret = reglages.kafka_certificat, reglages.kafka_cle, reglages.kafka_cle_mot_de_passe
    if certificat is not None and cle is not None:
        with _lecture("VIGIE_KAFKA_CERTIFICAT", certificat, "un certificat"):
            certificat.read_bytes()
        with _lecture("VIGIE_KAFKA_CLE", cle, "la clé de ce certificat, ou son mot de passe n'est pas le bon"):
            cle.read_bytes()
            # An empty password rather than none: OpenSSL would ask the terminal for it.
            contexte.load_cert_chain(certificat, cle, secret.get_secret_value() if secret else "")
    return contexte


@contextmanager
def _lecture(nom: str, chemin: Path | None, attendu: str) -> Iterator[None]:
    """Say a file's fault in a sentence that names its variable, and nothing of what it holds."""
    try:
        yield
    except ssl.SSLError:
        raise ReglagesInvalides(f"{nom} : {chemin} n'est pas {attendu}, au format PEM.") from None
    except OSError as erreur:
        raise ReglagesInvalides(f"{nom} : {chemin} ne peut être lu ({erreur.strerror}).") from None
