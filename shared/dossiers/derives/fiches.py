"""What a dossier says of its person, and what must be announced of it when it changes: pure functions of states.

A contact says when it came, how it ended and for which motif; a file, when its clock started and stopped. That is
its *fiche*, the content under which it stands in the person's chain: id, the dossier's key; revision, the dossier's
version. A dossier that changes person is withdrawn from the former's chain and stands in the new one's.

While the network's key rotates a person has two pseudonyms, and two chains: contacts from before know one, contacts
from after the other. A contact is counted in the chain of the oldest key its dossier ever named, and is a witness in
the other's (``TEMOIN``): what follows finds it there. A file stands in both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from shared.catalogue.derives import TENU, Regles
from shared.catalogue.processus import Processus
from shared.dossiers.chronologie import arret_de, heures_entieres, instant_depart
from shared.dossiers.contributions import EN_COURS, Lieu
from shared.dossiers.etat import Etat, empreinte, jalons_de, ordre, synthese
from shared.events.contrat import Contenu
from shared.events.valeurs import cle_de

CONTACT, OUVERT, CLOS = "contact", "ouvert", "clos"
"""The instants of a fiche: of a contact, or of a file."""

TEMOIN = "temoin"
"""Attribute of a contact that is counted in the chain of another pseudonym of the person."""

EFFACE = ".efface"
"""Stands after the id of an erased key for the pseudonym that was there; no pseudonym is so short."""

_OCTETS_VERSION = 2
"""Bytes of a content's digest in the version: two that differ by nothing else are a fault of their source."""


class Derive(NamedTuple):
    """One announcement: ``contenu`` (source not set) stands in the chain of ``assure``; without ``temps``, no more."""

    assure: str
    contenu: Contenu


def version_de(etat: Etat) -> int:
    """A number that rises whenever a content joins the state, and depends on nothing but the state.

    Of each content: its revision, then the digest that decides between equal revisions.
    """
    bits = 8 * _OCTETS_VERSION
    return sum(((contenu.revision + 1) << bits) + _departage(contenu) for contenu in etat.values())


def _departage(contenu: Contenu) -> int:
    """What tells contents of equal revision apart; the highest once a pseudonym of it is erased: erasing must not take
    a version back."""
    if contenu.assure.endswith(EFFACE) or f"{EFFACE} " in contenu.assure:
        return (1 << 8 * _OCTETS_VERSION) - 1
    return int.from_bytes(empreinte(contenu)[:_OCTETS_VERSION])


def assures_de(contenus: Iterable[Contenu]) -> Sequence[str]:
    """The pseudonyms of a dossier's person, the last said under each key; the keys as they were first said, of two
    said at once the one before first. ``contenus``: in their order (``etat.ordre``)."""
    par_cle: dict[str, str] = {}
    for contenu in contenus:
        for assure in reversed(contenu.assure.split()):
            par_cle[cle_de(assure)] = assure
    return list(par_cle.values())


def est_efface(pseudo: str) -> bool:
    """Whether this says that there was a pseudonym, of a key since erased."""
    return pseudo.endswith(EFFACE)


class Derivation:
    """Fiches of the dossiers of one process: of contacts, or of files that have a limit."""

    def __init__(
        self, processus: Processus, regles: Regles, lieux: Mapping[int, Lieu], nom_source: Callable[[int], str]
    ) -> None:
        self._processus = processus
        self._lieux = lieux
        self._nom_source = nom_source
        self._contact = processus.code in regles.contacts
        self._motif = regles.motif_propre.get(processus.code, "")
        self._delai = regles.delais.get(processus.code)
        limite = regles.limites.get(processus.code)
        self._population = limite.population if limite else {}

    def derives(self, cle: str, avant: Etat | None, apres: Etat) -> Sequence[Derive]:
        """What to announce when the dossier of key ``cle`` goes from ``avant`` (None: new) to ``apres``."""
        anciennes = self._fiches(cle, avant) if avant is not None else {}
        nouvelles = self._fiches(cle, apres)
        if anciennes == nouvelles:
            return ()
        version = version_de(apres)
        annonces = [Derive(assure, Contenu(0, cle, version)) for assure in anciennes if assure not in nouvelles]
        for assure, fiche in nouvelles.items():
            if fiche != anciennes.get(assure):
                annonces.append(Derive(assure, msgspec.structs.replace(fiche, revision=version)))
        return annonces

    def _fiches(self, cle: str, etat: Etat) -> dict[str, Contenu]:
        """By pseudonym, without version; none when the dossier has no person, no caisse, has not begun, or stands for
        several."""
        vivants = ordre([c for c in etat.values() if c.temps], self._nom_source)
        assures = assures_de(vivants)
        if not assures:
            return {}
        dit = synthese(vivants)
        lieu = self._lieux.get(dit.caisse)
        if lieu is None or dit.nombre > 1:
            return {}
        jalons = jalons_de(vivants, self._processus.jalons)
        depart = instant_depart(self._processus, jalons)
        arret = arret_de(self._processus, jalons, depart, lieu.fuseau.jour)
        if not self._contact:
            fiche = self._du_dossier(cle, dit, depart, arret)
            return {} if fiche is None else _connues(dict.fromkeys(assures, fiche))
        fiche = self._du_contact(cle, dit, depart, arret)
        if fiche is None:
            return {}
        compte, *autres = assures
        temoin = msgspec.structs.replace(fiche, attributs=fiche.attributs | {TEMOIN: "oui"})
        return _connues({compte: fiche, **dict.fromkeys(autres, temoin)})

    def _du_contact(self, cle: str, dit: Contenu, depart: int | None, arret: tuple[int, str] | None) -> Contenu | None:
        instant = depart if depart is not None else arret[0] if arret is not None else None
        if instant is None:
            return None
        attributs = {"canal": self._processus.code, "issue": arret[1] if arret is not None else EN_COURS}
        if motif := dit.attributs.get("motif") or self._motif:
            attributs["motif"] = motif
        if (
            self._delai
            and depart is not None
            and arret is not None
            and heures_entieres(arret[0] - depart) <= self._delai
        ):
            attributs["delai"] = TENU
        return Contenu(
            0, cle, 0, instant, {CONTACT: instant}, dit.caisse, dit.productrice, dit.plateforme, attributs=attributs
        )

    def _du_dossier(self, cle: str, dit: Contenu, depart: int | None, arret: tuple[int, str] | None) -> Contenu | None:
        hors = any(dit.attributs.get(nom, valeur) != valeur for nom, valeur in self._population.items())
        if depart is None or hors:
            return None
        jalons: dict[str, int | list[int]] = {OUVERT: depart}
        if arret is not None:
            jalons[CLOS] = arret[0]
        return Contenu(0, cle, 0, depart, jalons, dit.caisse, attributs={"dossier": self._processus.code})


def _connues(fiches: Mapping[str, Contenu]) -> dict[str, Contenu]:
    """What was counted under an erased key is sealed: nothing more is said of it."""
    return {assure: fiche for assure, fiche in fiches.items() if not est_efface(assure)}
