"""How Kafka's brokers are reached: in clear or over TLS, without a name or with one and its password (SASL)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, SecretStr, model_validator

from shared.service.environnement import Environnement, ReglagesInvalides, variable


def _majuscules(valeur: object) -> object:
    return valeur.upper() if isinstance(valeur, str) else valeur


class ReglagesKafka(Environnement):
    """Kafka's own names for protocols and mechanisms. Files are PEM; they are read when a client is made."""

    kafka_securite: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], BeforeValidator(_majuscules)
    ] = "PLAINTEXT"
    kafka_mecanisme: Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], BeforeValidator(_majuscules)] = (
        "SCRAM-SHA-512"
    )
    kafka_utilisateur: str | None = None
    kafka_mot_de_passe: SecretStr | None = None
    kafka_ca: Path | None = None
    """Authorities that sign the brokers' certificates; without it, the system's."""
    kafka_certificat: Path | None = None
    kafka_cle: Path | None = None
    kafka_cle_mot_de_passe: SecretStr | None = None

    @model_validator(mode="after")
    def _coherents(self) -> Self:
        fautes = [
            *self._exiger_ensemble(
                self.kafka_securite.startswith("SASL"),
                ("kafka_utilisateur", "kafka_mot_de_passe"),
                "SASL_SSL ou SASL_PLAINTEXT",
            ),
            *self._refuser_sans(
                self.kafka_securite.endswith("SSL"),
                ("kafka_ca", "kafka_certificat", "kafka_cle", "kafka_cle_mot_de_passe"),
                "SSL ou SASL_SSL",
            ),
        ]
        if (self.kafka_certificat is None) != (self.kafka_cle is None):
            fautes.append("VIGIE_KAFKA_CERTIFICAT et VIGIE_KAFKA_CLE vont ensemble : donnez les deux, ou aucun.")
        if self.kafka_cle_mot_de_passe is not None and self.kafka_cle is None:
            fautes.append("VIGIE_KAFKA_CLE_MOT_DE_PASSE est le mot de passe de VIGIE_KAFKA_CLE, qui manque.")
        if fautes:
            raise ReglagesInvalides("Réglages de Kafka incohérents.\n" + "\n".join(fautes))
        return self

    def _exiger_ensemble(self, voulu: bool, champs: Sequence[str], protocoles: str) -> list[str]:
        if not voulu:
            return self._refuser_sans(False, champs, protocoles)
        manquent = [variable(champ) for champ in champs if not getattr(self, champ)]
        return [f"{nom} manque : VIGIE_KAFKA_SECURITE={self.kafka_securite} le demande." for nom in manquent]

    def _refuser_sans(self, permis: bool, champs: Sequence[str], protocoles: str) -> list[str]:
        donnes = [] if permis else [variable(champ) for champ in champs if getattr(self, champ) is not None]
        return [
            f"{nom} ne sert à rien avec VIGIE_KAFKA_SECURITE={self.kafka_securite} : il faut {protocoles}."
            for nom in donnes
        ]
