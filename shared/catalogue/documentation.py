"""Write docs/indicateurs.md: ``python -m shared.catalogue.documentation``, from the root of the repository.

With ``--verifier`` nothing is written: exit code 1 when the file is not what the catalogue gives.
"""

import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from shared.catalogue.conventions import charger_conventions
from shared.catalogue.documentation_conventions import chapitre, sommaire
from shared.catalogue.indicateurs import Indicateur, charger_indicateurs
from shared.catalogue.markdown import liste, repli, tableau
from shared.catalogue.mise_en_mots import horloge
from shared.catalogue.modele_conventions import Convention
from shared.catalogue.mots_seuils import cibles_supposees, juges, series, seuils_d_alerte
from shared.catalogue.processus import Processus, tous_les_processus
from shared.catalogue.seuils import charger_seuils
from shared.generes import Produits, commande

DOCUMENT = Path(__file__).parents[2] / "docs" / "indicateurs.md"

_SANS_HORLOGE = "sans objet"
_TITRE = """\
# Les indicateurs

Ce que chaque convention d'objectifs et de gestion (COG) demande, ce que l'on sait de ses résultats, et ce que Vigie
calcule elle-même. Ce document est produit à partir du catalogue par `make docs` : ne le modifiez pas à la main.

Vous cherchez…

- ce sur quoi votre caisse est jugée aujourd'hui : [Ce que Vigie juge aujourd'hui](#aujourdhui) ;
- ce qu'une convention demandait : [Les conventions](#conventions) ;
- comment un chiffre de Vigie est fait : [Les indicateurs calculés par Vigie](#calcules) ;
- ce qui n'est dans aucune source : [Ce qui est hypothèse](#hypotheses).

## Comment lire une ligne

Prenons le taux de décroché, dans la convention 2014-2017. *≥ 90* en face de *2014-2017* : chaque année, au moins 90 %,
et 90 tout juste suffit. *2016 : 90,3* : le résultat que la source publie. *Atteint (2016)* : le verdict qu'elle en
tire, et l'année jugée. *Calculé* : Vigie mesure la même chose, sous le code indiqué. Sous chaque tableau, un repli
donne les remarques et les lignes du texte d'où viennent les données.

| mot | ce qu'il veut dire |
|---|---|
| **État : calculé** | La valeur vient des événements reçus, caisse par caisse ; Vigie la recalcule à tout moment. |
| **État : déclaré** | Vigie ne reçoit pas de quoi la calculer : la valeur est saisie, avec sa source et sa date. |
| **Cible ferme** | Fixée par la convention. C'est le cas quand rien d'autre n'est dit. |
| **Cible provisoire** | Reconduite en attendant mieux. |
| **Cible à déterminer** | Annoncée par la convention, jamais fixée. |
| **Cible absente** | La case de la source est vide : rien ne dit ce qui était attendu. |
| **Cible sans objet** | L'indicateur a été abandonné ou remplacé cette année-là. |
| **Socle** | Le niveau en dessous duquel l'indicateur est jugé insuffisant, quand la source en donne un. |
| **Seuil d'alerte** | Le niveau au-delà duquel Vigie ouvre une alerte. Aucune source n'en chiffre. |
| **Non fourni** | La donnée n'a pas été transmise. Ce n'est jamais un zéro, ni un bon résultat. |
| **Non mesuré** | Verdict d'un chiffre sans activité, ou bâti sur moins de 70 % des événements attendus. |
| **Provisoire** (d'un chiffre) | Au moins 70 % des événements sont venus, mais pas tous : le chiffre est jugé, et ce \
manque est dit à côté. |
| **Hypothèse** | Ce que la source ne dit pas et que Vigie a dû supposer, comme ces 70 %. Tout est en fin de page. |

Trois pièges :

- **9e décile** : le délai que neuf dossiers sur dix n'ont pas dépassé. Un 9e décile de 7 jours et une moyenne de
  7 jours ne sont pas la même exigence, et ne se comparent pas.
- Un même nom peut cacher deux mesures : « décroché », « aboutis » et « efficacité » de l'accueil téléphonique ne se
  comparent pas.
- Le sens (plus haut ou plus bas vaut mieux) n'est imprimé dans presque aucune source : il est déduit du libellé.
"""


def texte() -> str:
    """The whole document."""
    conventions = charger_conventions()
    parties = [_TITRE, *_aujourdhui(), '<a id="conventions"></a>', *sommaire(conventions)]
    for convention in sorted(conventions.values(), key=lambda c: (c.regime is None, c.regime or "", c.du)):
        parties += chapitre(convention)
    parties += [*_calcules(conventions), *_hypotheses(conventions)]
    return "\n".join(parties).rstrip() + "\n"


