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
from shared.events.colonnes import Colonnes, Distincts, Entiers, Lus, croiser, distinguer
from shared.events.contrat import (
    LIGNE_RECUE_MAX,
    NOMBRE_MAX,
    PSEUDONYME,
    REVISION_MAX,
    TARD,
    TEXTE_MAX,
    TYPE_DOSSIER,
    Evenement,
    Refus,
)
from shared.events.garde import deux_noms_ordinaires, toutes_ordinaires
from shared.events.illisible import Illisible
from shared.events.instants import AVENIR_MAX, EPOQUE_MAX, EPOQUE_MIN
from shared.events.instants_en_lot import ABSENT, instants_de
from shared.events.lecture import CORRECTION, NORMAL, TARDIF, Lecteur
from shared.events.valeurs import nom_frequent, plateforme_frequente

INCONNUE = -1
"""Code of a caisse that the network does not have."""

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
        self.type = self._definir(processus)

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

    def lire(self, lus: Sequence[Any], rangs: Entiers, recus: Entiers) -> tuple[Colonnes, NDArray[np.bool_]]:
        """These structs in columns, and which of them are right; at the others ``Lecteur.lire`` has to look."""
        envois = _par_champ(lus)
        donnees = _par_champ(envois["data"])
        timbres = instants_de(envois["recordedtime"])
        enregistres = np.where(timbres == ABSENT, recus, timbres)
        temps, noms, jalons = self._dates_de(envois["time"], donnees)
        derniers = np.minimum(enregistres + AVENIR_MAX, EPOQUE_MAX)
        bons = ((jalons >= EPOQUE_MIN) & (jalons <= derniers) | (jalons == ABSENT)).all(axis=0)
        bons &= (temps >= EPOQUE_MIN) & (temps <= derniers)
        bons &= (timbres == ABSENT) | ((timbres >= EPOQUE_MIN) & (timbres <= EPOQUE_MAX))
        caisses, productrices = (
            distinguer(donnees[champ]).coder(lambda slug: self._caisses.get(slug, INCONNUE))
            for champ in ("caisse", "productrice")
        )
        bons &= (caisses != INCONNUE) & (productrices != INCONNUE)
        origines = croiser([distinguer(envois["source"]), distinguer(envois["namespace"])], len(lus))
        plateformes = distinguer(donnees["plateforme"])
        bons &= _ordinaires(envois["id"], envois["subject"])
        bons &= _verifiees(_verifier_noms, origines)
        bons &= _verifiees(_verifier_nom, distinguer(envois["datacontenttype"]))
        bons &= _verifiees(_verifier_plateforme, plateformes)
        revisions = _nombres(envois["revision"])
        valeurs = croiser([distinguer(donnees[nom]) for nom in self._attributs], len(lus))
        return (
            Colonnes(
                self._process,
                rangs,
                origines.traduire([(source, espace or source) for source, espace in origines.valeurs]),
                envois["subject"],
                envois["id"],
                revisions,
                temps,
                noms,
                jalons,
                self._multiple,
                caisses,
                productrices,
                plateformes.traduire([plateforme or "" for plateforme in plateformes.valeurs]),
                _nombres(donnees["nombre"]),
                valeurs.traduire([self._attributs_de(v) for v in valeurs.valeurs]),
                ["" if assure is None else assure for assure in donnees["assure"]],
                enregistres,
                np.where(revisions > 0, CORRECTION, np.where(enregistres - temps > TARD, TARDIF, NORMAL)),
            ),
            bons,
        )

    def _dates_de(
        self, time: Sequence[str | None], donnees: Mapping[str, Sequence[Any]]
    ) -> tuple[Entiers, Sequence[str], Entiers]:
        """When each event happened, which milestones some of them bring, and these by row."""
        temps = instants_de(time)
        if self._jalon is not None:
            return temps, [self._jalon], temps[None]
        lus = {nom: instants_de(textes) for nom, textes in _par_champ(donnees["jalons"]).items()}
        noms = [nom for nom, instants in lus.items() if (instants != ABSENT).any()]
        jalons = np.array([lus[nom] for nom in noms], dtype=np.int64).reshape(len(noms), len(time))
        return np.where(temps == ABSENT, jalons.max(axis=0, initial=ABSENT), temps), noms, jalons

    def _attributs_de(self, valeurs: Sequence[str | None]) -> dict[str, str]:
        return {nom: valeur for nom, valeur in zip(self._attributs, valeurs, strict=True) if valeur is not None}


def _ordinaires(ids: Sequence[str], sujets: Sequence[str]) -> NDArray[np.bool_]:
    """Whether ids and subjects are ordinary names, row by row."""
    paires = [f"{id_}|{sujet}" for id_, sujet in zip(ids, sujets, strict=True)]
    if toutes_ordinaires(paires):
        return np.ones(len(paires), dtype=np.bool_)
    return np.array([len(p) <= TEXTE_MAX and deux_noms_ordinaires(p) is not None for p in paires])


def _verifiees(verifier: Callable[[Any], bool], colonne: Distincts) -> NDArray[np.bool_]:
    return np.array([verifier(valeur) for valeur in colonne.valeurs])[colonne.places]


def _par_champ(structs: Sequence[msgspec.Struct]) -> Mapping[str, Sequence[Any]]:
    """The fields of structs of one type, by name; at least one struct."""
    return {nom: list(map(attrgetter(nom), structs)) for nom in type(structs[0]).__struct_fields__}


def _nombres(colonne: Sequence[int | None]) -> Entiers:
    """0 where there is none."""
    return np.array([nombre or 0 for nombre in colonne], dtype=np.int64)


def _verifier_noms(noms: Sequence[str | None]) -> bool:
    return all(map(_verifier_nom, noms))


def _verifier_nom(nom: str | None) -> bool:
    try:
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

    def lire_lot(self, lignes: Sequence[bytes], recus: Sequence[int]) -> Lus:
        """``lire`` of each line, with the Unix second to use for it when it carries no ``recordedtime``."""
        decodes = self._decoder_lot(lignes)
        types, instants = list(map(type, decodes)), np.array(recus, dtype=np.int64)
        colonnes, faits = [], np.zeros(len(lignes), dtype=np.bool_)
        for type_, nombre in Counter(types).items():
            if nombre < self.LOT_MIN or type_ not in self._formes:
                continue
            seul_type = nombre == len(types)
            rangs = np.arange(nombre) if seul_type else np.flatnonzero([t is type_ for t in types])
            siens = decodes if seul_type else [decodes[rang] for rang in rangs.tolist()]
            lues, bons = self._formes[type_].lire(siens, rangs, instants[rangs])
            faits[rangs[bons]] = True
            colonnes.append(lues.choisir(np.flatnonzero(bons)))
        seuls = np.flatnonzero(~faits).tolist()
        return Lus(colonnes, [(rang, self._seul(lignes[rang], recus[rang])) for rang in seuls])

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
