"""What a batch of events does: merged dossiers and the deltas of the cells. Pure; the store writes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.dossiers.contributions import CLOS, DIMENSIONS, FLUX, OUVERT, RELEVE
from shared.dossiers.contributions_en_lot import CalculEnLot, Contributions
from shared.dossiers.deltas import Deltas, Version
from shared.dossiers.etat import Etat, contenus_de, decoder_etat, encoder_contenus, joindre
from shared.dossiers.gardees import decoder_colonnes, decoder_contributions, encoder_contributions
from shared.events.colonnes import Colonnes
from shared.events.contrat import Contenu

Entiers = NDArray[np.int64]

Cle = tuple[str, int]
"""(subject, serie code): the key of a dossier row."""

Existant = tuple[bytes, bytes, int]
"""What a dossier row holds: state, kept contributions, last recorded day."""

Ligne = tuple[int, str, bytes, bytes, int, int | None, int | None, int]
"""A dossier row as it must be written, in the order of COLONNES_DOSSIER."""

COLONNES_DOSSIER = (
    "serie", "subject", "etat", "contributions", "caisse", "jour_ouvert", "jour_clos", "enregistre",
)  # fmt: skip
"""Key, state, kept contributions, the columns people search by, and the last recorded day of its deltas."""

Groupe = tuple[CalculEnLot, list[tuple[Version, Contenu]]]
"""What a batch says of one dossier, in log order, each content with its (recorded day, cause)."""


@dataclass(slots=True)
class Effets:
    """All that one batch changes. ``cellules``: what to add to the cells (see ``Deltas.cellules``)."""

    nouvelles: list[Ligne] = field(default_factory=list)
    changees: list[Ligne] = field(default_factory=list)
    cellules: Mapping[int, Entiers] = field(default_factory=dict)
    sans_effet: int = 0
    """Events that changed nothing: duplicates, superseded revisions."""

    @property
    def touchees(self) -> set[tuple[int, int]]:
        """(process code, caisse code) of the cells that move."""
        return {divmod(cle, _CAISSES_MAX) for ls in self.cellules.values() for cle in set(_organismes(ls).tolist())}


class Neufs(NamedTuple):
    """Dossiers that begin in this batch and of which one event is all it says, in columns, a row each.

    ``sources``: the codes of their sources, which ``colonnes`` does not know. The process is ``simple``.
    """

    calcul: CalculEnLot
    colonnes: Colonnes
    sources: Entiers
    series: Entiers
    jours: Entiers
    """Recorded days."""

    def choisir(self, rangs: Entiers) -> "Neufs":
        """These rows alone; ``rangs`` ascending."""
        return Neufs(
            self.calcul, self.colonnes.choisir(rangs), self.sources[rangs], self.series[rangs], self.jours[rangs]
        )


class Passage(msgspec.Struct, gc=False):
    """A dossier's change under one version: its new contents, and the contributions it kept before."""

    cle: Cle
    contenus: list[Contenu]
    avant: bytes
    version: Version
    nouveau: bool


def fusionner(groupes: Mapping[Cle, Groupe], existants: Mapping[Cle, Existant], neufs: Iterable[Neufs] = ()) -> Effets:
    """Merge each dossier's events into its row and collect what moves.

    Consecutive events with the same recorded day and cause telescope into one delta, so the outcome does not
    depend on where batches are cut. The recorded day of a dossier never goes back (accepted by two doors about
    midnight, or rebuilt since): a delta counts on the day of the one it corrects at the earliest, so that the
    cells *as known on* any day are those of states that dossiers really had.
    """
    effets, deltas = Effets(), Deltas()
    passages: dict[CalculEnLot, list[Passage]] = {}
    for cle, (calcul, suite) in groupes.items():
        ligne = existants.get(cle)
        if ligne is None and len(suite) == 1:
            version, contenu = suite[0]
            passage = Passage(cle, [contenu], b"", version, True)
        else:
            etat, avant, jour = ({}, b"", 0) if ligne is None else (decoder_etat(ligne[0]), ligne[1], ligne[2])
            joint = _joindre(calcul, suite, etat, avant, jour, deltas)
            effets.sans_effet += joint.sans_effet
            if joint.version is None:
                continue
            passage = Passage(cle, contenus_de(etat), joint.avant, joint.version, ligne is None)
        siens = passages.get(calcul)
        if siens is None:
            passages[calcul] = [passage]
        else:
            siens.append(passage)
    for calcul, siens in passages.items():
        lignes = passer(calcul, siens, deltas)
        effets.nouvelles += [ligne_ for passage, ligne_ in zip(siens, lignes, strict=True) if passage.nouveau]
        effets.changees += [ligne_ for passage, ligne_ in zip(siens, lignes, strict=True) if not passage.nouveau]
    for lot in neufs:
        effets.nouvelles += ouvrir(lot, deltas)
    effets.cellules = deltas.cellules()
    return effets


