"""Settings every service has, read from the environment (see ``environnement``)."""

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from shared.service.environnement import PREFIXE, ReglagesInvalides
from shared.service.reglages_identite import ReglagesIdentite
from shared.service.reglages_kafka import ReglagesKafka

if TYPE_CHECKING:
    from shared.service.jeton_de_service import JetonDeService

__all__ = ["KIO", "MIO", "PARTITIONS", "PREFIXE", "Reglages", "ReglagesInvalides"]

PARTITIONS = 4
KIO = 1024
MIO = 1024 * KIO


def _jours_par_processus(texte: object) -> object:
    """``fse=730,ij=730`` as a dictionary; anything else is left for the validation to refuse."""
    if not isinstance(texte, str):
        return texte
    paires = (un.partition("=") for un in texte.split(",") if un.strip())
    return {process.strip(): jours.strip() for process, _, jours in paires}


def _par_virgules(texte: object) -> object:
    return [un.strip() for un in texte.split(",") if un.strip()] if isinstance(texte, str) else texte


class Reglages(ReglagesKafka, ReglagesIdentite):
    """Settings every service has. Sizes in bytes, durations in seconds."""

    mode: Literal["embarque", "production"] = "embarque"
    database_url: SecretStr | None = None
    kafka_bootstrap: str | None = None
    partitions: Annotated[int, Field(gt=0)] = PARTITIONS
    """Of a topic of events when it is made: as many as consumers of a service can share its work."""
    home: Annotated[Path, AfterValidator(Path.expanduser)] = Field(default_factory=lambda: Path.home() / ".vigie")
    hote: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    role: Literal["api", "consumer", "tout"] = "tout"
    horloge: Literal["systeme", "simulee"] = "systeme"
    cle_pseudonyme: SecretStr | None = None
    cle_pseudonyme_precedente: SecretStr | None = None
    niveau_journal: Literal["debug", "info", "warning", "error"] = "info"

    max_corps_octets: Annotated[int, Field(gt=0)] = 64 * MIO
    max_decompresse_octets: Annotated[int, Field(gt=0)] = 256 * MIO
    max_ligne_octets: Annotated[int, Field(gt=0)] = 1 * MIO
    max_lot_evenements: Annotated[int, Field(gt=0)] = 10_000
    delai_requete_s: Annotated[float, Field(gt=0)] = 60.0
    """From the first byte of a request to the start of its response, the client's sending included."""
    debit_appels_s: Annotated[float, Field(gt=0)] = 1_000.0
    """Calls a second of one caller (key, token or address), of each process; ten seconds of them may come at once."""
    mandataires: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_par_virgules)] = ()
    """Networks of the proxies in front (``10.0.0.0/8,fd00::/8``): what they say of the caller's address is believed."""
    delai_arret_s: Annotated[float, Field(gt=0)] = 20.0
    """Below the 30 s Kubernetes leaves between SIGTERM and SIGKILL."""

    entretien_heure: Annotated[int, Field(ge=0, le=23)] = 2
    """Paris hour from which the night's maintenance is due."""
    retention_chaines_jours: Annotated[int, Field(gt=30)] = 60
    """Days after which a person's contacts are forgotten; above the longest gap of a réitération."""
    retention_dossiers: Annotated[
        dict[str, Annotated[int, Field(gt=0)]], NoDecode, BeforeValidator(_jours_par_processus)
    ] = Field(default_factory=dict)
    """Days after which the closed dossiers of a process are forgotten (``fse=730,ij=730``); others never are."""
    retention_rejets_jours: Annotated[int, Field(gt=0)] = 400
    """Days after which what was refused is forgotten, settled or not."""
    retention_journal_jours: Annotated[int, Field(gt=0)] | None = None
    """Days after which the records of the log, all read, are forgotten; None: never."""
    retention_audit_jours: Annotated[int, Field(gt=183)] | None = None
    """Days after which the rows of the register of who read or changed what are sealed and removed; None: never. More
    than six months, which ``vigie audit elaguer`` keeps too."""

    @model_validator(mode="after")
    def _mot_de_passe_a_couvert(self) -> Self:
        if self.mode == "production" and (self.kafka_securite, self.kafka_mecanisme) == ("SASL_PLAINTEXT", "PLAIN"):
            raise ReglagesInvalides(
                "VIGIE_KAFKA_SECURITE=SASL_PLAINTEXT avec le mécanisme PLAIN envoie le mot de passe en clair : en "
                "production, prenez SASL_SSL, ou un mécanisme SCRAM."
            )
        return self

    @cached_property
    def jeton_de_service(self) -> "JetonDeService | None":
        """What shows this process to the other services, for as long as it lives; None in embedded mode, where nobody
        asks. Raises ReglagesInvalides when it is not set.
        """
        if self.mode == "embarque":
            return None
        from shared.service.jeton_de_service import jeton_de  # an HTTP client that few processes need

        return jeton_de(self)

    def exiger_compte_de_service(self) -> None:
        """For a service that reads others, before it starts. Raises ReglagesInvalides, as ``jeton_de_service`` does."""
        _ = self.jeton_de_service

    @property
    def ecoute_locale(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.hote == "localhost":
            return True
        try:
            return ip_address(self.hote).is_loopback
        except ValueError:
            return False
