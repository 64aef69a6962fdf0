"""What every form does once sent: ask the service, then go on to a page that says it is done, or say why it is not."""

from collections.abc import Mapping

from fastapi.responses import RedirectResponse

FAITS: Mapping[str, str] = {
    "prise": "Alerte prise en compte.",
    "commentaire": "Commentaire enregistré.",
    "preparation": "Mois préparé : les dossiers sont instruits.",
    "ouverture": "Séance ouverte.",
    "decision": "Décision enregistrée. Rien ne part avant la clôture.",
    "decisions": "Mesures restantes acceptées. Rien ne part avant la clôture.",
    "cloture": "Séance close : décisions, lettres et procès-verbal sont partis ensemble.",
    "accuse": "Accusé de réception envoyé.",
    "contestation": "Contestation déposée : le comité y répondra ici.",
    "plan": "Plan d’actions déposé.",
    "action": "Action mise à jour.",
    "declaration": "Situation déclarée.",
    "fin_declaration": "Fin de la situation enregistrée.",
    "besoin": "Demande d’aide déposée.",
    "allocation": "Plan établi : ses propositions sont chez les coordinateurs.",
    "accuse-reception": "Accusé de réception envoyé.",
    "acceptation": "Proposition acceptée.",
    "amendement": "Amendement envoyé à l’autre coordinateur.",
    "refus": "Proposition déclinée. Ce qui reste à couvrir sera réparti de nouveau.",
    "annulation": "Proposition annulée.",
    "ordre-de-mission": "Ordre de mission donné.",
    "demarrage": "Mission démarrée.",
    "prolongation": "Prolongation demandée à l’autre caisse.",
    "prolongation-acceptation": "Prolongation acceptée.",
    "prolongation-refus": "Prolongation refusée.",
    "rappel": "Équipe rappelée.",
    "liberation": "Équipe libérée.",
    "interruption": "Mission interrompue.",
    "rejeu": "Rejet rejoué : l’événement est renvoyé au journal.",
}


def fait(chemin: str, quoi: str) -> RedirectResponse:
    """To the page that shows what was done, and says so."""
    return RedirectResponse(f"{chemin}{'&' if '?' in chemin else '?'}fait={quoi}", status_code=303)


def dit(quoi: str) -> str | None:
    """The sentence of what was done; None for what the console does not know."""
    return FAITS.get(quoi)
