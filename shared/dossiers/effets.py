"""What a batch of events does: merged dossiers and the deltas of the cells. Pure; the store writes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import add, neg

import msgspec

from shared.dossiers.contributions import CLOS, FLUX, OUVERT, Calcul, Contribution, Montants
from shared.dossiers.etat import Etat, decoder_etat, encoder_etat, joindre
from shared.events.contrat import Evenement

Cle = tuple[str, int]
"""(subject, serie code): the key of a dossier row."""

Version = tuple[int, int]
"""(recorded day, cause) of a delta."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[int, tuple[int, ...], tuple[int, ...]]])


def encoder_contributions(contributions: list[Contribution]) -> bytes:
    """The form kept with the dossier."""
    return _encoder.encode(contributions)


def decoder_contributions(octets: bytes) -> list[Contribution]:
    """The inverse of ``encoder_contributions``."""
    return _decoder.decode(octets)


class Deltas:
    """Amounts to add to cells, summed per (kind, recorded day, cause) and dimensions."""

    def __init__(self) -> None:
        self.par_version: dict[tuple[int, int, int], dict[tuple[int, ...], Montants]] = {}

    def ajouter(self, contributions: Iterable[Contribution], version: Version, signe: int = 1) -> None:
        """Add (``signe`` 1) or take out (-1) contributions."""
        jour, cause = version
        for genre, dims, montants in contributions:
            cle = (genre, jour, cause)
            cellules = self.par_version.get(cle)
            if cellules is None:
                cellules = self.par_version[cle] = {}
            ajout = montants if signe > 0 else tuple(map(neg, montants))
            deja = cellules.get(dims)
            if deja is None:
                cellules[dims] = ajout
            elif len(ajout) == 1:
                cellules[dims] = (deja[0] + ajout[0],)
            else:
                cellules[dims] = tuple(map(add, deja, ajout))

    def touchees(self) -> set[tuple[int, int]]:
        """(process code, caisse code) of every cell that moves."""
        return {
            (dims[0], dims[1])
            for cellules in self.par_version.values()
            for dims, montants in cellules.items()
            if any(montants)
        }


@dataclass(slots=True)
class Ligne:
    """A dossier row as it must be written."""

    cle: Cle
    etat: bytes
    contributions: bytes
    caisse: int
    jour_ouvert: int | None
    jour_clos: int | None


@dataclass(slots=True)
class Effets:
    """All that one batch changes."""

    nouvelles: list[Ligne] = field(default_factory=list)
    changees: list[Ligne] = field(default_factory=list)
    deltas: Deltas = field(default_factory=Deltas)
    sans_effet: int = 0
    """Events that changed nothing: duplicates, superseded revisions."""


@dataclass(slots=True)
class Groupe:
    """The events of one dossier in a batch, in log order, each with its (recorded day, cause)."""

    calcul: Calcul
    suite: list[tuple[Version, Evenement]]


def fusionner(groupes: Mapping[Cle, Groupe], existants: Mapping[Cle, tuple[bytes, bytes]]) -> Effets:
    """Merge each dossier's events into its row and collect what moves.

    Consecutive events with the same recorded day and cause telescope into one delta, so the outcome does not
    depend on where batches are cut.
    """
    effets = Effets()
    for cle, groupe in groupes.items():
        ligne = existants.get(cle)
        etat: Etat = decoder_etat(ligne[0]) if ligne is not None else {}
        gardees = decoder_contributions(ligne[1]) if ligne is not None else []
        apres, change = _derouler(groupe, etat, gardees, effets)
        if change:
            (effets.changees if ligne is not None else effets.nouvelles).append(ligne_de(cle, etat, apres))
    return effets


def _derouler(
    groupe: Groupe, etat: Etat, gardees: list[Contribution], effets: Effets
) -> tuple[list[Contribution], bool]:
    calcul, suite = groupe.calcul, groupe.suite
    if len(suite) == 1 and not etat:
        version, evenement = suite[0]
        etat[evenement.contenu.source, evenement.contenu.id] = evenement.contenu
        apres = calcul.contributions(etat)
        effets.deltas.ajouter(apres, version)
        return apres, True
    avant, change, en_attente = gardees, False, False
    dernier = len(suite) - 1
    for rang, (version, evenement) in enumerate(suite):
        if joindre(etat, evenement.contenu):
            change = en_attente = True
        else:
            effets.sans_effet += 1
        if en_attente and (rang == dernier or suite[rang + 1][0] != version):
            apres = calcul.contributions(etat)
            if apres != avant:
                effets.deltas.ajouter(avant, version, -1)
                effets.deltas.ajouter(apres, version)
                avant = apres
            en_attente = False
    return avant, change


def ligne_de(cle: Cle, etat: Etat, contributions: list[Contribution]) -> Ligne:
    """The row of a dossier: its state, what it put into the cells, and the columns people search by."""
    caisse, ouvert, clos = 0, None, None
    for genre, dims, _ in contributions:
        caisse = dims[1]
        if genre == OUVERT:
            ouvert = dims[3]
        elif genre == CLOS:
            clos = dims[7]
        elif genre == FLUX:
            ouvert = clos = dims[5]
    return Ligne(cle, encoder_etat(etat), encoder_contributions(contributions), caisse, ouvert, clos)
