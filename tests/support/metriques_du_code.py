"""The Prometheus metrics that the code declares, read from its source."""

import ast
from functools import cache
from pathlib import Path

RACINE = Path(__file__).parents[2]

SUFFIXES = {
    "Counter": ("_total",),
    "Histogram": ("_bucket", "_count", "_sum"),
    "Summary": ("_count", "_sum"),
    "Gauge": ("",),
}
"""What prometheus-client appends to a name, by class of metric."""


@cache
def metriques_du_code(racines: tuple[str, ...] = ("services", "shared", "vigie")) -> set[str]:
    """Names exposed by the metrics that the code declares: Counter("x", …), GaugeMetricFamily("x", …)."""
    noms: set[str] = set()
    for fichier in (f for racine in racines for f in (RACINE / racine).rglob("*.py")):
        for appel in ast.walk(ast.parse(fichier.read_text(encoding="utf-8"))):
            if isinstance(appel, ast.Call) and appel.args and isinstance(appel.args[0], ast.Constant):
                fonction = appel.func.attr if isinstance(appel.func, ast.Attribute) else getattr(appel.func, "id", "")
                suffixes = SUFFIXES.get(fonction.removesuffix("MetricFamily"))
                if suffixes is not None:
                    noms |= {str(appel.args[0].value).removesuffix("_total") + suffixe for suffixe in suffixes}
    return noms