def ouvrir(neufs: Neufs, deltas: Deltas) -> list[Ligne]:
    """Put into ``deltas`` what new dossiers count for; their rows, in the same order. It is ``passer`` for them."""
    colonnes = neufs.colonnes
    contributions = neufs.calcul.contributions_de_neufs(colonnes)
    versions = np.stack((neufs.jours, colonnes.causes), axis=1)
    for genre, rangs, lignes in contributions.blocs:
        deltas.ajouter_colonnes(genre, lignes, versions[rangs])
    etats = map(encoder_contenus, zip(colonnes.a_garder(neufs.sources.tolist())))
    return _lignes(neufs.series.tolist(), colonnes.sujets, etats, contributions, neufs.jours.tolist())


@dataclass(slots=True)
class _Jointure:
    """What joining left to pass: contributions kept before, and under which version; None when nothing changed."""

    avant: bytes
    version: Version | None = None
    sans_effet: int = 0


def _joindre(
    calcul: CalculEnLot,
    suite: Sequence[tuple[Version, Contenu]],
    etat: Etat,
    avant: bytes,
    jour: int,
    deltas: Deltas,
) -> _Jointure:
    """Join the contents into ``etat`` in place. A version before the last passes at once. ``jour``: the dossier's
    last recorded day so far."""
    joint = _Jointure(avant)
    for (enregistre, cause), contenu in suite:
        version = (max(jour, enregistre), cause)
        if joint.version is not None and joint.version != version:
            contributions = calcul.contributions(contenus_de(etat))
            deltas.ajouter(decoder_contributions(joint.avant), joint.version, -1)
            deltas.ajouter(contributions, joint.version)
            joint.avant = encoder_contributions(contributions)
        if joindre(etat, contenu):
            joint.version, jour = version, version[0]
        else:
            joint.sans_effet += 1
    return joint


def passer(calcul: CalculEnLot, passages: Sequence[Passage], deltas: Deltas) -> list[Ligne]:
    """Put into ``deltas`` what the new states count for less what was kept; the rows, in the same order."""
    contributions = calcul.contributions_en_lot([p.contenus for p in passages])
    versions = np.array([[p.version[0] for p in passages], [p.version[1] for p in passages]], dtype=np.int64).T
    change = np.array([p.avant != apres for p, apres in zip(passages, contributions.gardees, strict=True)])
    for genre, rangs, lignes in contributions.blocs:
        bougent = change[rangs]
        deltas.ajouter_colonnes(genre, lignes[bougent], versions[rangs[bougent]])
    partants = np.array([rang for rang, p in enumerate(passages) if p.avant and change[rang]], dtype=np.int64)
    for genre, (rangs, lignes) in decoder_colonnes([passages[r].avant for r in partants.tolist()]).items():
        deltas.ajouter_colonnes(genre, lignes, versions[partants[rangs]], -1)
    return _lignes(
        [p.cle[1] for p in passages],
        [p.cle[0] for p in passages],
        [encoder_contenus(p.contenus) for p in passages],
        contributions,
        [p.version[0] for p in passages],
    )


def _lignes(
    series: Iterable[int],
    sujets: Iterable[str],
    etats: Iterable[bytes],
    contributions: Contributions,
    enregistres: Iterable[int],
) -> list[Ligne]:
    """The rows of dossiers. A call, a visit or a reading is closed when it comes."""
    nombre = len(contributions.gardees)
    caisses = np.zeros(nombre, dtype=np.int64)
    ouverts, clos = np.full(nombre, None, dtype=object), np.full(nombre, None, dtype=object)
    for genre, rangs, lignes in contributions.blocs:  # of one dossier, all rows say the same
        if genre in (OUVERT, FLUX, RELEVE):
            caisses[rangs] = lignes[:, _CAISSE]
            ouverts[rangs] = lignes[:, _JOUR[genre]]
        if genre in (CLOS, FLUX, RELEVE):
            clos[rangs] = lignes[:, _JOUR[genre]]
    return list(
        zip(
            series,
            sujets,
            etats,
            contributions.gardees,
            caisses.tolist(),
            ouverts.tolist(),
            clos.tolist(),
            enregistres,
            strict=True,
        )
    )


def _organismes(lignes: Entiers) -> Entiers:
    return lignes[:, 0] * _CAISSES_MAX + lignes[:, _CAISSE]


_CAISSES_MAX = 2**16
_CAISSE = DIMENSIONS[OUVERT].index("caisse")
_JOUR = {
    genre: DIMENSIONS[genre].index(jour)
    for genre, jour in ((OUVERT, "jour"), (CLOS, "jour_clos"), (FLUX, "jour"), (RELEVE, "jour"))
}
