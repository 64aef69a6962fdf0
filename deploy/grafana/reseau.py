"""The dashboard "Réseau": one indicator over all caisses, and how far apart they are."""

from deploy.grafana.elements import (
    adresse,
    chiffre,
    courbes,
    lien,
    rangee,
    requete,
    tableau,
    tableau_par,
    variable,
    variable_fixe,
)
from deploy.grafana.mesures import CONSOLE, FENETRES, Lignes, effectif, rang, valeur

_CHOIX = 'indicateur="$indicateur",fenetre="$fenetre"'
_RESEAU = f'{_CHOIX},caisse="reseau"'
_CAISSES = f'{_CHOIX},caisse!="reseau"'
_CHOISIES = f'{_CHOIX},caisse=~"$caisse"'


def _indicateurs() -> Lignes:
    return [
        (1, [rangee("Indicateur $indicateur, fenêtre $fenetre")]),
        (
            4,
            [
                chiffre("Réseau", valeur(_RESEAU)),
                chiffre(
                    "Effectif du réseau",
                    effectif(_RESEAU),
                    description="Nombre de dossiers ou de contacts sur lesquels porte la valeur.",
                ),
                chiffre(
                    "Caisses mesurées",
                    f"count({valeur(_CAISSES)})",
                    description="Une caisse fermée ou sans activité n'a pas de valeur : elle n'est ni verte ni à zéro.",
                ),
                chiffre(
                    "Étendue entre caisses",
                    f"max({valeur(_CAISSES)}) - min({valeur(_CAISSES)})",
                    description="Plus grande valeur d'une caisse moins la plus petite.",
                ),
            ],
        ),
        (
            9,
            [
                courbes("Valeur par caisse", requete(valeur(_CHOISIES), "{{caisse}}")),
                courbes(
                    "Dispersion du réseau",
                    requete(rang(0.1, _CAISSES), "1er décile des caisses"),
                    requete(rang(0.5, _CAISSES), "médiane des caisses"),
                    requete(rang(0.9, _CAISSES), "9e décile des caisses"),
                    requete(valeur(_RESEAU), "réseau"),
                    description="Une moyenne stable peut cacher des caisses qui s'écartent.",
                ),
            ],
        ),
        (
            10,
            [
                courbes("Effectif par caisse", requete(effectif(_CHOISIES), "{{caisse}}")),
                tableau_par(
                    "Toutes les caisses",
                    "caisse",
                    (("Valeur", valeur(_CHOIX)), ("Effectif", effectif(_CHOIX))),
                    description="Le réseau est la ligne « reseau ».",
                ),
            ],
        ),
    ]


def reseau() -> dict[str, object]:
    """The whole dashboard."""
    variables = [
        variable("indicateur", "Indicateur", "label_values(vigie_indicateur_valeur, indicateur)", "taux_decroche"),
        variable_fixe("fenetre", "Fenêtre", FENETRES),
        variable(
            "caisse",
            "Caisse",
            'label_values(vigie_indicateur_valeur{indicateur="$indicateur"}, caisse)',
            "reseau",
            plusieurs=True,
        ),
        adresse("console", "Console", CONSOLE),
    ]
    return tableau("vigie-reseau", "Réseau", variables, _indicateurs(), [lien("Console : réseau", "$console/")])
