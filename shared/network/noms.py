"""Comparing the names of caisses as people write them.

A name's *clef* is what remains once case, accents, punctuation and abbreviations are set aside: « CPAM de
l'Eure », ``cpam eure`` and « EURE » share ``eure``. Two forms are kept, with and without the kind of
organism, so that « CGSS Saint-Denis » can be told from « Saint-Denis ».
"""

import re
import unicodedata

_SEPARATEURS = re.compile(r"[^a-z0-9]+")
_GENRE = re.compile(
    r"^(?:cpam|c p a m|cgss|ccss|cssm|css|caisse primaire assurance maladie|caisse primaire"
    r"|caisse (?:generale |commune )?securite sociale|caisse)(?: |$)"
)
_ARTICLES = frozenset({"d", "de", "du", "des", "l", "la", "le", "les"})
_ABREVIATIONS = {"st": "saint", "ste": "sainte"}


def clef_entiere(nom: str) -> str:
    """Lower case ASCII words separated by one space, articles and linking words left out."""
    sans_accents = unicodedata.normalize("NFKD", nom.casefold().replace("œ", "oe"))
    mots = _SEPARATEURS.sub(" ", "".join(c for c in sans_accents if not unicodedata.combining(c))).split()
    return " ".join(_ABREVIATIONS.get(mot, mot) for mot in mots if mot not in _ARTICLES)


def clef_sans_genre(nom: str) -> str:
    """The same without the leading kind of organism: « CGSS de La Réunion » gives ``reunion``."""
    return _GENRE.sub("", clef_entiere(nom))
