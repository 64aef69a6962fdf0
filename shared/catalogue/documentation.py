"""Write docs/indicateurs.md: ``python -m shared.catalogue.documentation``, from the root of the repository.

With ``--verifier`` nothing is written: exit code 1 when the file is not what the catalogue gives.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from pathlib import Path

from shared.catalogue.conventions import charger_conventions
from shared.catalogue.indicateurs import Indicateur, charger_indicateurs
from shared.catalogue.mise_en_mots import cibles, horloge, resultats, unite
from shared.catalogue.modele_conventions import Convention, Ligne
from shared.catalogue.mots_seuils import cibles_supposees, series, seuils_d_alerte
from shared.catalogue.processus import Processus, tous_les_processus
from shared.catalogue.seuils import charger_seuils

DOCUMENT = Path(__file__).parents[2] / "docs" / "indicateurs.md"

_REGIMES: Mapping[str, str] = {"general": "général", "mines": "minier"}
_TITRE = """\
# Les indicateurs

Ce que chaque convention d'objectifs et de gestion (COG) demande, ce que l'on sait de ses résultats, et ce que Vigie
calcule elle-même. Ce document est produit à partir du catalogue par `make docs` : ne le modifiez pas à la main.

## Comment lire ce document

- **État.** *Calculé par Vigie* : la valeur vient des événements reçus, caisse par caisse. *Déclaré* : Vigie ne reçoit
  pas de quoi la calculer ; la valeur est saisie, avec sa source et sa date, et vit à côté des autres.
