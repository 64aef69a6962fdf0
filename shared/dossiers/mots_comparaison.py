"""A comparison of two readings in words, for whoever finds in December another figure for September."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from shared.catalogue.mise_en_mots import nombre
from shared.dossiers.comparaison import DEFINITION, TEMPS, Comparaison, Etape, utiles
from shared.network.jours import en_clair

ORDRE = (
    "Chaque étape part de la valeur où la précédente s'est arrêtée, et leurs effets s'additionnent exactement : le "
    "temps qui passe, les événements à l'heure, les tardifs, les corrections, les retraits, les dossiers recomptés, "
    "enfin la définition, sur les mêmes données."
)

LISIBLE = Decimal("0.001")
"""The smallest effect that is told with its number."""

PLURIEL = 2
"""From which number a unit takes its plural, in French."""

_QUOI: Mapping[str, str] = {
    TEMPS: "échéances passées et âge des dossiers, sans rien d'enregistré de plus",
    "normal": "événements enregistrés à l'heure",
    "tardif": "événements enregistrés plus d'un jour après les faits",
    "correction": "corrections d'événements déjà enregistrés",
    "retrait": "événements retirés par leur source",
    "reconstruction": "dossiers recomptés sous une nouvelle définition du processus",
    DEFINITION: "changement de définition de l'indicateur",
}


def phrases(comparaison: Comparaison) -> Iterator[str]:
    """The answer first, then a sentence a step, in their order."""
    a, b = comparaison.a, comparaison.b
    yield (
        f"{b.indicateur.libelle} : {_valeur(comparaison.valeur_a, a.indicateur.unite)} (connu au {en_clair(a.jour)}), "
        f"{_valeur(comparaison.valeur_b, b.indicateur.unite)} (connu au {en_clair(b.jour)}){_ecart(comparaison)}."
    )
    if not comparaison.separable:
        yield (
            "Le processus a été redéfini entre les deux : l'ancienne définition ne se calcule plus sur les données "
            "d'aujourd'hui, les causes ne peuvent pas être séparées."
        )
    rien = True
    for etape in utiles(comparaison):
        rien = False
        yield _etape(etape, comparaison)
    if rien:
        yield "Rien de ce que lit l'indicateur n'a changé entre les deux jours."


def _etape(etape: Etape, comparaison: Comparaison) -> str:
    ancienne, nouvelle = comparaison.a.indicateur, comparaison.b.indicateur
    quoi = _QUOI[etape.cause]
    if etape.cause == DEFINITION:
        avant, apres = _valeur(etape.avant, ancienne.unite), _valeur(etape.apres, nouvelle.unite)
        return (
            f"{_majuscule(quoi)}, de la version {ancienne.version} à la version {nouvelle.version} : "
            f"{avant} devient {apres}{'' if comparaison.separable else ', événements compris'}."
        )
    bouge = f" ({_mouvements(etape)})" if etape.ajoutes or etape.retires else ""
    return f"{_majuscule(quoi)}{bouge} : {_effet(etape, ancienne.unite)}."


def _mouvements(etape: Etape) -> str:
    parts = ((etape.ajoutes, "entré"), (etape.retires, "sorti"))
    return ", ".join(f"{nombre(Decimal(n))} {mot}{'s' if n > 1 else ''} du compte" for n, mot in parts if n)


def _effet(etape: Etape, unite: str) -> str:
    if etape.apres is None:
        return "plus rien n'est mesuré" if etape.avant is not None else "toujours rien de mesuré"
    if etape.effet is None:
        return f"la valeur devient mesurable, {_valeur(etape.apres, unite)}"
    if not etape.effet:
        return "sans effet sur la valeur"
    if abs(etape.effet) < LISIBLE:
        return (
            f"{'en hausse' if etape.effet > 0 else 'en baisse'} de moins de {nombre(LISIBLE)} {_points(unite, LISIBLE)}"
        )
    return f"{_signe(etape.effet)} {_points(unite, etape.effet)}"


def _ecart(comparaison: Comparaison) -> str:
    difference = comparaison.difference
    if difference is None:
        memes = comparaison.a.indicateur.unite == comparaison.b.indicateur.unite
        return "" if memes else ", dans une autre unité : elles ne se soustraient pas"
    if not difference:
        return ", soit la même valeur"
    return f", soit {_signe(difference)} {_points(comparaison.b.indicateur.unite, difference)}"


def _valeur(valeur: Decimal | None, unite: str) -> str:
    return "non mesuré" if valeur is None else f"{nombre(_plain(valeur))} {unite}"


def _points(unite: str, ecart: Decimal) -> str:
    mot = "points" if unite == "%" else unite
    return mot.removesuffix("s") if abs(ecart) < PLURIEL and len(mot) > 1 else mot


def _signe(ecart: Decimal) -> str:
    return f"{'+' if ecart > 0 else '−'}{nombre(abs(_plain(ecart)))}"


def _plain(valeur: Decimal) -> Decimal:
    """At most three decimals for reading; a smaller number keeps all it has."""
    court = valeur.quantize(LISIBLE)
    lisible = court if court or not valeur else valeur
    return lisible.quantize(Decimal(1)) if lisible == lisible.to_integral() else lisible.normalize()


def _majuscule(texte: str) -> str:
    return texte[:1].upper() + texte[1:]
