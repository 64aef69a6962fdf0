"""An explanation in words, for whoever has to answer for a figure on a Friday evening."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from shared.catalogue.cibles import CibleApplicable
from shared.catalogue.conventions import convention
from shared.catalogue.derives import CONTACT_INDUIT, REITERATION
from shared.catalogue.indicateurs import Indicateur
from shared.catalogue.mise_en_mots import horloge, nombre
from shared.catalogue.modele_conventions import Cible
from shared.catalogue.processus import processus
from shared.dossiers.explication import modele as etats
from shared.dossiers.explication.modele import Compte, Comptes
from shared.indicators.completude import PLANCHER
from shared.indicators.couverture import Part
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import Valeur
from shared.indicators.verdicts import Verdict
from shared.network.jours import date_de

MOTIFS: Mapping[str, tuple[str, str]] = {
    "decroche": ("réponse", "réponses"),
    "abandon": ("abandon", "abandons"),
    "abandon_court": ("abandon dans les 5 premières secondes", "abandons dans les 5 premières secondes"),
    "deborde": ("débordement", "débordements"),
    "rappel": ("rappel proposé", "rappels proposés"),
    "hors_horaires": ("hors horaires", "hors horaires"),
    "serveur_vocal": ("au serveur vocal", "au serveur vocal"),
    "en_cours": ("sans issue encore", "sans issue encore"),
    "repondu": ("réponse", "réponses"),
    "repondue": ("réponse", "réponses"),
    "sans_reponse": ("clôture sans réponse", "clôtures sans réponse"),
    "annulation": ("annulation", "annulations"),
    "paye": ("paiement", "paiements"),
    "rejet": ("rejet", "rejets"),
    "refus": ("refus", "refus"),
    "accord": ("accord", "accords"),
    etats.HORS_POPULATION: ("hors de la population de l'indicateur",) * 2,
    etats.ENCORE_OUVERTS: ("encore en instance au dernier soir",) * 2,
    etats.ATTENTE_INCONNUE: ("sans attente connue",) * 2,
    etats.PAS_ECHUS: ("pas encore à échéance",) * 2,
    etats.CLOS_EN_RETARD: ("fermeture après l'échéance", "fermetures après l'échéance"),
    etats.OUVERTS_EN_RETARD: ("en retard et encore en instance",) * 2,
    etats.TROP_LONGS: ("réponse après une attente trop longue", "réponses après une attente trop longue"),
    etats.CLOS_DEPUIS: ("fermeture", "fermetures"),
    etats.SANS_ISSUE: ("sans réponse à ce jour",) * 2,
    etats.PAS_REPETES: ("premier de son assuré sur ce motif, ou venu trop tard pour répéter",) * 2,
    etats.SANS_RETARD: ("d'un assuré sans dossier en retard", "d'assurés sans dossier en retard"),
    etats.SANS_ASSURE: ("contact dont l'assuré n'est pas connu", "contacts dont l'assuré n'est pas connu"),
    etats.SANS_ASSURE_NI_MOTIF: (
        "contact dont l'assuré ou le motif n'est pas connu",
        "contacts dont l'assuré ou le motif n'est pas connu",
    ),
    etats.UNE_SOURCE: (
        "jour d'une plateforme compté par une seule source",
        "jours d'une plateforme comptés par une seule source",
    ),
    etats.AUTRE_VALEUR: ("dont rien ne dit la catégorie",) * 2,
    REITERATION: ("réitération", "réitérations"),
    CONTACT_INDUIT: ("contact induit par un dossier en retard", "contacts induits par un dossier en retard"),
}
"""An outcome or a state, for one and for several; one that is not here is quoted as it is named."""

VERDICTS: Mapping[Verdict, str] = {
    "atteint": "objectif atteint",
    "socle_atteint": "socle atteint, objectif non atteint",
    "sous_le_socle": "sous le socle",
    "seuil_alerte_franchi": "seuil d'alerte franchi",
    "non_mesure": "non mesuré",
    "sans_cible": "sans cible",
    "a_determiner": "cible à déterminer",
}

ROLES: Mapping[str, str] = {
    "manques": "ceux qui manquent au taux",
    "comptes": "ceux que le taux compte",
    "autour": "ceux dont la mesure est dans l'intervalle du décile",
    "au_dela": "ceux qui dépassent la moyenne",
    "ouverts": "ceux qui sont encore ouverts",
}
"""What the dossiers listed are to the figure."""

SOURCES_DITES = 3
"""Sources in default named in a sentence."""

METHODES: Mapping[str, str] = {
    "rapport": "Wilson",
    "part_issue": "Wilson",
    "attente_part": "Wilson",
    "echeance": "Wilson",
    "attente_quantile": "rangs encadrants",
    "delai_quantile": "rangs encadrants",
    "stock_age_quantile": "rangs encadrants",
    "attente_moyenne": "Student",
    "delai_moyen": "Student, dispersion approchée par les jours entiers",
}
"""How the interval of a kind of statistic is made; a kind that is not here has none."""


def dire(mesure: float | Decimal | int | None, unite: str = "") -> str:
    """« 1 234,5 jours »; at most two decimals."""
    if mesure is None:
        return "non mesuré"
    mots = nombre(round(Decimal(str(mesure)), 2))
    if "," in mots:
        mots = mots.rstrip("0").rstrip(",")
    return f"{mots}\u202f{unite}" if unite == "%" else f"{mots} {unite}".rstrip()


def choses(indicateur: Indicateur, n: int) -> str:
    """What is counted, with its number: « 1 appel », « 1 234 dossiers »."""
    return f"{dire(n)} {processus(indicateur.process).unite}{'s' if n > 1 else ''}"


def phrases(
    indicateur: Indicateur,
    qui: str,
    periode: Periode,
    valeur: Valeur | None,
    comptes: Comptes | None,
    applicable: CibleApplicable | None,
    verdict: Verdict,
) -> list[str]:
    """The explanation, one sentence or two per point; ``qui``: the name of the caisse or of the network."""
    unite = indicateur.unite
    dite = "non mesuré (aucune activité)" if valeur is None else dire(valeur.valeur, unite)
    tete = f"{indicateur.libelle}, {qui}, {_jours(periode)} : {dite}."
    suite = [] if valeur is None else [_compte(indicateur, valeur, comptes), _surete(indicateur, valeur)]
    return [
        tete,
        *suite,
        *([] if valeur is None else _exclusions(comptes)),
        _cible(indicateur, applicable, verdict, valeur),
        _formule(indicateur),
    ]


def dire_completude(completude: Mapping[str, Any] | None, part: Part | None) -> str:
    """What the figure is built on. ``completude``: see ``sources.completude_de``."""
    if completude is None or part is None:
        return "Complétude des sources : non connue pour cette période."
    if part.taux is None and not part.muettes:
        raison = (
            "elles sont trop récentes pour savoir ce qu'elles devraient envoyer"
            if completude["jours_inconnus"]
            else "aucun jour de la période où elles envoient n'est encore passé"
        )
        return f"Complétude des sources : non connue, {raison}."
    recue = "plus rien n'est reçu" if part.taux is None else f"{dire(100 * part.taux, '%')} des événements attendus"
    if part.complete:
        return f"Complétude des sources : {recue}, rien ne manque."
    fautives = completude["sources_incompletes"]
    noms = ", ".join(f"{s['source']} ({_defaut(s)})" for s in fautives[:SOURCES_DITES])
    reste = f" et {len(fautives) - SOURCES_DITES} autres" if len(fautives) > SOURCES_DITES else ""
    suite = (
        f"C'est trop peu (moins de {dire(100 * PLANCHER, '%')}) : le verdict est « non mesuré »."
        if part.insuffisante
        else "Le chiffre est provisoire."
    )
    return f"Complétude des sources : {recue}. À vérifier : {noms}{reste}. {suite}"


def _defaut(source: Mapping[str, Any]) -> str:
    """What is amiss with one source."""
    if source["silencieuse"]:
        return "silencieuse"
    if jours := len(source["jours_silencieux"]):
        return f"{jours} jour{'s' if jours > 1 else ''} sans rien"
    if source["jours_inconnus"]:
        return "trop récente pour savoir ce qu'elle devrait envoyer"
    return f"{dire(100 * source['taux'], '%')} reçus"


def _jours(periode: Periode) -> str:
    du, au = date_de(periode.du), date_de(periode.au)
    return f"le {du:%d/%m/%Y}" if du == au else f"du {du:%d/%m/%Y} au {au:%d/%m/%Y}"


def _compte(indicateur: Indicateur, valeur: Valeur, comptes: Comptes | None) -> str:
    if indicateur.genre == "stock" and comptes is not None:
        clos = sum(n for _, n in comptes.manques)
        return f"{dire(comptes.numerateur)} ouvertures depuis le début, moins {dire(clos)} fermetures."
    if comptes is not None and comptes.numerateur is not None:
        phrase = f"Le taux compte {choses(indicateur, comptes.numerateur)} sur {dire(comptes.denominateur)}."
        if comptes.manques:
            phrase += f" Les autres : {_liste(comptes.manques)}."
        return phrase
    if "q" in indicateur.parametres:
        haut, bas = indicateur.parametres["q"]
        rang = max(1, -(-valeur.n * haut // bas))
        return f"C'est la mesure de rang {dire(rang)} sur {choses(indicateur, valeur.n)}, dans l'ordre croissant."
    if indicateur.unite == "%" and valeur.numerateur is not None:
        return f"Le taux compte {dire(valeur.numerateur)} sur {dire(valeur.denominateur)}."
    moyenne = "la moyenne de " if indicateur.genre.endswith("moyenne") or indicateur.genre == "delai_moyen" else ""
    return f"C'est {moyenne}{choses(indicateur, valeur.n)}."


def _surete(indicateur: Indicateur, valeur: Valeur) -> str:
    methode, unite = METHODES.get(indicateur.genre), indicateur.unite
    if methode is None:
        return "Pas d'intervalle : ce n'est pas un échantillon."
    if valeur.bas is None and valeur.haut is None:
        return "Trop peu de cas pour encadrer cette valeur : ne rien en conclure."
    if valeur.haut is None:
        bornes = f"au moins {dire(valeur.bas, unite)}, sans borne haute (trop peu de cas)"
    elif valeur.bas is None:
        bornes = f"au plus {dire(valeur.haut, unite)}, sans borne basse (trop peu de cas)"
    else:
        bornes = f"entre {dire(valeur.bas, unite)} et {dire(valeur.haut, unite)}"
    return f"Intervalle à 95\u202f% ({methode}) : {bornes}."


def _exclusions(comptes: Comptes | None) -> list[str]:
    if comptes is None:
        return ["Ce qui est laissé de côté n'est pas détaillé pour cette statistique."]
    exclusions = [compte for compte in comptes.exclusions if compte.n]
    if not exclusions:
        return ["Rien n'a été laissé de côté."]
    return [f"Laissés de côté, sur la même période : {_liste(exclusions)}."]


def _liste(comptes: Sequence[Compte]) -> str:
    return ", ".join(f"{dire(n)} {motif(code, n)}" for code, n in comptes)


def motif(code: str, n: int) -> str:
    """An outcome or a state in words."""
    un, plusieurs = MOTIFS.get(code, (f"« {code} »",) * 2)
    return plusieurs if n > 1 else un


def _cible(indicateur: Indicateur, applicable: CibleApplicable | None, verdict: Verdict, valeur: Valeur | None) -> str:
    if applicable is None:
        return "Aucune cible n'est connue à cette date."
    cible = applicable.cible
    bornes = _bornes(indicateur, cible)
    phrase = f"Cible : {bornes}, {_origine(applicable)}. Verdict : {VERDICTS[verdict]}"
    return f"{phrase}{_hasard(indicateur, cible, verdict, valeur)}."


def _bornes(indicateur: Indicateur, cible: Cible) -> str:
    sens, unite = ("au moins" if indicateur.sens == "haut" else "au plus"), indicateur.unite
    dites = [
        f"{nom} {sens} {dire(borne, unite)}"
        for nom, borne in (("objectif", cible.valeur), ("socle", cible.socle))
        if borne is not None
    ]
    if cible.valeur is None:
        dites.insert(0, _SANS_OBJECTIF.get(cible.statut, "aucun objectif chiffré"))
    if cible.seuil_alerte is not None:
        cote = "en dessous de" if indicateur.sens == "haut" else "au-delà de"
        dites.append(f"alerte {cote} {dire(cible.seuil_alerte, unite)}")
    return ", ".join(dites)


_SANS_OBJECTIF = {"a_determiner": "objectif à déterminer", "non_applicable": "sans objet"}


def _origine(applicable: CibleApplicable) -> str:
    if applicable.convention is None:
        return "hypothèse de Vigie : aucune source ne la donne"
    libelle, annee = convention(applicable.convention).libelle, applicable.cible.annee
    if applicable.reconduite:
        return f"reconduite de {annee} ({libelle}) faute de convention connue à cette date : c'est une hypothèse"
    alerte = " ; le seuil d'alerte est une hypothèse" if applicable.cible.seuil_alerte is not None else ""
    douteuse = ", année supposée" if applicable.cible.hypothese else ""
    return f"fixée pour {annee} par {libelle}{douteuse}{alerte}"


def _hasard(indicateur: Indicateur, cible: Cible, verdict: Verdict, valeur: Valeur | None) -> str:
    """Whether chance alone could explain the side of the bound that the verdict names."""
    bornes = {
        "seuil_alerte_franchi": ("le seuil", cible.seuil_alerte),
        "sous_le_socle": ("le socle", cible.socle) if cible.socle is not None else ("l'objectif", cible.valeur),
        "socle_atteint": ("l'objectif", cible.valeur),
        "atteint": ("l'objectif", cible.valeur),
    }
    nom, borne = bornes.get(verdict, ("", None))
    if valeur is None or borne is None or indicateur.genre not in METHODES:
        return ""
    if valeur.bas is None and valeur.haut is None:
        return ""
    exacte = float(borne)
    dedans = (valeur.bas is None or valeur.bas <= exacte) and (valeur.haut is None or exacte <= valeur.haut)
    if dedans:
        return f" ; {nom} est dans l'intervalle, l'écart peut tenir au hasard"
    return f" ; {nom} est hors de l'intervalle, l'écart ne tient pas au hasard"


def _formule(indicateur: Indicateur) -> str:
    temps = indicateur.parametres.get("horloge")
    en = f", en {horloge(indicateur)}" if temps else ""
    doute = " ; cette formule est une hypothèse, la source n'en donne pas" if indicateur.hypothese else ""
    return f"Formule (version {indicateur.version}{en}) : {indicateur.formule}{doute}."
