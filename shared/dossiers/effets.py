"""What a batch of events does: merged dossiers and the deltas of the cells. Pure; the store writes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add, neg

import msgspec

from shared.dossiers.contributions import CLOS, DIMENSIONS, FLUX, OUVERT, Calcul, Contribution, Montants
from shared.dossiers.etat import Etat, decoder_etat, encoder_etat, joindre
from shared.events.contrat import Contenu

Cle = tuple[str, int]
"""(subject, serie code): the key of a dossier row."""

Version = tuple[int, int]
"""(recorded day, cause) of a delta."""

Cellules = tuple[dict[tuple[int, ...], Montants], ...]
"""Amounts by dimensions, per kind."""

Existant = tuple[bytes, bytes, int]
"""What a dossier row holds: state, kept contributions, last recorded day."""

Ligne = tuple[int, str, bytes, bytes, int, int | None, int | None, int]
"""A dossier row as it must be written, in the order of COLONNES_DOSSIER."""

COLONNES_DOSSIER = (
    "serie", "subject", "etat", "contributions", "caisse", "jour_ouvert", "jour_clos", "enregistre",
)  # fmt: skip
"""Key, state, kept contributions, the columns people search by, and the last recorded day of its deltas."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[int, tuple[int, ...], tuple[int, ...]]])

encoder_contributions: Callable[[Sequence[Contribution]], bytes] = _encoder.encode
"""The form kept with the dossier."""

decoder_contributions: Callable[[bytes], list[Contribution]] = _decoder.decode
"""The inverse of ``encoder_contributions``."""


class Deltas:
    """Amounts to add to cells, summed per (recorded day, cause), kind and dimensions.

    ``touchees``: (process code, caisse code) of the cells that move.
    """

    def __init__(self) -> None:
        self.par_version: dict[Version, Cellules] = {}
        self.touchees: set[tuple[int, ...]] = set()

    def ajouter(self, contributions: Sequence[Contribution], version: Version, signe: int = 1) -> None:
        """Add (``signe`` 1) or take out (-1) the contributions of one dossier."""
        if not contributions:
            return
        par_genre = self.par_version.get(version)
        if par_genre is None:
            par_genre = self.par_version[version] = tuple({} for _ in DIMENSIONS)
        self.touchees.add(contributions[0][1][:2])
        for genre, dims, montants in contributions:
            cellules = par_genre[genre]
            ajout = montants if signe > 0 else tuple(map(neg, montants))
            deja = cellules.get(dims)
            if deja is None:
                cellules[dims] = ajout
            elif genre == CLOS:
                cellules[dims] = tuple(map(add, deja, ajout))
            else:
                cellules[dims] = (deja[0] + ajout[0],)


@dataclass(slots=True)
class Effets:
    """All that one batch changes."""

    nouvelles: list[Ligne] = field(default_factory=list)
    changees: list[Ligne] = field(default_factory=list)
    deltas: Deltas = field(default_factory=Deltas)
    sans_effet: int = 0
    """Events that changed nothing: duplicates, superseded revisions."""


Groupe = tuple[Calcul, list[tuple[Version, Contenu]]]
"""What a batch says of one dossier, in log order, each content with its (recorded day, cause)."""


def fusionner(groupes: Mapping[Cle, Groupe], existants: Mapping[Cle, Existant]) -> Effets:
    """Merge each dossier's events into its row and collect what moves.

    Consecutive events with the same recorded day and cause telescope into one delta, so the outcome does not
    depend on where batches are cut. The recorded day of a dossier never goes back (accepted by two doors about
    midnight, or rebuilt since): a delta counts on the day of the one it corrects at the earliest, so that the
    cells *as known on* any day are those of states that dossiers really had.
    """
    effets = Effets()
    ajouter, creer = effets.deltas.ajouter, effets.nouvelles.append
    for cle, (calcul, suite) in groupes.items():
        ligne = existants.get(cle)
        if ligne is not None:
            etat = decoder_etat(ligne[0])
            fin = _derouler(calcul, suite, etat, decoder_contributions(ligne[1]), ligne[2], effets)
            if fin is not None:
                effets.changees.append(ligne_de(cle, etat, *fin))
        elif len(suite) == 1:
            version, contenu = suite[0]
            etat = {(contenu.source, contenu.id): contenu}
            contributions = calcul.contributions(etat)
            ajouter(contributions, version)
            creer(ligne_de(cle, etat, contributions, version[0]))
        else:
            etat = {}
            fin = _derouler(calcul, suite, etat, [], 0, effets)
            if fin is not None:
                creer(ligne_de(cle, etat, *fin))
    return effets


def _derouler(
    calcul: Calcul,
    suite: Sequence[tuple[Version, Contenu]],
    etat: Etat,
    gardees: list[Contribution],
    jour: int,
    effets: Effets,
) -> tuple[list[Contribution], int] | None:
    """Join the contents into ``etat`` in place; the contributions to keep and the last recorded day, None when
    nothing changed. ``jour``: the dossier's last recorded day so far."""
    attente: Version | None = None
    change = False
    for (enregistre, cause), contenu in suite:
        version = (max(jour, enregistre), cause)
        if attente is not None and attente != version:
            gardees = _passer(calcul, etat, gardees, attente, effets.deltas)
            attente = None
        if joindre(etat, contenu):
            change, attente, jour = True, version, version[0]
        else:
            effets.sans_effet += 1
    if attente is not None:
        gardees = _passer(calcul, etat, gardees, attente, effets.deltas)
    return (gardees, jour) if change else None


def _passer(
    calcul: Calcul, etat: Etat, avant: list[Contribution], version: Version, deltas: Deltas
) -> list[Contribution]:
    apres = calcul.contributions(etat)
    if apres != avant:
        # Closing a file leaves in place what it counted as opened.
        egales = 1 if avant and apres and avant[0] == apres[0] else 0
        deltas.ajouter(avant[egales:], version, -1)
        deltas.ajouter(apres[egales:], version)
    return apres


def ligne_de(cle: Cle, etat: Etat, contributions: list[Contribution], jour: int) -> Ligne:
    """The row of a dossier; ``jour``: the last recorded day of its deltas. A call or visit is closed when it comes."""
    caisse, ouvert, clos = 0, None, None
    if contributions:
        genre, dims, _ = contributions[0]
        caisse = dims[1]
        if genre == OUVERT:
            ouvert = dims[_JOUR_OUVERT]
            if len(contributions) > 1:
                clos = contributions[1][1][_JOUR_CLOS]
        else:
            ouvert = clos = dims[_JOUR_FLUX]
    return (cle[1], cle[0], encoder_etat(etat), encoder_contributions(contributions), caisse, ouvert, clos, jour)


_JOUR_OUVERT = DIMENSIONS[OUVERT].index("jour")
_JOUR_CLOS = DIMENSIONS[CLOS].index("jour_clos")
_JOUR_FLUX = DIMENSIONS[FLUX].index("jour")
