"""The PromQL that several dashboards share.

Gauges are read through ``max by``: several replicas of one process show the same value, which must not be added.
"""

from deploy.grafana.elements import Panneau

Lignes = list[tuple[int, list[Panneau]]]
"""Lines of a dashboard: height, panels."""

FENETRES = ("jour", "7j", "mois")
"""Values of the label ``fenetre``: today, the last seven days, the current month."""

CONSOLE = "http://127.0.0.1:8105"
"""Where ``vigie up`` serves the console; a dashboard lets it be changed."""


def valeur(filtre: str, par: str = "caisse") -> str:
    """Value of indicators, one series by ``par``."""
    return f"max by ({par}) (vigie_indicateur_valeur{{{filtre}}})"


def effectif(filtre: str, par: str = "caisse") -> str:
    """Sample size of indicators, one series by ``par``."""
    return f"max by ({par}) (vigie_indicateur_effectif{{{filtre}}})"


def rang(q: float, filtre: str) -> str:
    """The quantile of the caisses' values: what a mean hides."""
    return f"quantile({q}, {valeur(filtre)})"


def debit(compteur: str, *par: str) -> str:
    """Rate a second, summed by labels."""
    return f"sum by ({', '.join(par)}) (rate({compteur}[$__rate_interval]))"


def quantile(q: float, histogramme: str, *par: str) -> str:
    """Quantile of a histogram's durations."""
    return f"histogram_quantile({q}, {debit(f'{histogramme}_bucket', 'le', *par)})"


def nombre(compteur: str, *par: str) -> str:
    """How many over the interval, where there are some."""
    return f"sum by ({', '.join(par)}) (increase({compteur}[$__rate_interval])) > 0"
