"""YAML where every scalar is the text as written.

YAML 1.1 would read an unquoted ``0:00:00`` as the number 0, ``no`` as false and ``1999-01-01`` as a date; in a
mapping they are cells to compare with, so they stay text.
"""

from typing import Any

import yaml

from vigie.importation.erreurs import Faute, MappingInvalide


class _Chargeur(yaml.BaseLoader):
    """Texts, lists and dicts only; a key given twice is a fault instead of the last one winning, and so is one that is
    no text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        vues: set[str] = set()
        for cle, _ in node.value:
            ligne = cle.start_mark.line + 1
            if not isinstance(cle, yaml.ScalarNode):
                raise MappingInvalide([Faute(f"ligne {ligne}", "une clé est un texte, sans accolade ni crochet.")])
            if cle.value in vues:
                raise MappingInvalide([Faute(cle.value, f"clé donnée deux fois (ligne {ligne}).")])
            vues.add(cle.value)
        return super().construct_mapping(node, deep=deep)


def lire_yaml(texte: str) -> Any:
    """The document as texts, lists and dicts. Raises MappingInvalide with the line of a syntax error."""
    try:
        return yaml.load(texte, Loader=_Chargeur)  # noqa: S506 (a BaseLoader builds no object)
    except yaml.MarkedYAMLError as exc:
        ou = exc.problem_mark or exc.context_mark
        ligne = f"ligne {ou.line + 1}, colonne {ou.column + 1}" if ou else "YAML"
        raise MappingInvalide([Faute(ligne, f"ce n'est pas du YAML lisible ({exc.problem}).")]) from None
    except (yaml.YAMLError, RecursionError) as exc:
        raise MappingInvalide([Faute("YAML", f"document illisible ({str(exc).splitlines()[0]}).")]) from None
