"""The words and shapes of the pages: one table per kind of state, and how numbers and days are written in French."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.network.reseau import charger

PARIS = ZoneInfo("Europe/Paris")

_INSECABLE = "\u202f"
_MOIS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_MOIS_COURTS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")

NOMS_SERVICES = {"contacts": "contacts", "claims": "dossiers", "alerts": "alertes", "entraide": "entraide"}
"""What the services are called on the pages."""


class Verdict(NamedTuple):
    """A verdict as people read it. ``classe``: of the stylesheet; ``rang``: how much it asks for attention."""

    mot: str
    court: str
    forme: str
    classe: str
    rang: int


VERDICTS: Mapping[str, Verdict] = {
    "seuil_alerte_franchi": Verdict("seuil d’alerte franchi", "alerte", "▲", "v-alerte", 5),
    "sous_le_socle": Verdict("sous le socle", "sous socle", "▼", "v-sous", 4),
    "socle_atteint": Verdict("socle atteint", "socle", "◐", "v-socle", 3),
    "atteint": Verdict("objectif atteint", "atteint", "●", "v-atteint", 1),
    "a_determiner": Verdict("cible à déterminer", "à déterminer", "◇", "v-sans", 1),
    "sans_cible": Verdict("sans cible", "sans cible", "◇", "v-sans", 1),
    "non_mesure": Verdict("non mesuré", "non mesuré", "○", "v-non", 0),
}

TENDANCES = {
    "mieux": ("↗", "mieux que les 28 jours d’avant"),
    "moins_bien": ("↘", "moins bien que les 28 jours d’avant"),
    "stable": ("→", "stable"),
}
"""Arrows go up when the service gets better, whatever the sense of the indicator."""

CASES_ALERTE: Mapping[str, Verdict] = {
    "averee": Verdict("alerte avérée", "avérée", "▲", "v-alerte", 4),
    "ouverte": Verdict("alerte ouverte, à surveiller", "ouverte", "▼", "v-sous", 3),
    "observee": Verdict("en observation", "observée", "◐", "v-socle", 2),
    "aucune": Verdict("aucune alerte", "aucune", "●", "v-atteint", 1),
}
"""What the map shows of a department when it shows alerts."""

ETATS_ALERTE = {
    "en_observation": "en observation",
    "ouverte": "ouverte",
    "prise_en_compte": "prise en compte",
    "resolue": "résolue",
    "neutralisee": "neutralisée",
}
GENRES_ALERTE = {
    "performance": "performance",
    "stock": "stock anormal",
    "source_muette": "source muette",
    "declaration": "situation déclarée",
    "desaccord": "désaccord entre déclaré et calculé",
}
GRAVITES = {"avere": "avéré", "a_surveiller": "à surveiller"}

ETATS_COMITE = {
    "en_preparation": "en préparation",
    "preparee": "préparé",
    "en_seance": "en séance",
    "close": "clos",
}
MESURES = {
    "preconisation": "Préconisation d’action corrective",
    "courrier_plan_actions": "Courrier d’alerte, plan d’actions demandé",
    "courrier_entraide": "Courrier d’alerte, entraide PHARE proposée",
    "audit": "Audit de processus",
    "delestage_ou_tram": "Délestage pérenne ou transfert TRAM à examiner",
    "accompagnement_si": "Accompagnement SI (intégration à Diadème)",
}
ISSUES = {"acceptee": "acceptée", "amendee": "amendée", "ecartee": "écartée", "ajoutee": "ajoutée"}

PROCESSUS = {
    "appel": "Appels", "courriel": "Courriels", "reclamation": "Réclamations", "fse": "FSE", "fsp": "FSP",
    "ij": "Indemnités journalières", "cmuc_acs": "CMU-C et ACS", "ame": "AME", "carte_vitale": "Carte Vitale",
    "courrier": "Courriers", "accueil": "Accueil", "supervision": "Supervision", "enquete": "Enquêtes",
    "effectif": "Effectifs au téléphone", "comptage_appels": "Comptage des appels", "reiteration": "Réitérations",
    "contact_induit": "Contacts induits",
}  # fmt: skip

COLONNES = {
    "delai_ij_premiere_non_subrogee_moyen": "1re IJ, délai moyen",
    "delai_cmuc_acs_d9": "CMU-C/ACS, 9e décile",
    "delai_cmuc_acs_moyen": "CMU-C/ACS, délai moyen",
    "taux_decroche": "Appels décrochés",
    "delai_fsp_assures_moyen": "FSP assurés, délai moyen",
    "delai_fsp_medecins_moyen": "FSP médecins, délai moyen",
    "reclamations_10j": "Réclamations en 10 j",
    "courriels_48h": "Courriels en 48 h",
    "delai_fse_d9": "FSE, 9e décile",
    "delai_ame_d9": "AME, 9e décile",
}
"""Heads of the columns of the matrix: the catalogue's labels are sentences."""

