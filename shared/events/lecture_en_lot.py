"""Reading a batch of events: what ``Lecteur.lire`` gives for each, at half the cost for those that are as expected.

The catalogue gives each type of event a decoder that takes nothing but what the contract allows; dates, names and
bounds are then checked in columns. An event with anything else to it, were it only a field more, is read by ``lire``,
which understands it or says what is wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Annotated, Any, Literal, Union

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from shared.catalogue.processus import AUTRE, Processus
from shared.events.contrat import (
    LIGNE_RECUE_MAX,
    NOMBRE_MAX,
    PSEUDONYME,
    REVISION_MAX,
    TARD,
    TEXTE_MAX,
    TYPE_DOSSIER,
    Contenu,
    Evenement,
    Refus,
)
from shared.events.garde import deux_noms_ordinaires, toutes_ordinaires
from shared.events.illisible import Illisible
from shared.events.instants import AVENIR_MAX, EPOQUE_MAX, EPOQUE_MIN
from shared.events.instants_en_lot import ABSENT, instants_de
from shared.events.lecture import CORRECTION, NORMAL, TARDIF, Lecteur
from shared.events.valeurs import nom_frequent, plateforme_frequente

_Texte = str | None
_ENVELOPPE: Sequence[tuple[str, Any] | tuple[str, Any, Any]] = (
    ("time", _Texte, None),
    ("recordedtime", _Texte, None),
    ("revision", Annotated[int, Meta(ge=0, le=REVISION_MAX)] | None, None),
    ("namespace", _Texte, None),
    ("datacontenttype", _Texte, None),
)
_COMMUNS = (
    ("caisse", _Texte, None),
    ("productrice", _Texte, None),
    ("plateforme", _Texte, None),
    ("assure", Annotated[str, Meta(pattern=rf"\A{PSEUDONYME}\Z")] | None, None),
    ("nombre", Annotated[int, Meta(ge=1, le=NOMBRE_MAX)] | None, None),
)


class _Forme:
    """The struct of one type of event, and how a column of them is read."""

    def __init__(self, processus: Processus, jalon: str | None, caisses: Mapping[str | None, int]) -> None:
        self._process = processus.code
        self._jalon = jalon
        self._multiple = jalon is not None and processus.jalons[jalon] == "multiple"
        self._noms = [nom for nom, regle in processus.jalons.items() if regle != "multiple"]
        self._attributs = tuple(processus.attributs)
        self._caisses = caisses
        self._prets: dict[Any, dict[str, str]] = {}
        self.type = self._definir(processus)
        self._dates = _lire_champs(self._noms)
        self._lire_attributs = _lire_champs(self._attributs)

    def _definir(self, processus: Processus) -> type[msgspec.Struct]:
        nom = f"{processus.code}_{self._jalon or TYPE_DOSSIER}"
        options: dict[str, Any] = {"forbid_unknown_fields": True, "gc": False}
        jalons = []
        if self._jalon is None:
            type_ = msgspec.defstruct(f"{nom}_jalons", [(j, _Texte, None) for j in self._noms], **options)
            jalons = [("jalons", type_)]
        listes = [(a, Literal[(*valeurs, AUTRE)] | None, None) for a, valeurs in processus.attributs.items()]
        data = msgspec.defstruct(f"{nom}_data", [*jalons, *_COMMUNS, *listes], **options)
        identite = [("specversion", Literal["1.0"]), ("id", str), ("source", str), ("subject", str), ("data", data)]
        tag = f"vigie.{processus.code}.{self._jalon or TYPE_DOSSIER}.v1"
        return msgspec.defstruct(nom, [*identite, *_ENVELOPPE], tag_field="type", tag=tag, **options)

    def lire(self, lus: Sequence[Any], recus: NDArray[np.int64]) -> list[Evenement | None]:
        """The events of these structs; None where ``Lecteur.lire`` has to look."""
        datas = [e.data for e in lus]
        timbres = instants_de([e.recordedtime for e in lus])
        enregistres = np.where(timbres == ABSENT, recus, timbres)
        dates = self._colonnes(lus, datas)
        temps, jalons = dates[-1], dates[:-1]
        if self._jalon is None:
            temps = np.where(temps == ABSENT, jalons.max(axis=0), temps)
        derniers = np.minimum(enregistres + AVENIR_MAX, EPOQUE_MAX)
        dans_les_bornes = ((jalons >= EPOQUE_MIN) & (jalons <= derniers) | (jalons == ABSENT)).all(axis=0)
        bons = dans_les_bornes & (temps >= EPOQUE_MIN) & (temps <= derniers)
        bons &= (timbres == ABSENT) | ((timbres >= EPOQUE_MIN) & (timbres <= EPOQUE_MAX))
        caisses = [self._caisses.get(d.caisse, -1) for d in datas]
        productrices = [self._caisses.get(d.productrice, -1) for d in datas]
        bons &= (np.array(caisses) >= 0) & (np.array(productrices) >= 0)
        bons &= self._noms_bons(lus, datas)
        revisions = [e.revision or 0 for e in lus]
        causes = np.where(enregistres - temps > TARD, TARDIF, NORMAL)
        causes = np.where(np.array(revisions) > 0, CORRECTION, causes)
        contenus = map(
            Contenu,
            [0] * len(lus),
            [e.id for e in lus],
            revisions,
            temps.tolist(),
            self._dictionnaires(jalons if self._jalon is None else temps[None]),
            caisses,
            productrices,
            [d.plateforme or "" for d in datas],
            [d.nombre or 0 for d in datas],
            [self._attributs_de(valeurs) for valeurs in map(self._lire_attributs, datas)],
            [d.assure or "" for d in datas],
        )
        evenements = map(
            Evenement,
            [self._process] * len(lus),
            [e.source for e in lus],
            [e.namespace or e.source for e in lus],
            [e.subject for e in lus],
            contenus,
            enregistres.tolist(),
            causes.tolist(),
        )
        if bons.all():
            return list(evenements)
        return [e if bon else None for e, bon in zip(evenements, bons.tolist(), strict=True)]

    def _colonnes(self, lus: Sequence[Any], datas: Sequence[Any]) -> NDArray[np.int64]:
        """Milestones then ``time``, by column."""
        temps = instants_de([e.time for e in lus])
        if self._jalon is not None:
            return temps[None].repeat(2, axis=0)
        textes = zip(*map(self._dates, [d.jalons for d in datas]), strict=True)
        return np.stack([*(instants_de(colonne) for colonne in textes), temps])

    def _dictionnaires(self, jalons: NDArray[np.int64]) -> Iterable[dict[str, int | list[int]]]:
        if self._jalon is not None:
            jalon, instants = self._jalon, jalons[0].tolist()
            return [{jalon: [t]} for t in instants] if self._multiple else [{jalon: t} for t in instants]
        presents = (jalons != ABSENT).any(axis=1)
        noms, jalons = [nom for nom, la in zip(self._noms, presents, strict=True) if la], jalons[presents]
        if not noms:
            return [{} for _ in range(jalons.shape[1])]
        if (jalons != ABSENT).all():
            return [dict(zip(noms, dates, strict=True)) for dates in zip(*jalons.tolist(), strict=True)]
        return [
            {nom: t for nom, t in zip(noms, dates, strict=True) if t != ABSENT}
            for dates in zip(*jalons.tolist(), strict=True)
        ]

    def _attributs_de(self, valeurs: Any) -> dict[str, str]:
        pret = self._prets.get(valeurs)
        if pret is None:
            pret = {nom: v for nom, v in zip(self._attributs, valeurs, strict=True) if v is not None}
            self._prets[valeurs] = pret
        return pret

    def _noms_bons(self, lus: Sequence[Any], datas: Sequence[Any]) -> NDArray[np.bool_]:
        """Whether ids, subjects, sources, namespaces and platforms are ordinary names."""
        paires = [f"{e.id}|{e.subject}" for e in lus]
        bons = np.ones(len(paires), dtype=np.bool_)
        if not toutes_ordinaires(paires):
            bons = np.array([len(p) <= TEXTE_MAX and deux_noms_ordinaires(p) is not None for p in paires])
        for verifier, colonne in (
            (_verifier_noms, [(e.source, e.namespace or e.source, e.datacontenttype) for e in lus]),
            (_verifier_plateforme, [d.plateforme for d in datas]),
        ):
            mauvais = {valeur for valeur in set(colonne) if not verifier(valeur)}
            if mauvais:
                bons &= np.array([valeur not in mauvais for valeur in colonne])
        return bons


def _lire_champs(noms: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """The values of these fields of an object."""
    if len(noms) > 1:
        return attrgetter(*noms)
    return (lambda objet: (getattr(objet, noms[0]),)) if noms else (lambda _: ())


def _verifier_noms(noms: Any) -> bool:
    try:
        for nom in noms:
            if nom is not None:
                nom_frequent(nom, "source")
    except Refus:
        return False
    return True


def _verifier_plateforme(plateforme: Any) -> bool:
    try:
        return plateforme is None or plateforme_frequente(plateforme) is not None
    except Refus:
        return False


class LecteurEnLot(Lecteur):
    """``Lecteur`` that also reads a batch at once."""

    LOT_MIN = 300
    """Events of one type below which columns cost more than they save."""

    def __init__(self, processus: Iterable[Processus], caisses: Mapping[str, int]) -> None:
        processus = tuple(processus)
        super().__init__(processus, caisses)
        codes: dict[str | None, int] = {None: 0}
        codes.update(caisses)
        formes = [_Forme(p, jalon, codes) for p in processus for jalon in (None, *p.jalons)]
        self._formes = {forme.type: forme for forme in formes}
        self._decoder: Callable[[bytes], Any] = msgspec.json.Decoder(Union[tuple(self._formes)]).decode  # noqa: UP007

    def lire_lot(self, lignes: Sequence[bytes], recus: Sequence[int]) -> list[Evenement | Refus]:
        """``lire`` of each line, with the Unix second to use for it when it carries no ``recordedtime``."""
        decodes = self._decoder_lot(lignes)
        types, instants = list(map(type, decodes)), np.array(recus, dtype=np.int64)
        lus: list[Evenement | Refus | None] = [None] * len(lignes)
        for type_, nombre in Counter(types).items():
            if nombre < self.LOT_MIN or type_ not in self._formes:
                continue
            if nombre == len(types):
                lus = [*self._formes[type_].lire(decodes, instants)]
                break
            rangs = [rang for rang, sien in enumerate(types) if sien is type_]
            evenements = self._formes[type_].lire([decodes[rang] for rang in rangs], instants[rangs])
            for rang, evenement in zip(rangs, evenements, strict=True):
                lus[rang] = evenement
        return [
            self._seul(ligne, recu) if lu is None else lu for lu, ligne, recu in zip(lus, lignes, recus, strict=True)
        ]

    def _seul(self, ligne: bytes, recu: int) -> Evenement | Refus:
        try:
            return self.lire(ligne, recu)
        except Refus as refus:
            return refus

    def _decoder_lot(self, lignes: Sequence[bytes]) -> list[Any]:
        decoder = self._decoder
        try:
            if max(map(len, lignes), default=0) <= LIGNE_RECUE_MAX:
                return [decoder(ligne) for ligne in lignes]
        except Illisible:
            pass
        return [self._decode(ligne) for ligne in lignes]

    def _decode(self, ligne: bytes) -> Any:
        if len(ligne) > LIGNE_RECUE_MAX:
            return None
        try:
            return self._decoder(ligne)
        except Illisible:
            return None
