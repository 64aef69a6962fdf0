"""``docs/api-alertes.md``: every route of the alerts service in one table, written from the routes themselves.

``python -m services.alerts.documentation`` writes it; with ``--verifier``, only says whether it is up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from fastapi.routing import APIRoute

from services.alerts.app import ACCES, ROUTEURS
from services.alerts.notifications.api import routes_publiques
from shared.generes import Produits, commande
from shared.service.acces import ROLES, ROLES_D_UNE_CAISSE, Ligne, routes_de

FICHIER = Path(__file__).parents[2] / "docs" / "api-alertes.md"

_DEBUT = """# API du service alertes

Écrit depuis les routes par `python -m services.alerts.documentation`. Le détail de chaque appel (champs, réponses)
est dans `/openapi.json` du service, port 8103. Tout refus est un problème RFC 9457 en français ; tout appel qui
écrit porte `Idempotency-Key` ; ce que deux personnes peuvent changer demande `If-Match`.

## Qui peut appeler quoi

`reseau`, `comite`, `president` et `auditeur` voient le réseau entier ; `source` envoie, et ne lit rien.
`caisse:<slug>` et `coordinateur:<slug>` n'y ont accès que pour leur caisse (*la sienne* : l'appel doit la
nommer, ou porter sur ce qui est à elle ; sinon 403), sauf où il est dit *toute*. Rien n'est ouvert
sans une ligne : un service dont une route n'en a pas ne démarre pas. La table de chaque
routeur est à la fin de son fichier (`ACCES`), lue par `shared/service/acces.py`.
"""

_FIN = """
## Cibles adaptées et chiffres contestés

Une évocation accordée adapte l'objectif, le socle ou les deux pour un temps. Alertes, instantané du comité,
dossiers et courriers jugent alors par elle et le disent (« cible adaptée jusqu'au …, décision du … ») ; le seuil
d'alerte tient, sauf s'il demande plus que ce qui a été accordé. Un chiffre contesté et sans réponse porte
`contestee` dans les alertes et les dossiers, et la mention « contesté » dans les courriers ; il reste jugé.

## Synthèses

`GET /v1/syntheses/2026` ou `/v1/syntheses/2026-10`, en JSON, en CSV (un chiffre par ligne) ou en PDF (`?format=` ou
`Accept`). L'évolution se lit entre le dernier mois de la période qui a un comité et le même mois un an avant ; sans
comité un an avant, elle est inconnue. L'aide et le besoin non couvert viennent de ce que l'entraide a annoncé :
sans annonce, la synthèse dit « non disponible ». L'objectif de réduction est `VIGIE_OBJECTIF_REDUCTION` (15 % en
2016).

## Seconde liste de surveillance

Le dispositif comparable ouvert à l'été 2016 pour les processus de gestion du risque (IGAS 2017, tome I [63]) est de
la configuration : la liste `gdr` de `shared/catalogue/seuils.yaml`, inactive. La source n'en donne ni les
indicateurs ni les seuils. Pour la surveiller, y inscrire ceux du réseau, puis ajouter `gdr` à `listes_actives`.
"""


def document() -> str:
    """The whole page."""
    return _DEBUT + "\n".join(_sections()) + "\n" + _FIN


def _sections() -> Iterator[str]:
    titre = None
    for nom, route in routes_de(ROUTEURS):
        if route.tags and route.tags[0] != titre:
            titre = str(route.tags[0])
            yield f"\n### {titre.capitalize()}\n\n| Route | Ce qu'elle fait | Réseau | Une caisse |\n|---|---|---|---|"
        yield f"| `{nom}` | {_resume(route)} | {_reseau(ACCES[nom])} | {_caisse(ACCES[nom])} |"
    yield "\n### Liens signés\n\nL'adresse elle-même donne le droit d'appeler.\n"
    yield "| Route | Ce qu'elle fait |\n|---|---|"
    for nom, route in routes_de([routes_publiques()]):
        yield f"| `{nom}` | {_resume(route)} |"


def _resume(route: APIRoute) -> str:
    return (route.summary or route.name).replace("|", "\\|")


def _reseau(ligne: Ligne) -> str:
    return ", ".join(r for r in ROLES if r in ligne.roles and r not in ROLES_D_UNE_CAISSE) or "—"


def _caisse(ligne: Ligne) -> str:
    admises = [r for r in ROLES_D_UNE_CAISSE if r in ligne.roles]
    if not admises:
        return "—"
    return f"{', '.join(admises)} ({'toute' if ligne.caisse is None else 'la sienne'})"


def produits() -> Produits:
    """The file and its content."""
    return {FICHIER: document()}


if __name__ == "__main__":
    sys.exit(commande("services.alerts.documentation", produits(), sys.argv[1:]))
