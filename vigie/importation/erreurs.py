"""Why an import cannot start. What is wrong with one row is not here: it is a ``RejetLigne`` (conversion.py)."""

from dataclasses import dataclass


class ErreurImport(Exception):
    """The import cannot go on as asked; ``str()`` is a French sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Faute:
    """One fault of a mapping: where (YAML path) and what is accepted there (French)."""

    chemin: str
    message: str

    def __str__(self) -> str:
        return f"{self.chemin} : {self.message}"


class MappingInvalide(ErreurImport):
    """A mapping that contradicts itself, the catalogue or the header of the file. Holds every fault found."""

    def __init__(self, fautes: list[Faute]) -> None:
        self.fautes = tuple(fautes)
        pluriel = "s" if len(fautes) > 1 else ""
        super().__init__(f"Mapping refusé, {len(fautes)} faute{pluriel} :\n" + "\n".join(f"- {f}" for f in fautes))


class FichierIllisible(ErreurImport):
    """The file is missing, empty, or of a format that cannot be told."""


class CleManquante(ErreurImport):
    """The mapping pseudonymises persons and no usable network key was given."""
