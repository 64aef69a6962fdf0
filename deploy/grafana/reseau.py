"""The dashboard "Réseau": indicators per caisse above, the health of ingestion below.

Gauges are read through ``max by``: several replicas of one process show the same value, which must not be added.
"""

from deploy.grafana.elements import (
    Objet,
    chiffre,
    courbes,
    disposer,
    rangee,
    requete,
    tableau,
    tableau_par,
    variable,
    variable_fixe,
)

FENETRES = ("jour", "7j", "mois")
"""Values of the label ``fenetre``: today, the last seven days, the current month."""

_CHOIX = 'indicateur="$indicateur",fenetre="$fenetre"'
_RESEAU = f'{_CHOIX},caisse="reseau"'
_CAISSES = f'{_CHOIX},caisse!="reseau"'
_CHOISIES = f'{_CHOIX},caisse=~"$caisse"'


def _valeur(filtre: str) -> str:
    return f"max by (caisse) (vigie_indicateur_valeur{{{filtre}}})"


def _effectif(filtre: str) -> str:
    return f"max by (caisse) (vigie_indicateur_effectif{{{filtre}}})"


def _debit(compteur: str, *par: str) -> str:
    return f"sum by ({', '.join(par)}) (rate({compteur}[$__rate_interval]))"


def _quantile(q: float, histogramme: str, *par: str) -> str:
    return f"histogram_quantile({q}, {_debit(f'{histogramme}_bucket', 'le', *par)})"


def _nombre(compteur: str, *par: str) -> str:
    return f"sum by ({', '.join(par)}) (increase({compteur}[$__rate_interval])) > 0"


def _indicateurs() -> list[tuple[int, list[Objet]]]:
    return [
        (1, [rangee("Indicateur $indicateur, fenêtre $fenetre")]),
        (
            4,
            [
                chiffre("Réseau", _valeur(_RESEAU)),
                chiffre(
                    "Effectif du réseau",
                    _effectif(_RESEAU),
                    description="Nombre de dossiers ou de contacts sur lesquels porte la valeur.",
                ),
                chiffre(
                    "Caisses mesurées",
                    f"count({_valeur(_CAISSES)})",
                    description="Une caisse fermée ou sans activité n'a pas de valeur : elle n'est ni verte ni à zéro.",
                ),
                chiffre(
                    "Étendue entre caisses",
                    f"max({_valeur(_CAISSES)}) - min({_valeur(_CAISSES)})",
                    description="Plus grande valeur d'une caisse moins la plus petite.",
                ),
            ],
        ),
        (9, [courbes("Valeur par caisse", requete(_valeur(_CHOISIES), "{{caisse}}"))]),
        (
            10,
            [
                courbes("Effectif par caisse", requete(_effectif(_CHOISIES), "{{caisse}}")),
                tableau_par(
                    "Toutes les caisses",
                    "caisse",
                    (("Valeur", _valeur(_CHOIX)), ("Effectif", _effectif(_CHOIX))),
                    description="Le réseau est la ligne « reseau ».",
                ),
            ],
        ),
    ]


def _ingestion() -> list[tuple[int, list[Objet]]]:
    acceptes, refuses = "vigie_evenements_acceptes_total", "vigie_evenements_refuses_total"
    incidents = (
        ("vigie_journal_rejets_internes_total", "rejets internes, {{groupe}}", "groupe"),
        ("vigie_journal_lots_abandonnes_total", "lots abandonnés, {{groupe}}", "groupe"),
        ("vigie_journal_conflits_de_position_total", "conflits de position, {{groupe}}", "groupe"),
        ("vigie_journal_reequilibrages_total", "rééquilibrages, {{groupe}}", "groupe"),
        ("vigie_journal_erreurs_ecouteur_total", "erreurs d'écouteur, {{groupe}}", "groupe"),
        ("vigie_journal_erreurs_passageres_total", "erreurs passagères, {{ou}}", "ou"),
    )
    return [
        (1, [rangee("Ingestion")]),
        (
            8,
            [
                courbes(
                    "Événements acceptés par seconde",
                    requete(_debit(acceptes, "service", "process"), "{{service}} {{process}}"),
                    unite="ops",
                ),
                courbes(
                    "Événements refusés par seconde",
                    requete(_debit(refuses, "service", "raison"), "{{service}} {{raison}}"),
                    unite="ops",
                    description="Chaque refus est gardé aux rejets avec sa raison : vigie rejets.",
                ),
                courbes(
                    "Enregistrements comptés par seconde",
                    requete(_debit("vigie_journal_enregistrements_total", "groupe"), "{{groupe}}"),
                    unite="ops",
                    description="Lus du journal et validés dans PostgreSQL, positions et effets ensemble.",
                ),
            ],
        ),
        (
            8,
            [
                courbes(
                    "Retard",
                    requete("sum by (groupe, topic) (vigie_journal_retard)", "{{groupe}}"),
                    description="Enregistrements du journal qui attendent d'être comptés.",
                ),
                courbes(
                    "Temps sans progrès",
                    requete("max by (groupe) (vigie_journal_sans_progres_secondes)", "{{groupe}}"),
                    unite="s",
                    description="Zéro quand rien n'attend. Plus d'une minute : un consommateur est bloqué.",
                ),
                courbes(
                    "Durée d'un lot",
                    requete(_quantile(0.5, "vigie_journal_lot_secondes", "groupe"), "médiane, {{groupe}}"),
                    requete(_quantile(0.99, "vigie_journal_lot_secondes", "groupe"), "99 %, {{groupe}}"),
                    unite="s",
                ),
            ],
        ),
        (
            8,
            [
                courbes(
                    "Partitions tenues",
                    requete("sum by (groupe, instance) (vigie_journal_partitions_tenues)", "{{groupe}} {{instance}}"),
                    description="Zéro partout : personne ne consomme.",
                ),
                courbes(
                    "Incidents du journal",
                    *(requete(_nombre(compteur, par), legende) for compteur, legende, par in incidents),
                ),
                courbes(
                    "Boîte d'envoi",
                    requete(_debit("vigie_journal_relayes_total", "schema"), "relayés, {{schema}}"),
                    requete(_debit("vigie_journal_ajoutes_total", "topic"), "ajoutés, {{topic}}"),
                    unite="ops",
                ),
            ],
        ),
    ]


def _processus() -> list[tuple[int, list[Objet]]]:
    duree = "vigie_http_request_duration_seconds"
    return [
        (1, [rangee("Processus")]),
        (
            8,
            [
                courbes(
                    "En vie et prêts",
                    requete('up{job=~"(contacts|claims|alerts)-.*"}', "{{job}} {{instance}}"),
                    requete("min by (groupe, instance) (vigie_journal_pret)", "consommateur {{groupe}} {{instance}}"),
                ),
                courbes(
                    "Requêtes par seconde",
                    requete(_debit(f"{duree}_count", "job", "status"), "{{job}} {{status}}"),
                    unite="ops",
                ),
                courbes(
                    "Durée des requêtes, 99 %",
                    requete(_quantile(0.99, duree, "job", "route"), "{{job}} {{route}}"),
                    unite="s",
                ),
            ],
        ),
    ]


def reseau() -> Objet:
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
    ]
    return tableau("vigie-reseau", "Réseau", variables, disposer([*_indicateurs(), *_ingestion(), *_processus()]))
