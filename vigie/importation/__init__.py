"""``vigie import``: files of any source become events by a YAML mapping; a bad line never stops the rest."""

from vigie.importation.conversion import convertir
from vigie.importation.erreurs import CleManquante, ErreurImport, Faute, FichierIllisible, MappingInvalide
from vigie.importation.mapping import construire_mapping, lire_mapping
from vigie.importation.modele import Mapping
from vigie.importation.pseudonyme import VARIABLE_PRECEDENTE, lire_cle
from vigie.importation.resultats import Evenement, LigneIgnoree, RejetLigne
from vigie.importation.yaml_textes import lire_yaml

__all__ = [
    "VARIABLE_PRECEDENTE",
    "CleManquante",
    "ErreurImport",
    "Evenement",
    "Faute",
    "FichierIllisible",
    "LigneIgnoree",
    "Mapping",
    "MappingInvalide",
    "RejetLigne",
    "construire_mapping",
    "convertir",
    "lire_cle",
    "lire_mapping",
    "lire_yaml",
]
