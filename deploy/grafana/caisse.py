"""The dashboard "Caisse": one caisse over all its indicators, beside the network."""

from deploy.grafana.elements import (
    adresse,
    chiffre,
    courbes,
    lien,
    rangee,
    requete,
    table_sql,
    tableau,
    tableau_par,
    variable,
    variable_fixe,
)
from deploy.grafana.mesures import CONSOLE, FENETRES, Lignes, effectif, rang, valeur

_FENETRE = 'fenetre="$fenetre"'
_SIENNE = f'{_FENETRE},caisse="$caisse"'
_CHOISI = f'indicateur="$indicateur",{_FENETRE}'

_MOIS = """
    SELECT to_char(date, 'YYYY-MM') AS "Mois", libelle AS "Indicateur", round(valeur::numeric, 2) AS "Valeur",
        unite AS "Unité", n AS "Effectif", round(bas::numeric, 2) AS "Au moins", round(haut::numeric, 2) AS "Au plus"
    FROM (SELECT * FROM contacts.indicateur_mois UNION ALL SELECT * FROM claims.indicateur_mois) AS mois
    WHERE caisse = '$caisse' AND indicateur = '$indicateur' AND valeur IS NOT NULL
    ORDER BY date DESC LIMIT 24
"""


def _maintenant() -> Lignes:
    return [
        (1, [rangee("Caisse $caisse, fenêtre $fenetre")]),
        (
            4,
            [
                chiffre(
                    "Alertes vivantes",
                    'sum(max by (etat, genre) (vigie_alertes{caisse="$caisse"})) or vector(0)',
                    description="Tous états confondus ; le détail est dans la console.",
                ),
                chiffre("Indicateurs mesurés", f"count({valeur(_SIENNE, 'indicateur')})"),
                chiffre("$indicateur", valeur(f'{_CHOISI},caisse="$caisse"')),
                chiffre("Son effectif", effectif(f'{_CHOISI},caisse="$caisse"')),
            ],
        ),
    ]


def _indicateur() -> Lignes:
    autres = f'{_CHOISI},caisse!="reseau"'
    return [
        (1, [rangee("Indicateur $indicateur")]),
        (
            9,
            [
                courbes(
                    "La caisse dans le réseau",
                    requete(valeur(f'{_CHOISI},caisse="$caisse"'), "$caisse"),
                    requete(rang(0.1, autres), "1er décile des caisses"),
                    requete(rang(0.5, autres), "médiane des caisses"),
                    requete(rang(0.9, autres), "9e décile des caisses"),
                ),
                table_sql(
                    "Mois par mois, avec son intervalle",
                    _MOIS,
                    description="Intervalle à 95 % : Wilson pour un taux, rangs pour un décile.",
                ),
            ],
        ),
    ]


def _tous() -> Lignes:
    colonnes = (
        ("Caisse", valeur(_SIENNE, "indicateur")),
        ("Effectif", effectif(_SIENNE, "indicateur")),
        ("Réseau", valeur(f'{_FENETRE},caisse="reseau"', "indicateur")),
    )
    return [
        (1, [rangee("Tous les indicateurs")]),
        (16, [tableau_par("Valeur, effectif et réseau", "indicateur", colonnes)]),
    ]


def caisse() -> dict[str, object]:
    """The whole dashboard."""
    variables = [
        variable("caisse", "Caisse", 'label_values(vigie_indicateur_valeur{caisse!="reseau"}, caisse)', "cpam-75"),
        variable("indicateur", "Indicateur", "label_values(vigie_indicateur_valeur, indicateur)", "taux_decroche"),
        variable_fixe("fenetre", "Fenêtre", FENETRES),
        adresse("console", "Console", CONSOLE),
    ]
    liens = [
        lien("Console : la caisse", "$console/caisses/$caisse"),
        lien("Console : ce chiffre expliqué", "$console/caisses/$caisse/indicateurs/$indicateur/explication"),
    ]
    return tableau("vigie-caisse", "Caisse", variables, [*_maintenant(), *_indicateur(), *_tous()], liens)
