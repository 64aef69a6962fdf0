"""The dashboard "Comité et entraide": what is in trouble, and what has been told to the caisses."""

from deploy.grafana.elements import adresse, chiffre, courbes, lien, rangee, requete, tableau, tableau_par
from deploy.grafana.mesures import CONSOLE, Lignes


def _alertes(*par: str, etat: str = "") -> str:
    filtre = f'{{etat="{etat}"}}' if etat else ""
    return f"sum by ({', '.join(par)}) (max by (etat, genre, caisse) (vigie_alertes{filtre}))"


def _vivantes() -> Lignes:
    etats = (
        ("En observation", "en_observation"),
        ("Ouvertes", "ouverte"),
        ("Prises en compte", "prise_en_compte"),
        ("Neutralisées", "neutralisee"),
    )
    return [
        (1, [rangee("Alertes")]),
        (
            4,
            [
                *(chiffre(titre, f"{_alertes(etat=etat)} or vector(0)") for titre, etat in etats),
                chiffre(
                    "Fausses attendues",
                    "max(vigie_alertes_fausses_attendues)",
                    description="Parmi les franchissements avérés, combien le hasard seul en donnerait.",
                ),
            ],
        ),
        (
            10,
            [
                courbes("Alertes par état", requete(_alertes("etat"), "{{etat}}")),
                tableau_par("Caisses en alerte", "caisse", (("Alertes", f"{_alertes('caisse')} > 0"),)),
            ],
        ),
    ]


def _courrier() -> Lignes:
    return [
        (1, [rangee("Notifications aux caisses")]),
        (
            8,
            [
                courbes(
                    "Envois par minute",
                    requete(
                        "60 * sum by (canal, issue) (rate(vigie_notifications_envois_total[$__rate_interval]))",
                        "{{canal}} {{issue}}",
                    ),
                ),
                courbes(
                    "Qui attendent ou ont échoué",
                    requete("max by (canal, etat) (vigie_notifications_livraisons)", "{{canal}} {{etat}}"),
                ),
                courbes(
                    "Plus vieille en attente",
                    requete("max by (canal) (vigie_notifications_attente_secondes)", "{{canal}}"),
                    unite="s",
                ),
            ],
        ),
    ]


def _entraide() -> Lignes:
    def compte(metrique: str) -> str:
        return f"sum by (etat) (max by (etat, process) ({metrique}))"

    return [
        (1, [rangee("Entraide")]),
        (
            8,
            [
                courbes("Besoins par état", requete(compte("vigie_entraide_besoins"), "{{etat}}")),
                courbes(
                    "Propositions et missions par état", requete(compte("vigie_entraide_propositions"), "{{etat}}")
                ),
            ],
        ),
    ]


def comite() -> dict[str, object]:
    """The whole dashboard."""
    liens = [lien("Console : comité", "$console/comite"), lien("Console : entraide", "$console/entraide")]
    variables = [adresse("console", "Console", CONSOLE)]
    return tableau("vigie-comite", "Comité et entraide", variables, [*_vivantes(), *_courrier(), *_entraide()], liens)