ASSURANCES = {
    "capable": "capable de tenir l’objectif telle qu’elle travaille",
    "incapable": "incapable de tenir l’objectif telle qu’elle travaille",
    "inconstant": "inconstante : l’objectif est tenu certains mois, par hasard",
}
DETENTEURS = {
    "assure": "Assuré", "employeur": "Employeur", "service_medical": "Service médical", "caisse": "Caisse",
    "prenante": "Caisse prenante", "non_attribue": "Non attribué",
}  # fmt: skip

COORDINATION: Final = "coordination-phare"
"""Who acts for the network on a proposal, as the entraide service names it."""

COMMANDES = {
    "acceptation": "Accepter", "amendement": "Amender", "refus": "Décliner", "accuse-reception": "Accuser réception",
    "ordre-de-mission": "Donner l’ordre de mission", "demarrage": "Démarrer", "annulation": "Annuler",
    "prolongation": "Demander une prolongation", "prolongation/acceptation": "Accepter la prolongation",
    "prolongation/refus": "Refuser la prolongation", "rappel": "Rappeler l’équipe", "liberation": "Libérer l’équipe",
    "interruption": "Interrompre",
}  # fmt: skip
"""What can be done with a proposition, in the order it is offered."""
PASSEES = {
    "proposer": "proposée", "accuser_reception": "réception accusée", "accepter": "acceptée", "amender": "amendée",
    "refuser": "déclinée", "expirer": "expirée sans réponse", "annuler": "annulée",
    "ordonner": "ordre de mission donné", "demarrer": "mission démarrée",
    "proposer_prolongation": "prolongation demandée", "accepter_prolongation": "prolongation acceptée",
    "refuser_prolongation": "prolongation refusée",
    "rappeler": "équipe rappelée", "liberer": "équipe libérée", "terminer": "mission terminée",
    "interrompre": "mission interrompue",
}  # fmt: skip
"""What happened to a proposition, line by line of its history."""
ETATS_PROPOSITION = {
    "proposee": "proposée", "engagee": "engagée des deux côtés", "ordonnee": "ordre donné", "active": "en cours",
    "terminee": "terminée", "interrompue": "interrompue", "declinee": "déclinée", "expiree": "sans réponse à temps",
    "annulee": "annulée",
}  # fmt: skip
MOTIFS_BESOIN = {
    "decision_comite": "décision du comité", "accumulation": "accumulation", "reorganisation": "réorganisation",
    "adossement": "adossement", "preparation_comite": "provisoire, pour le comité",
}  # fmt: skip

PROJETES = {
    "stock": "Stock", "retard_socle": "Dossiers hors du socle", "retard_objectif": "Dossiers hors de l’objectif",
    "decroche": "Appels décrochés",
}  # fmt: skip
"""What a plan foresees of a caisse, as the entraide service names it."""

ROLES_EN_MOTS = {
    "reseau": "suivi du réseau", "comite": "membre du comité", "president": "présidence du comité",
    "coordination-phare": "coordination nationale de l’entraide", "auditeur": "audit",
    "source": "source d’événements", "caisse": "caisse", "coordinateur": "coordination d’entraide",
}  # fmt: skip

MOTIFS = {
    "droits": "Droits", "indemnites_journalieres": "Indemnités journalières", "remboursement": "Remboursement",
    "cmuc_acs": "CMU-C et ACS", "ame": "AME", "at_mp": "Accident du travail, maladie professionnelle",
    "carte_vitale": "Carte Vitale", "compte_ameli": "Compte ameli", "reclamation": "Réclamation",
}  # fmt: skip
"""Why people get in touch."""

SITUATIONS = {"normale": "normale", "degradee": "dégradée", "rupture": "rupture d’activité"}
ETATS_SOURCE = {
    "complete": "à jour",
    "silencieuse": "muette",
    "incomplete": "incomplète",
    "inconnue": "pas encore connue",
}
ETATS_REJET = {"ouvert": "à traiter", "rejoue": "rejoué", "ecarte": "écarté"}
ETATS_ENVOI = {
    "a_envoyer": "à envoyer", "envoyee": "envoyée", "remise": "remise", "echec": "échec", "accusee": "accusé reçu",
}  # fmt: skip


