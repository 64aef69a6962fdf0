"""The dashboard "Délais et stocks": how long files take, and what waits behind them."""

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

_FENETRE = 'fenetre="$fenetre"'


def _de(prefixe: str, suffixe: str, caisse: str) -> str:
    return f'indicateur="{prefixe}_${{dossier}}{suffixe}",{_FENETRE},{caisse}'


def _lignes() -> Lignes:
    reseau, caisses, choisies = 'caisse="reseau"', 'caisse!="reseau"', 'caisse=~"$caisse"'
    colonnes = (
        ("Délai D9", valeur(_de("delai", "_d9", caisses))),
        ("Délai médian", valeur(_de("delai", "_mediane", caisses))),
        ("Clos", effectif(_de("delai", "_d9", caisses))),
        ("Stock", valeur(_de("stock", "", caisses))),
        ("Âge du stock D9", valeur(_de("age_stock", "_d9", caisses))),
    )
    return [
        (1, [rangee("Réseau : $dossier, fenêtre $fenetre")]),
        (
            4,
            [
                chiffre("Délai, 9e décile", valeur(_de("delai", "_d9", reseau)), unite="d"),
                chiffre("Délai médian", valeur(_de("delai", "_mediane", reseau)), unite="d"),
                chiffre("Dossiers clos", effectif(_de("delai", "_d9", reseau))),
                chiffre("En stock", valeur(_de("stock", "", reseau))),
                chiffre(
                    "Âge du stock, 9e décile",
                    valeur(_de("age_stock", "_d9", reseau)),
                    unite="d",
                    description="Un délai ne parle que des dossiers clos ; l'âge du stock montre ceux qui attendent.",
                ),
            ],
        ),
        (1, [rangee("Caisses")]),
        (
            9,
            [
                courbes(
                    "Délai, 9e décile",
                    requete(valeur(_de("delai", "_d9", choisies)), "{{caisse}}"),
                    requete(rang(0.5, _de("delai", "_d9", caisses)), "médiane des caisses"),
                    requete(rang(0.9, _de("delai", "_d9", caisses)), "9e décile des caisses"),
                    unite="d",
                ),
                courbes("Stock", requete(valeur(_de("stock", "", choisies)), "{{caisse}}")),
            ],
        ),
        (14, [tableau_par("Toutes les caisses", "caisse", colonnes)]),
    ]


def delais() -> dict[str, object]:
    """The whole dashboard."""
    dossiers = 'label_values(vigie_indicateur_valeur{indicateur=~"stock_.*"}, indicateur)'
    variables = [
        variable("dossier", "Dossiers", dossiers, "ij_premiere_non_subrogee", regex="/stock_(.*)/"),
        variable_fixe("fenetre", "Fenêtre", FENETRES[::-1]),
        variable("caisse", "Caisse", "label_values(vigie_indicateur_valeur, caisse)", "reseau", plusieurs=True),
        adresse("console", "Console", CONSOLE),
    ]
    return tableau("vigie-delais", "Délais et stocks", variables, _lignes(), [lien("Console : réseau", "$console/")])
