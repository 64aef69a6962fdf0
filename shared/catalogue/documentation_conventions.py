"""The part of docs/indicateurs.md on the conventions: what each asks for, what is known of it, and how it ended."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from shared.catalogue.markdown import liste, repli, tableau
from shared.catalogue.mise_en_mots import cibles, resultats, unite
from shared.catalogue.modele_conventions import Convention, Ligne

_REGIMES: Mapping[str, str] = {"general": "général", "mines": "minier"}
_COLONNES = "indicateur|ce qu'il mesure|cibles, année par année|résultats publiés|verdict publié|état"
_RIEN = "—"


def sommaire(conventions: Mapping[str, Convention]) -> Iterator[str]:
    """The conventions, the first table of the page a reader looks something up in."""
    yield "## Les conventions\n"
    yield from tableau(
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


def chapitre(convention: Convention) -> Iterator[str]:
    """One convention: its rows by fiche, and folded under each table the remarks and the lines of the source."""
    lignes = tuple(convention.lignes.values())
    yield f'<a id="{convention.code}"></a>\n## {convention.libelle}\n'
    yield f"Code `{convention.code}`. Source : {convention.source.titre}.\n"
    absents = [
        nom
        for nom, presents in (
            ("résultat", any(r.resultats for r in lignes)),
            ("verdict", any(r.verdict for r in lignes)),
        )
        if not presents
    ]
    if absents:
        yield f"La source ne publie aucun {' et aucun '.join(absents)}.\n"
    yield from liste("Ce qu'il faut savoir", convention.notes)
    anomalies = convention.anomalies
    yield from repli(f"Ce que le document a d'anormal ({len(anomalies)})", anomalies)
    for fiche, titre in convention.fiches.items():
        rangees = tuple(convention.lignes_de(fiche))
        yield f"### {f'Fiche {fiche} : ' if fiche.isdigit() else ''}{titre}\n"
        yield from tableau(_COLONNES, map(_rangee, rangees), vides=(_RIEN,))
        yield from repli(_titre_des_remarques(rangees), map(_remarques, rangees))
    if convention.jalons:
        yield "### Échéances\n"
        yield from tableau("engagement|échéance", ((j.libelle, j.echeance) for j in convention.jalons))


def _jour(jour: date) -> str:
    return f"{jour:%d/%m/%Y}"


def _rangee(ligne: Ligne) -> tuple[str, ...]:
    imprime = f"<br>imprimé « {ligne.libelle} »" if ligne.libelle_corrige else ""
    verdict = ligne.verdict
    return (
        f"**{ligne.nom}**<br>`{ligne.code}`{imprime}",
        f"{ligne.mesure}<br>*Unité : {unite(ligne)}.*",
        cibles(ligne) if ligne.cibles else "aucune",
        resultats(ligne) if ligne.resultats else _RIEN,
        _RIEN if verdict is None else f"{verdict.imprime.lower()} ({verdict.annee})",
        f"calculé : `{ligne.calcul}`" if ligne.calcul else "déclaré",
    )


def _titre_des_remarques(rangees: Sequence[Ligne]) -> str:
    remarquees = sum(bool(_dites(ligne)) for ligne in rangees)
    if not remarquees:
        return "Lignes de la source"
    return (
        f"Remarques ({remarquees} indicateur{'s' if remarquees > 1 else ''} sur {len(rangees)}) et lignes de la source"
    )


def _dites(ligne: Ligne) -> tuple[str, ...]:
    return tuple(phrase.rstrip(".") for phrase in (*ligne.anomalies, ligne.note) if phrase)


def _remarques(ligne: Ligne) -> str:
    """What is to be known of one row, once, and where it was read."""
    lignes = f"Ligne{'s' if len(ligne.lignes) > 1 else ''} {', '.join(map(str, ligne.lignes))}"
    return f"*{ligne.nom}*. {'. '.join((*_dites(ligne), lignes))}"