def dire(table: Mapping[str, str], code: str | None) -> str:
    """The words of a code; one that the table does not have is shown with spaces for underscores."""
    return "" if code is None else table.get(code, code.replace("_", " "))


def nombre(valeur: float | None, decimales: int = 1) -> str:
    """A number as it is written in French; None: « non mesuré »."""
    if valeur is None:
        return "non mesuré"
    texte = f"{valeur:,.{decimales}f}".replace(",", _INSECABLE).replace(".", ",").replace("-", "−")
    return texte.rstrip("0").rstrip(",") if decimales and "," in texte else texte


def avec_unite(valeur: float | None, unite: str, decimales: int = 1) -> str:
    """A number and its unit, that no line break parts; None: « non mesuré »."""
    if valeur is None:
        return "non mesuré"
    mot = unite[:-1] if unite in ("jours", "heures", "dossiers", "appels") and abs(valeur) < 2 else unite
    return f"{nombre(valeur, decimales)}\u00a0{mot}"


def intervalle(bas: float | None, haut: float | None) -> str:
    """Bounds in words; one that is not there has nothing to say."""
    if bas is None or haut is None:
        return "sans" if bas is haut else f"{nombre(bas)} et plus" if haut is None else f"{nombre(haut)} au plus"
    return f"{nombre(bas)} à {nombre(haut)}"


def compte(valeur: float, unite: str) -> str:
    """A count and its unit, given in the singular: « 1 dossier », « 1 200 dossiers »."""
    return f"{nombre(valeur, 0)}\u00a0{unite}{'s' if round(valeur) >= 2 and not unite.endswith('s') else ''}"


def accorder(mot: str, n: int) -> str:
    """The word of a state, of so many: its last word takes the mark of the plural, but « à jour »."""
    return mot if n < 2 or mot == ETATS_SOURCE["complete"] else f"{mot}s"


_LIEUX = {
    "comites": "au comité", "alertes": "aux alertes de tout le réseau", "rejets": "aux rejets",
    "sources": "aux sources de tout le réseau", "entraide": "à l’entraide", "documents": "à ce courrier",
    "dossiers": "à ce dossier",
}  # fmt: skip


def acces_a(chemin: str) -> str:
    """What the page of this path is, after « accès »."""
    premier, _, reste = chemin.strip("/").partition("/")
    slug = reste.partition("/")[0]
    if premier in ("caisses", "ma-caisse") and slug:
        return f"{'à l’espace' if premier == 'ma-caisse' else 'à ces chiffres'} de {nom_caisse(slug)}"
    return _LIEUX.get(premier, "à cette page")


def nom_caisse(slug: str) -> str:
    """The name of a caisse; a slug that the network does not have is shown as it is."""
    connue = charger().par_slug.get(slug)
    return slug if connue is None else connue.nom


def lire_jour(texte: str | date) -> date:
    """The day of an ISO text: of a date, or of an instant as Paris has it."""
    if isinstance(texte, date) and not isinstance(texte, datetime):
        return texte
    if isinstance(texte, str) and len(texte) == len("2026-01-01"):
        return date.fromisoformat(texte)
    return _instant(texte).date()


def jour(texte: str | date | None) -> str:
    """03/11/2026."""
    return "" if texte is None else f"{lire_jour(texte):%d/%m/%Y}"


def jour_clair(texte: str | date) -> str:
    """3 novembre 2026."""
    lu = lire_jour(texte)
    return f"{'1er' if lu.day == 1 else lu.day} {_MOIS[lu.month - 1]} {lu.year}"


def mois_clair(texte: str) -> str:
    """« 2026-11 » or any day of it: novembre 2026."""
    annee, mois = texte[:7].split("-")
    return f"{_MOIS[int(mois) - 1]} {annee}"


def du_mois(texte: str) -> str:
    """« de novembre 2026 », « d’octobre 2026 »."""
    clair = mois_clair(texte)
    return f"d’{clair}" if clair[0] in "ao" else f"de {clair}"


def mois_court(texte: str | date) -> str:
    """« nov. »."""
    return _MOIS_COURTS[lire_jour(texte).month - 1]


def heure(texte: str | datetime) -> str:
    """10:32, of Paris."""
    return f"{_instant(texte):%H:%M}"


def instant(texte: str | datetime | None) -> str:
    """03/11/2026 à 10:32, of Paris."""
    return "" if texte is None else f"{_instant(texte):%d/%m/%Y à %H:%M}"


def _instant(texte: str | date) -> datetime:
    lu = texte if isinstance(texte, datetime) else datetime.fromisoformat(str(texte))
    return lu.astimezone(PARIS)
