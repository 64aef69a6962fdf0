"""Reading checked YAML: a loader that refuses doubles, and a mapping read key by key that notes its own faults."""

import re
from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

_NOMBRE = re.compile(r"-?\d+(\.\d+)?")


class Chargeur(yaml.CSafeLoader):
    """A YAML loader that refuses a key given twice, which YAML would overwrite in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        cles = [self.construct_object(cle, deep=True) for cle, _ in node.value]
        doubles = sorted({str(cle) for cle in cles if cles.count(cle) > 1})
        if doubles:
            raise yaml.constructor.ConstructorError(
                None, None, f"declared twice: {', '.join(doubles)}", node.start_mark
            )
        return super().construct_mapping(node, deep)


class Champs:
    """One mapping, read key by key; what is missing, wrong or left over becomes a fault of ``fautes``."""

    def __init__(self, brut: Any, lieu: str, fautes: list[str]) -> None:
        self.lieu, self.fautes = lieu, fautes
        self._restant: dict[Any, Any] = dict(brut) if isinstance(brut, Mapping) else {}
        if not isinstance(brut, Mapping):
            self.faute("is not a mapping")

    def faute(self, phrase: str) -> None:
        self.fautes.append(f"{self.lieu}: {phrase}")

    def __contains__(self, cle: str) -> bool:
        return cle in self._restant

    def prendre(self, cle: str, defaut: Any = None) -> Any:
        return self._restant.pop(cle, defaut)

    def texte(self, cle: str) -> str:
        valeur = self.texte_ou_rien(cle)
        if valeur is None:
            self.faute(f"missing: {cle}")
        return valeur or ""

    def texte_ou_rien(self, cle: str) -> str | None:
        valeur = self.prendre(cle)
        if valeur is None:
            return None
        if not isinstance(valeur, str):
            self.faute(f"{cle}: {valeur!r} is not a text; quote it")
        return str(valeur)

    def textes(self, cle: str) -> tuple[str, ...]:
        valeurs = self.prendre(cle, [])
        if not isinstance(valeurs, list) or not all(isinstance(v, str) for v in valeurs):
            self.faute(f"{cle}: is not a list of texts")
            return ()
        return tuple(valeurs)

    def choix(self, cle: str, permis: tuple[str, ...], defaut: str | None = None) -> str:
        valeur = self.prendre(cle, defaut)
        if valeur is None:
            self.faute(f"missing: {cle}")
        elif valeur not in permis:
            self.faute(f"{cle}: {valeur} is not one of {', '.join(permis)}")
        return str(valeur)

    def nombre(self, cle: str) -> Decimal | None:
        valeur = self.prendre(cle)
        if valeur is None:
            return None
        if not isinstance(valeur, str) or not _NOMBRE.fullmatch(valeur):
            self.faute(f"{cle}: {valeur!r} is not an exact number in quotes, with a decimal point")
            return None
        return Decimal(valeur)

    def jour(self, cle: str) -> date | None:
        valeur = self.prendre(cle)
        if valeur is not None and type(valeur) is not date:
            self.faute(f"{cle}: {valeur!r} is not a date")
            return None
        return valeur

    def entier(self, cle: str) -> int | None:
        valeur = self.prendre(cle)
        if valeur is not None and type(valeur) is not int:
            self.faute(f"{cle}: {valeur!r} is not a whole number")
            return None
        return valeur

    def vrai(self, cle: str) -> bool:
        valeur = self.prendre(cle, False)
        if type(valeur) is not bool:
            self.faute(f"{cle}: {valeur!r} is neither true nor false")
        return valeur is True

    def lignes(self) -> tuple[int, ...]:
        valeurs = self.prendre("lignes", [])
        if not isinstance(valeurs, list) or not valeurs or any(type(v) is not int or v < 1 for v in valeurs):
            self.faute("lignes: needs at least one line of the source")
            return ()
        return tuple(valeurs)

    def liste(self, cle: str) -> Iterator["Champs"]:
        """Each element of a list of mappings; its place is its ``code``, or its rank from 1."""
        bruts = self.prendre(cle, [])
        if not isinstance(bruts, list):
            self.faute(f"{cle}: is not a list")
            return
        for rang, brut in enumerate(bruts, 1):
            nom = brut.get("code", rang) if isinstance(brut, Mapping) else rang
            yield Champs(brut, f"{self.lieu}, {cle} {nom}", self.fautes)

    def par_annee(self, cle: str, statuts: tuple[str, ...]) -> Iterator[tuple[int, "Champs"]]:
        """Each value under a year, whatever its short form (see ``_deplier``)."""
        par_annee = self.prendre(cle, {})
        for annee, brut in (par_annee if isinstance(par_annee, Mapping) else {}).items():
            lieu = f"{self.lieu}, {cle} {annee}"
            if type(annee) is not int:
                self.fautes.append(f"{lieu}: {annee!r} is not a year")
                continue
            for forme in _deplier(brut, statuts):
                yield annee, Champs(forme, lieu, self.fautes)
        if not isinstance(par_annee, Mapping):
            self.faute(f"{cle}: is not a mapping of years")

    def fermer(self) -> None:
        """To be called last: what nobody read is unknown."""
        for cle in self._restant:
            self.faute(f"unknown key: {cle}")


def _deplier(brut: Any, statuts: tuple[str, ...]) -> Iterator[Any]:
    """``"7"``, ``absente``, ``{valeur: …}``, ``{segments: {SA: "82"}}`` or a list of these, as plain mappings."""
    if isinstance(brut, list):
        for element in brut:
            yield from _deplier(element, statuts)
    elif isinstance(brut, Mapping) and isinstance(brut.get("segments"), Mapping):
        commun = {cle: valeur for cle, valeur in brut.items() if cle != "segments"}
        for segment, element in brut["segments"].items():
            for forme in _deplier(element, statuts):
                yield {**commun, **forme, "segment": segment} if isinstance(forme, Mapping) else forme
    elif isinstance(brut, Mapping):
        yield brut
    else:
        yield {"statut": brut} if brut in statuts else {"valeur": brut}
