"""Settings: what would keep a service from starting, what is left at a default that is not for production, names that
nobody reads."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from shared.clock import SystemClock
from shared.service.environnement import PREFIXE, variable
from shared.service.identite import fournisseur_pour
from shared.service.reglages import Reglages, ReglagesInvalides
from vigie.demarrage import REGLAGES
from vigie.docteur.constats import Constat, Examen
from vigie.docteur.lieu import Lieu
from vigie.pile import SERVICES

_PREFIXES_ADMIS = ("VIGIE_TEST_",)

DEFAUTS: Sequence[tuple[str, str, str]] = (
    ("alerts", "expediteur", "les courriels partent d'une adresse qui n'existe pas : donnez celle du comité"),
    (
        "alerts",
        "url_publique",
        "les liens des courriels mènent nulle part : donnez l'adresse publique",
    ),
    ("alerts", "smtp_hote", "les courriels sont des fichiers que personne ne reçoit : donnez le relais SMTP"),
    ("alerts", "cle_secrets", "aucun webhook ne peut être déclaré ni servi : openssl rand -base64 32"),
    ("console", "cookies_surs", "les cookies voyagent en clair : « true » derrière HTTPS"),
    ("contacts", "cle_pseudonyme", "sans la clé du réseau, `vigie import` ne peut masquer un assuré"),
)
"""(service, field, what follows of leaving it at its default in production)."""

_REFAIRE = "Corrigez l'environnement du service, puis relancez-le (docs/exploitation.md, « Régler »)."


def classe(service: str) -> type[Reglages]:
    """The settings that a service reads."""
    trouvee: type[Reglages] = resolve_name(REGLAGES[service]) if service in REGLAGES else Reglages
    return trouvee


async def reglages_des_services(lieu: Lieu) -> Sequence[Constat]:
    """One finding a service: whether it would start."""
    return [_un_service(nom) for nom in lieu.services]


def _un_service(service: str) -> Constat:
    nom = f"réglages, {service}"
    try:
        reglages = classe(service).charger()
        fournisseur_pour(reglages, None, SystemClock())
        if service in ("alerts", "entraide"):
            reglages.exiger_compte_de_service()
    except ReglagesInvalides as exc:
        return Constat(nom, "mauvais", str(exc).replace("\n", " "), _REFAIRE)
    laisses = _laisses(service, reglages) if reglages.mode == "production" else []
    if laisses:
        return Constat(nom, "a_surveiller", " ; ".join(laisses) + ".", _REFAIRE)
    return Constat(nom, "bon", f"Lus, mode {reglages.mode}.")


def _laisses(service: str, reglages: Reglages) -> list[str]:
    champs: Mapping[str, Any] = type(reglages).model_fields
    return [
        f"{variable(champ)} est à son défaut : {suite}"
        for de, champ, suite in DEFAUTS
        if de == service and champ in champs and getattr(reglages, champ) == champs[champ].default
    ]


async def mode(lieu: Lieu) -> Sequence[Constat]:
    """Whether somebody is let in without being asked, where others can reach the service."""
    reglages = lieu.reglages
    if reglages is None:
        return []
    if reglages.mode == "embarque" and not reglages.ecoute_locale:
        return [
            Constat(
                "identité",
                "mauvais",
                f"VIGIE_MODE=embarque, et le service écoute sur {reglages.hote} : qui le joint l'administre.",
                "VIGIE_MODE=production et un fournisseur d'identité (« Identité »), ou VIGIE_HOTE=127.0.0.1.",
            )
        ]
    dit = "fournisseur d'identité" if reglages.mode == "production" else "cette machine seule, sans identité"
    return [Constat("identité", "bon", f"VIGIE_MODE={reglages.mode} : {dit}.")]


async def noms(lieu: Lieu) -> Sequence[Constat]:
    """Variables that no service reads: most often a misspelt one, whose setting does not hold."""
    del lieu
    connues = {variable(champ) for service in ("contacts", *REGLAGES) for champ in classe(service).model_fields}
    connues |= {f"{nom}_FICHIER" for nom in connues} | {f"VIGIE_{nom.upper()}_URL" for nom in SERVICES}
    inconnues = sorted(
        nom
        for nom in os.environ
        if nom.startswith(PREFIXE) and nom not in connues and not nom.startswith(_PREFIXES_ADMIS)
    )
    if inconnues:
        return [
            Constat(
                "noms des réglages",
                "a_surveiller",
                f"Aucun service ne lit {', '.join(inconnues)}.",
                "Vérifiez l'orthographe : un réglage mal nommé reste à son défaut.",
            )
        ]
    return [Constat("noms des réglages", "bon", "Chaque variable VIGIE_… est lue par un service.")]


async def fichiers_de_secrets(lieu: Lieu) -> Sequence[Constat]:
    """Files of secrets that anybody on the machine may read."""
    del lieu
    ouverts = [f"{nom} ({chemin})" for nom, chemin in _fichiers() if _lisible_par_tous(chemin)]
    if ouverts:
        return [
            Constat(
                "fichiers de secrets",
                "a_surveiller",
                f"Lisibles par tous les comptes de la machine : {', '.join(ouverts)}.",
                "chmod 600 (sans objet dans un conteneur qui n'a qu'un compte).",
            )
        ]
    return [Constat("fichiers de secrets", "bon", "Aucun n'est lisible par tous.")]


def _fichiers() -> Iterator[tuple[str, Path]]:
    for nom, valeur in os.environ.items():
        if nom.startswith(PREFIXE) and (nom.endswith("_FICHIER") or nom == "VIGIE_KAFKA_CLE"):
            yield nom, Path(valeur)


def _lisible_par_tous(chemin: Path) -> bool:
    try:
        return bool(chemin.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


EXAMENS: Sequence[Examen[Lieu]] = (
    Examen("réglages", reglages_des_services),
    Examen("identité", mode),
    Examen("noms des réglages", noms),
    Examen("fichiers de secrets", fichiers_de_secrets),
)