- **Cible.** *≥ 90* : au moins 90, la borne comprise ; *≤ 7* : au plus 7, la borne comprise. Une cible est *ferme*
  (rien n'est dit de plus), *provisoire* (reconduite en attendant mieux), *à déterminer* (annoncée, non fixée),
  *absente* (la case de la source est vide) ou *sans objet*. Vigie n'en invente aucune.
- **Socle.** Le niveau en dessous duquel l'indicateur est jugé insuffisant, quand la source en donne un.
- **Hypothèse.** Ce que la source ne dit pas et que Vigie a dû supposer. Tout est repris en fin de document.
- **9e décile.** Le délai que neuf dossiers sur dix n'ont pas dépassé. Un 9e décile de 7 jours et une moyenne de
  7 jours ne sont pas la même exigence, et ne se comparent pas.
- **Non fourni.** La donnée n'a pas été transmise. Ce n'est jamais un zéro, ni un bon résultat.
- **Non mesuré.** Le verdict d'un chiffre sans activité, ou bâti sur moins de 70 % des événements que ses sources
  auraient dû envoyer. Au-dessus, s'il en manque encore, le chiffre est jugé mais dit provisoire. Le seuil de 70 % est
  une hypothèse de Vigie.
- Le sens (plus haut ou plus bas vaut mieux) n'est imprimé dans presque aucune source : il est déduit du libellé.
- Un même nom peut cacher deux mesures. « Décroché », « aboutis » et « efficacité » de l'accueil téléphonique, par
  exemple, ne se comparent pas.
- « Ligne 3001 » renvoie à la ligne du texte d'où vient la donnée ; toutes sont dans le catalogue.
"""


def texte() -> str:
    """The whole document."""
    conventions = charger_conventions()
    parties = [_TITRE, *_sommaire(conventions)]
    for convention in sorted(conventions.values(), key=lambda c: (c.regime is None, c.regime or "", c.du)):
        parties += _convention(convention)
    parties += [*_calcules(conventions), *_hypotheses(conventions)]
    return "\n".join(parties).rstrip() + "\n"


def _tableau(colonnes: str, rangees: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table; ``colonnes`` are its titles, separated by bars."""
    titres = colonnes.split("|")
    yield f"| {' | '.join(titres)} |"
    yield "|" + "---|" * len(titres)
    for rangee in rangees:
        yield f"| {' | '.join(cellule.replace('|', '/') for cellule in rangee)} |"
    yield ""


def _jour(jour: date) -> str:
    return f"{jour:%d/%m/%Y}"


def _ancre(convention: Convention) -> str:
    return f'<a id="{convention.code}"></a>'


def _sommaire(conventions: Mapping[str, Convention]) -> Iterator[str]:
    yield "## Les conventions\n"
    yield from _tableau(
        "convention|organisme|régime|période|signée le|indicateurs|calculés par Vigie|déclarés",
        (
            (
                f"[{c.code}](#{c.code})",
                c.organisme,
                _REGIMES.get(c.regime, c.regime) if c.regime else "aucun (comparaison)",
                f"{_jour(c.du)} au {_jour(c.au)}",
                _jour(c.signature) + (" (supposé)" if c.signature_note else ""),
                str(len(c.lignes)) + (f" sur {c.indicateurs_annonces} annoncés" if c.indicateurs_annonces else ""),
                str(n := sum(ligne.calcul is not None for ligne in c.lignes.values())),
                str(len(c.lignes) - n),
            )
            for c in conventions.values()
        ),
    )


def _convention(convention: Convention) -> Iterator[str]:
    yield f"{_ancre(convention)}\n## {convention.libelle}\n"
    yield f"Code `{convention.code}`. Source : {convention.source.titre}.\n"
    yield from _liste("Ce qu'il faut savoir", convention.notes)
    yield from _liste("Anomalies du document", convention.anomalies)
    for fiche, titre in convention.fiches.items():
        rangees = tuple(convention.lignes_de(fiche))
        yield f"### {f'Fiche {fiche} : ' if fiche.isdigit() else ''}{titre}\n"
        yield from _tableau(
            "indicateur|ce qu'il mesure|unité|cibles|résultats connus|état", (_rangee(ligne) for ligne in rangees)
        )
        yield from _liste(
            "Remarques", [f"*{ligne.nom}* : {r}" for ligne in rangees for r in (*ligne.anomalies, ligne.note) if r]
        )
    if convention.jalons:
        yield "### Échéances\n"
        yield from _tableau("engagement|échéance", ((j.libelle, j.echeance) for j in convention.jalons))


def _liste(titre: str, phrases: Iterable[str]) -> Iterator[str]:
    phrases = tuple(phrases)
    if phrases:
        yield f"**{titre}**\n"
        yield from (f"- {phrase.rstrip('.')}." for phrase in phrases)
        yield ""


def _rangee(ligne: Ligne) -> tuple[str, ...]:
    imprime = f"<br>imprimé « {ligne.libelle} »" if ligne.libelle_corrige else ""
    jugement = f"<br>jugé « {ligne.verdict.imprime} » en {ligne.verdict.annee}" if ligne.verdict else ""
    return (
        f"**{ligne.nom}**<br>`{ligne.code}`{imprime}",
        ligne.mesure,
        unite(ligne),
        cibles(ligne),
        resultats(ligne) + jugement,
        f"calculé par Vigie : `{ligne.calcul}`" if ligne.calcul else "déclaré",
    )


def _calcules(conventions: Mapping[str, Convention]) -> Iterator[str]:
    usages: dict[str, list[str]] = {}
    for convention in conventions.values():
        for ligne in convention.lignes.values():
            if ligne.calcul and convention.code not in usages.setdefault(ligne.calcul, []):
                usages[ligne.calcul].append(convention.code)
    yield "## Les indicateurs calculés par Vigie\n"
    yield "Chaque version de formule est une série à part : changer de formule, c'est commencer une autre série.\n"
    for processus, indicateurs in groupby(sorted(charger_indicateurs().values(), key=_processus), key=_processus):
        yield from _fiche_processus(tous_les_processus()[processus])
        yield from _tableau(
            "indicateur|formule|horloge|unité|mieux|version|source|conventions",
            (
                (
                    f"**{i.libelle}**<br>`{i.code}`",
                    i.formule,
                    horloge(i),
                    i.unite,
                    "plus haut" if i.sens == "haut" else "plus bas",
                    f"`{i.version}`",
                    " ; ".join([*([i.source] if i.source else []), *(["hypothèse"] if i.hypothese else [])]) or "Vigie",
                    ", ".join(f"[{c}](#{c})" for c in usages.get(i.code, ())) or "aucune",
                )
                for i in indicateurs
            ),
        )


def _fiche_processus(processus: Processus) -> Iterator[str]:
    yield f"### {processus.libelle} : processus `{processus.code}`\n"
    if processus.source:
        reserve = " ; en partie une hypothèse" if processus.hypothese else ""
        yield f"Source : {processus.source}{reserve}.\n"


def _processus(indicateur: Indicateur) -> str:
    return indicateur.process


def _hypotheses(conventions: Mapping[str, Convention]) -> Iterator[str]:
    calcules = charger_indicateurs()
    yield "## Ce qui est hypothèse\n"
    yield from _liste(
        "Formules que les sources nomment sans les donner",
        [f"{i.libelle} (`{i.code}`) : {i.formule}" for i in calcules.values() if i.hypothese],
    )
    yield from _liste(
        "Horloges que les sources ne précisent pas",
        [
            f"{ligne.nom} ({c.code}) : {ligne.horloge} ; Vigie compte en {horloge(calcules[ligne.calcul])}"
            for c in conventions.values()
            for ligne in c.lignes.values()
            if ligne.calcul and ligne.horloge and "précisé" in ligne.horloge
        ],
    )
    yield from _liste(
        "Cibles dont la valeur ou l'année n'est pas dans les sources",
        [
            f"{ligne.nom} ({c.code}), {cible.annee}" + (f" : {ligne.note}" if ligne.note else "")
            for c in conventions.values()
            for ligne in c.lignes.values()
            for cible in ligne.cibles
            if cible.hypothese
        ],
    )
    depuis = f"{charger_seuils().depuis:%d/%m/%Y}"
    yield from _liste(f"Cibles jugées depuis le {depuis} faute de convention en vigueur", cibles_supposees())
    yield from _liste(f"Seuils d'alerte, depuis le {depuis}", seuils_d_alerte())
    yield from _liste("Noms sous lesquels la mesure a changé (séries rompues)", series())
    yield from _liste(
        "Dates de signature", [f"{c.code} : {c.signature_note}" for c in conventions.values() if c.signature_note]
    )
    yield from _liste(
        "Règles",
        (
            "Le taux d'atteinte de 72 % que l'IGAS publie pour 2016 se retrouve avec 36 indicateurs, non avec 35",
            "Aucune source ne chiffre de seuil d'alerte : ceux que Vigie applique sont des réglages (`seuils.yaml`)",
            "Sans socle dans la source, ce qui manque l'objectif est dit « sous le socle »",
        ),
    )


def main(arguments: list[str]) -> int:
    """Exit code of the command."""
    if arguments == ["--verifier"]:
        if DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == texte():
            return 0
        sys.stderr.write(f"{DOCUMENT.name} n'est pas à jour : lancez make docs\n")
        return 1
    if arguments:
        sys.stderr.write("usage : python -m shared.catalogue.documentation [--verifier]\n")
        return 2
    DOCUMENT.write_text(texte(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