def _aujourdhui() -> Iterator[str]:
    yield '<a id="aujourdhui"></a>\n## Ce que Vigie juge aujourd\'hui\n'
    depuis = f"{charger_seuils().depuis:%d/%m/%Y}"
    yield (
        f"Aucune convention du régime général, dans nos sources, ne court depuis le {depuis}. Vigie reconduit les\n"
        "dernières cibles connues. Les socles et les seuils d'alerte sont des réglages (`seuils.yaml`), à remplacer\n"
        "par ceux du réseau ; combien de jours ils doivent être franchis est dit en [fin de page](#hypotheses).\n"
    )
    yield from tableau("indicateur|objectif|socle|alerte|un courrier peut en naître|d'où vient la cible", juges())


def _calcules(conventions: Mapping[str, Convention]) -> Iterator[str]:
    usages: dict[str, list[str]] = {}
    for convention in conventions.values():
        for ligne in convention.lignes.values():
            if ligne.calcul and convention.code not in usages.setdefault(ligne.calcul, []):
                usages[ligne.calcul].append(convention.code)
    yield '<a id="calcules"></a>\n## Les indicateurs calculés par Vigie\n'
    yield "Chaque version de formule est une série à part : changer de formule, c'est commencer une autre série.\n"
    for processus, groupe in groupby(sorted(charger_indicateurs().values(), key=_processus), key=_processus):
        indicateurs = tuple(groupe)
        yield from _fiche_processus(tous_les_processus()[processus])
        yield from tableau(
            "indicateur|comment il est calculé|unité|mieux|convention qui le demande",
            (
                (
                    f"**{i.libelle}**<br>`{i.code}`",
                    _calcul(i),
                    i.unite,
                    "plus haut" if i.sens == "haut" else "plus bas",
                    ", ".join(f"[{c}](#{c})" for c in usages.get(i.code, ())) or "aucune",
                )
                for i in indicateurs
            ),
        )
        yield from repli("Versions des formules et sources", map(_provenance, indicateurs))


def _calcul(indicateur: Indicateur) -> str:
    comptee = horloge(indicateur)
    temps = "" if comptee == _SANS_HORLOGE else f"<br>*Temps compté en {comptee}.*"
    return f"{indicateur.formule[:1].upper()}{indicateur.formule[1:]}.{temps}"


def _provenance(indicateur: Indicateur) -> str:
    doute = ["formule supposée"] if indicateur.hypothese else []
    dites = [*([indicateur.source] if indicateur.source else []), *doute] or ["définition de Vigie"]
    return f"`{indicateur.code}`, version `{indicateur.version}` : {' ; '.join(dites)}"


def _fiche_processus(processus: Processus) -> Iterator[str]:
    yield f"### {processus.libelle} : processus `{processus.code}`\n"
    if processus.source:
        reserve = " ; en partie une hypothèse" if processus.hypothese else ""
        yield f"Source : {processus.source}{reserve}.\n"


def _processus(indicateur: Indicateur) -> str:
    return indicateur.process


def _hypotheses(conventions: Mapping[str, Convention]) -> Iterator[str]:
    calcules = charger_indicateurs()
    yield '<a id="hypotheses"></a>\n## Ce qui est hypothèse\n'
    yield from liste(
        "Formules que les sources nomment sans les donner",
        [f"{i.libelle} (`{i.code}`) : {i.formule}" for i in calcules.values() if i.hypothese],
    )
    yield from liste(
        "Horloges que les sources ne précisent pas",
        [
            f"{ligne.nom} ({c.code}) : {ligne.horloge} ; Vigie compte en {horloge(calcules[ligne.calcul])}"
            for c in conventions.values()
            for ligne in c.lignes.values()
            if ligne.calcul and ligne.horloge and "précisé" in ligne.horloge
        ],
    )
    yield from liste(
        "Cibles dont la valeur ou l'année n'est pas dans les sources",
        [
            f"{ligne.nom} ({c.code}), {' et '.join(annees)}" + (f" : {ligne.note}" if ligne.note else "")
            for c in conventions.values()
            for ligne in c.lignes.values()
            if (annees := [str(cible.annee) for cible in ligne.cibles if cible.hypothese])
        ],
    )
    depuis = f"{charger_seuils().depuis:%d/%m/%Y}"
    yield from liste(f"Cibles jugées depuis le {depuis} faute de convention en vigueur", cibles_supposees())
    yield from liste(f"Seuils d'alerte, depuis le {depuis}", seuils_d_alerte())
    yield from liste("Noms sous lesquels la mesure a changé (séries rompues)", series())
    yield from liste(
        "Dates de signature", [f"{c.code} : {c.signature_note}" for c in conventions.values() if c.signature_note]
    )
    yield from liste(
        "Règles",
        (
            "Le taux d'atteinte de 72 % que l'IGAS publie pour 2016 se retrouve avec 36 indicateurs, non avec 35",
            "Aucune source ne chiffre de seuil d'alerte : ceux que Vigie applique sont des réglages (`seuils.yaml`)",
            "Sans socle dans la source, ce qui manque l'objectif est dit « sous le socle »",
        ),
    )


def produits() -> Produits:
    """The file and its content."""
    return {DOCUMENT: texte()}


if __name__ == "__main__":
    sys.exit(commande("shared.catalogue.documentation", produits(), sys.argv[1:]))
