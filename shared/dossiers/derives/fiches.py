"""What a dossier says of its person, and what must be announced of it when it changes: pure functions of states.

A contact says when it came, how it ended and for which motif; a file, when its clock started and stopped. That is
its *fiche*, the content under which it stands in the person's chain: id, the dossier's key; revision, the dossier's
version. A dossier that changes person is withdrawn from the former's chain and stands in the new one's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from shared.catalogue.derives import Regles
from shared.catalogue.processus import Processus
from shared.dossiers.chronologie import arret_de, instant_depart
from shared.dossiers.contributions import EN_COURS, Lieu
from shared.dossiers.etat import Etat, empreinte, jalons_de, ordre, synthese
from shared.events.contrat import Contenu

CONTACT, OUVERT, CLOS = "contact", "ouvert", "clos"
"""The instants of a fiche: of a contact, or of a file."""

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
    return sum(
        ((contenu.revision + 1) << bits) + int.from_bytes(empreinte(contenu)[:_OCTETS_VERSION])
        for contenu in etat.values()
    )


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
        limite = regles.limites.get(processus.code)
        self._population = limite.population if limite else {}

    def derives(self, cle: str, avant: Etat | None, apres: Etat) -> Sequence[Derive]:
        """What to announce when the dossier of key ``cle`` goes from ``avant`` (None: new) to ``apres``."""
        ancien = self._fiche(cle, avant) if avant is not None else None
        nouveau = self._fiche(cle, apres)
        if ancien == nouveau:
            return ()
        version = version_de(apres)
        annonces = []
        if ancien is not None and (nouveau is None or nouveau.assure != ancien.assure):
            annonces.append(Derive(ancien.assure, Contenu(0, cle, version)))
        if nouveau is not None:
            nouveau.contenu.revision = version
            annonces.append(nouveau)
        return annonces

    def _fiche(self, cle: str, etat: Etat) -> Derive | None:
        """Without version; None when the dossier has no person, no caisse, has not begun, or stands for several."""
        vivants = ordre([c for c in etat.values() if c.temps], self._nom_source)
        if not any(c.assure for c in vivants):
            return None
        dit = synthese(vivants)
        lieu = self._lieux.get(dit.caisse)
        if lieu is None or dit.nombre > 1:
            return None
        jalons = jalons_de(vivants, self._processus.jalons)
        depart = instant_depart(self._processus, jalons)
        arret = arret_de(self._processus, jalons, depart, lieu.fuseau.jour)
        fiche = (
            self._du_contact(cle, dit, depart, arret) if self._contact else self._du_dossier(cle, dit, depart, arret)
        )
        return None if fiche is None else Derive(dit.assure, fiche)

    def _du_contact(self, cle: str, dit: Contenu, depart: int | None, arret: tuple[int, str] | None) -> Contenu | None:
        instant = depart if depart is not None else arret[0] if arret is not None else None
        if instant is None:
            return None
        attributs = {"canal": self._processus.code, "issue": arret[1] if arret is not None else EN_COURS}
        if motif := dit.attributs.get("motif") or self._motif:
            attributs["motif"] = motif
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
