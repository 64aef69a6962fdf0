"""The dashboard "Téléphonie": calls of the day, while there is still time to act."""

from deploy.grafana.elements import adresse, chiffre, courbes, lien, rangee, requete, tableau, tableau_par, variable
from deploy.grafana.mesures import CONSOLE, Lignes, effectif, rang, valeur

_PAR_LE_RESEAU = 'fenetre="jour",caisse="reseau"'


def _jour(indicateur: str, caisse: str = 'caisse="reseau"') -> str:
    return valeur(f'indicateur="{indicateur}",fenetre="jour",{caisse}')


def _reseau() -> Lignes:
    return [
        (1, [rangee("Réseau, aujourd'hui")]),
        (
            4,
            [
                chiffre("Taux de décroché", _jour("taux_decroche"), unite="percent"),
                chiffre("Appels du jour", effectif(f'indicateur="taux_decroche",{_PAR_LE_RESEAU}')),
                chiffre("Attente, 9e décile", _jour("attente_decroches_d9"), unite="s"),
                chiffre("Téléconseillers connectés", _jour("teleconseillers_connectes")),
                chiffre("Téléconseillers disponibles", _jour("teleconseillers_disponibles")),
            ],
        ),
    ]


def _caisses() -> Lignes:
    toutes, choisies = 'caisse!="reseau"', 'caisse=~"$caisse"'
    decroche = f'indicateur="taux_decroche",fenetre="jour",{toutes}'
    colonnes = (
        ("Décroché %", _jour("taux_decroche", toutes)),
        ("Appels", effectif(decroche)),
        ("Attente D9 s", _jour("attente_decroches_d9", toutes)),
        ("Connectés", _jour("teleconseillers_connectes", toutes)),
        ("Disponibles", _jour("teleconseillers_disponibles", toutes)),
        ("Écart entre sources", _jour("ecart_sources_appels", toutes)),
    )
    return [
        (1, [rangee("Caisses")]),
        (
            9,
            [
                courbes(
                    "Taux de décroché du jour",
                    requete(_jour("taux_decroche", choisies), "{{caisse}}"),
                    requete(rang(0.1, decroche), "1er décile des caisses"),
                    unite="percent",
                ),
                courbes(
                    "Attente avant décroché, 9e décile",
                    requete(_jour("attente_decroches_d9", choisies), "{{caisse}}"),
                    unite="s",
                ),
            ],
        ),
        (
            14,
            [
                tableau_par(
                    "Toutes les caisses, aujourd'hui",
                    "caisse",
                    colonnes,
                    description="Écart entre sources : l'opérateur et l'outil local ne comptent pas les mêmes appels.",
                ),
            ],
        ),
    ]


def telephonie() -> dict[str, object]:
    """The whole dashboard."""
    connues = 'label_values(vigie_indicateur_valeur{indicateur="taux_decroche"}, caisse)'
    variables = [
        variable("caisse", "Caisse", connues, "reseau", plusieurs=True),
        adresse("console", "Console", CONSOLE),
    ]
    liens = [lien("Console : réseau", "$console/")]
    return tableau("vigie-telephonie", "Téléphonie temps réel", variables, [*_reseau(), *_caisses()], liens)
