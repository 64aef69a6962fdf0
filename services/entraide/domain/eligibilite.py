"""Who may help whom: every rule, each refusal with its reason in French.

Sources: PHARE's dated activities (``activites``), IGAS 2017, tome I [64] (Diadème baskets, by degree of complexity
or as they come, exchanges between *couloirs*) and [65] (punctual help).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from services.entraide.domain.activites import activite, libelles
from services.entraide.domain.besoins import Besoin
from services.entraide.domain.poles import Pole
from shared.network.jours import en_clair


@dataclass(frozen=True, slots=True)
class Refus:
    """Why a pôle may not help on a need. ``code`` is stable, ``phrase`` is for people."""

    code: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Aidante:
    """What must be known of an aidante on one process before it gives.

    ``en_alerte``: an alert of the process is open at it. ``marge_etp``: most ETP it can give in the best week and
    stay above its own objectif; ``None`` when nothing is known, which forbids giving. ``prenante``: it does this work
    for the aidée already, durably (TRAM).
    """

    en_alerte: bool
    marge_etp: float | None
    prenante: bool = False


Regle = Callable[[Pole, Besoin], str | None]


def refus(pole: Pole, besoin: Besoin, aidante: Aidante, etp_min: float) -> tuple[Refus, ...]:
    """Every reason for which the pôle may not help, in the order of REGLES; empty when it may."""
    regles: Mapping[str, Regle] = {
        **REGLES,
        "prenante_tram": partial(_prenante, aidante),
        "aidante_en_alerte": partial(_aidante_en_alerte, aidante),
        "sous_son_objectif": partial(_sous_son_objectif, aidante, etp_min),
    }
    return tuple(Refus(code, phrase) for code, regle in regles.items() if (phrase := regle(pole, besoin)) is not None)


def _activite_non_couverte(_: Pole, besoin: Besoin) -> str | None:
    if activite(besoin.process, besoin.debut) is not None:
        return None
    return f"PHARE ne couvre pas « {besoin.process} » au {en_clair(besoin.debut)}."


def _process_non_tenu(pole: Pole, besoin: Besoin) -> str | None:
    return None if besoin.process in pole.process else f"Le pôle ne traite pas « {besoin.process} »."


def _meme_caisse(pole: Pole, besoin: Besoin) -> str | None:
    return f"{pole.caisse} ne peut s'aider elle-même." if pole.caisse == besoin.caisse else None


def _voie_fermee(pole: Pole, besoin: Besoin) -> str | None:
    couverte = activite(besoin.process, besoin.debut)
    if couverte is None:
        return None
    nom = libelles()["voies"][couverte.voie]
    if couverte.voie not in besoin.voies:
        return f"La voie d'accès n'est pas ouverte chez {besoin.caisse} : {nom}."
    return None if couverte.voie in pole.voies else f"Le pôle ne dispose pas de la voie d'accès : {nom}."


def _remise_des_dossiers(pole: Pole, besoin: Besoin) -> str | None:
    couverte = activite(besoin.process, besoin.debut)
    nom = libelles()["remises"].get(besoin.remise, besoin.remise)
    if couverte is not None and besoin.remise not in couverte.remises:
        return f"Cette activité ne se confie pas {nom}."
    return None if besoin.remise in pole.remises else f"Le pôle ne prend pas de dossiers {nom}."


def _couloir_ferme(pole: Pole, besoin: Besoin) -> str | None:
    if besoin.couloir in pole.couloirs:
        return None
    return f"L'échange entre couloirs n'est pas résolu : le pôle n'atteint pas « {besoin.couloir} »."


def _obstacle(_: Pole, besoin: Besoin) -> str | None:
    connus = libelles()["obstacles"]
    for nom in sorted(besoin.obstacles):
        return f"Obstacle : {connus.get(nom, nom)}."
    return None


def _prenante(aidante: Aidante, pole: Pole, besoin: Besoin) -> str | None:
    if not aidante.prenante:
        return None
    return f"{pole.caisse} traite déjà « {besoin.process} » pour {besoin.caisse} (TRAM) : ce n'est pas une entraide."


def _aidante_en_alerte(aidante: Aidante, pole: Pole, besoin: Besoin) -> str | None:
    return f"{pole.caisse} est elle-même en alerte sur « {besoin.process} »." if aidante.en_alerte else None


def _sous_son_objectif(aidante: Aidante, etp_min: float, pole: Pole, besoin: Besoin) -> str | None:
    if aidante.marge_etp is None:
        return f"La projection de {pole.caisse} sur « {besoin.process} » n'est pas connue : elle ne peut donner."
    if aidante.marge_etp >= etp_min:
        return None
    return f"{pole.caisse} passerait sous son propre objectif sur « {besoin.process} » en donnant."


PROCESS_NON_TENU = "process_non_tenu"
"""Code of the refusal that says nothing of a pôle but that it does something else."""

REGLES: Mapping[str, Regle] = {
    "activite_non_couverte": _activite_non_couverte,
    PROCESS_NON_TENU: _process_non_tenu,
    "meme_caisse": _meme_caisse,
    "voie_fermee": _voie_fermee,
    "remise_des_dossiers": _remise_des_dossiers,
    "couloir_ferme": _couloir_ferme,
    "obstacle": _obstacle,
}
