"""The templates of the pages, and the words they may use."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.console import mots, phrases
from services.console.statique import adresse

DOSSIER = Path(__file__).parent


def creer_environnement() -> Environment:
    """Templates that escape everything, and refuse a name that nobody gave."""
    env = Environment(
        loader=FileSystemLoader(DOSSIER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "nombre": mots.nombre,
        "jour": mots.jour,
        "jour_clair": mots.jour_clair,
        "mois_clair": mots.mois_clair,
        "du_mois": mots.du_mois,
        "instant": mots.instant,
        "heure": mots.heure,
        "majuscule": lambda texte: texte[:1].upper() + texte[1:],
        "nom_caisse": mots.nom_caisse,
        "en_noms": phrases.en_noms,
        "sans_urn": lambda source: source.replace(phrases.URN_DES_SOURCES, ""),
        "accorder": mots.accorder,
        "sans_adresses": phrases.sans_adresses,
        "page_de": phrases.page_de,
        "minuscule": lambda texte: texte[:1].lower() + texte[1:],
        "dire": lambda code, table: mots.dire(table, code),
    }
    env.globals |= {
        "statique": adresse,
        "avec_unite": mots.avec_unite,
        "compte": mots.compte,
        "intervalle": mots.intervalle,
        "mots": mots,
    }
    return env
