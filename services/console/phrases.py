"""Sentences of the services made fit for a page: names in place of codes, links in place of addresses."""

import re

from services.console.mots import PROCESSUS, dire, nom_caisse

URN_DES_SOURCES = "urn:vigie:source:"

_SLUG = re.compile(r"(?<![\w-])[a-z]+-[0-9][0-9a-z]*(?:-[a-z0-9]+)*(?![\w-])")
_ENTOURE = re.compile(rf"(« |\()({'|'.join(PROCESSUS)})( »|\))")
"""A process between French quotes or parentheses."""

_PAGES_DES_DOCUMENTS = {
    "propositions": "/entraide/propositions/",
    "missions": "/entraide/missions/",
    "alertes": "/alertes/",
}
_ADRESSE = re.compile(rf"https?://\S+/v1/({'|'.join(_PAGES_DES_DOCUMENTS)})/([0-9]+)")


def sans_adresses(texte: str) -> str:
    """A message without the lines that are the address of a service's document: the page has a link instead."""
    return "\n".join(ligne for ligne in texte.splitlines() if not _ADRESSE.fullmatch(ligne.strip()))


def page_de(texte: str) -> str | None:
    """The page of the console that shows what a message gives the address of."""
    trouve = next((t for ligne in texte.splitlines() if (t := _ADRESSE.fullmatch(ligne.strip()))), None)
    return None if trouve is None else f"{_PAGES_DES_DOCUMENTS[trouve[1]]}{trouve[2]}"


def en_noms(phrase: str) -> str:
    """A sentence of a service with the names of the caisses and of the processes it gives the codes of."""
    phrase = _SLUG.sub(lambda trouve: nom_caisse(trouve[0]), phrase.replace(URN_DES_SOURCES, ""))
    return _ENTOURE.sub(lambda trouve: f"{trouve[1]}{dire(PROCESSUS, trouve[2])}{trouve[3]}", phrase)
