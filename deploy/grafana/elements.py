"""The Grafana objects our dashboards are made of, with our defaults, on Grafana's own SDK."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from grafana_foundation_sdk.builders import common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as tableaux
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TableCellHeight,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    GridPos,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Panneau = Any
"""A panel's builder: the SDK has one class per type of panel, without a common one."""

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="prometheus")
POSTGRES = DataSourceRef(type_val="grafana-postgresql-datasource", uid="vigie")
LARGEUR = 24
"""Columns of Grafana's grid."""


class RequeteSql(Dataquery):
    """A query of Grafana's PostgreSQL source, which the SDK does not know. ``date``: it gives a column *time*."""

    def __init__(self, sql: str, *, date: bool) -> None:
        self.sql = sql
        self.date = date
        self.ref_id = ""

    def to_json(self) -> dict[str, object]:
        return {
            "refId": self.ref_id,
            "datasource": POSTGRES,
            "rawSql": self.sql,
            "rawQuery": True,
            "editorMode": "code",
            "format": "time_series" if self.date else "table",
        }


class Sql(Builder[RequeteSql]):
    """Builder of a ``RequeteSql``."""

    def __init__(self, sql: str, *, date: bool = False) -> None:
        self._requete = RequeteSql(" ".join(sql.split()), date=date)

    def ref_id(self, ref_id: str) -> "Sql":
        self._requete.ref_id = ref_id
        return self

    def build(self) -> RequeteSql:
        return self._requete


def requete(expr: str, legende: str = "") -> prometheus.Dataquery:
    """One PromQL query over time; ``legende`` may hold ``{{label}}``."""
    return prometheus.Dataquery().datasource(PROMETHEUS).expr(expr).legend_format(legende or "__auto").range()


def maintenant(expr: str) -> prometheus.Dataquery:
    """One PromQL query for the value now, as a table."""
    return prometheus.Dataquery().datasource(PROMETHEUS).expr(expr).instant().format(PromQueryFormat.TABLE)


def _panneau(panneau: Panneau, titre: str, requetes: Sequence[Any], unite: str, description: str) -> Panneau:
    """The queries get refIds A, B, … in order, and the panel the source of the first."""
    sources = {POSTGRES.uid if isinstance(r, Sql) else PROMETHEUS.uid for r in requetes}
    panneau.title(titre).description(description).unit(unite)
    panneau.datasource(POSTGRES if sources == {POSTGRES.uid} else PROMETHEUS)
    for rang, demandee in enumerate(requetes):
        panneau.with_target(demandee.ref_id(chr(ord("A") + rang)))
    return panneau


def chiffre(titre: str, expr: str, *, unite: str = "none", description: str = "") -> Panneau:
    """One figure, the last one known."""
    calculs = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    return _panneau(stat.Panel().reduce_options(calculs), titre, [requete(expr)], unite, description)


def courbes(titre: str, *requetes: Any, unite: str = "none", description: str = "") -> Panneau:
    """Lines over time; a gap stays a gap: no value is not zero."""
    legende = (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull"])
    )
    bulle = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    panneau = timeseries.Panel().span_nulls(False).line_width(1).fill_opacity(5).legend(legende).tooltip(bulle)
    return _panneau(panneau, titre, requetes, unite, description)


def tableau_par(titre: str, cle: str, colonnes: Sequence[tuple[str, str]], *, description: str = "") -> Panneau:
    """A table with one row per value of the label ``cle``; each column is a name and the expression it shows."""
    noms = {f"Value #{chr(ord('A') + rang)}": nom for rang, (nom, _) in enumerate(colonnes)}
    return _transformer(
        _panneau(_table(), titre, [maintenant(expr) for _, expr in colonnes], "none", description),
        ("merge", {}),
        ("organize", {"excludeByName": {"Time": True}, "renameByName": noms}),
        ("sortBy", {"sort": [{"field": cle, "desc": False}]}),
    )


def table_sql(titre: str, sql: str, *, description: str = "") -> Panneau:
    """A table of what a SQL query gives, under the names of its columns."""
    return _panneau(_table(), titre, [Sql(sql)], "none", description)


def _table() -> table.Panel:
    return table.Panel().show_header(True).cell_height(TableCellHeight.SM)


def _transformer(panneau: Panneau, *transformations: tuple[str, dict[str, object]]) -> Panneau:
    for nom, options in transformations:
        panneau.with_transformation(DataTransformerConfig(id_val=nom, options=options))
    return panneau


def rangee(titre: str) -> tableaux.Row:
    """The title line of a group of panels."""
    return tableaux.Row(titre).collapsed(False)


def variable(
    nom: str, libelle: str, expr: str, defaut: str, *, plusieurs: bool = False, regex: str = ""
) -> tableaux.QueryVariable:
    """A choice among the values of a label, asked again when the time range changes. ``regex``: the part to keep."""
    courant = VariableOption(text=[defaut], value=[defaut]) if plusieurs else VariableOption(text=defaut, value=defaut)
    return (
        tableaux.QueryVariable(nom)
        .label(libelle)
        .datasource(PROMETHEUS)
        .query({"query": expr, "refId": f"variable-{nom}"})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(plusieurs)
        .include_all(plusieurs)
        .regex(regex)
        .current(courant)
    )


def variable_fixe(nom: str, libelle: str, valeurs: Sequence[str]) -> tableaux.CustomVariable:
    """A choice among ``valeurs``; the first is the default."""
    options = [VariableOption(text=v, value=v, selected=rang == 0) for rang, v in enumerate(valeurs)]
    defaut = VariableOption(text=valeurs[0], value=valeurs[0])
    return tableaux.CustomVariable(nom).label(libelle).values(",".join(valeurs)).options(options).current(defaut)


def adresse(nom: str, libelle: str, valeur: str) -> tableaux.TextBoxVariable:
    """A text that links use, such as the address of the console."""
    return (
        tableaux.TextBoxVariable(nom)
        .label(libelle)
        .default_value(valeur)
        .current(VariableOption(text=valeur, value=valeur))
    )


def lien(titre: str, url: str) -> tableaux.DashboardLink:
    """A link at the top of a dashboard; ``url`` may hold variables."""
    return tableaux.DashboardLink(titre).type(DashboardLinkType.LINK).url(url).icon("external link").target_blank(True)


def tableau(
    uid: str,
    titre: str,
    variables: Sequence[Any],
    lignes: Iterable[tuple[int, Sequence[Panneau]]],
    liens: Sequence[tableaux.DashboardLink] = (),
) -> dict[str, Any]:
    """A whole dashboard, read-only, in the browser's time zone.

    ``lignes`` from top to bottom: each has a height and shares the width equally among its panels.
    """
    entier = tableaux.Dashboard(titre).uid(uid).tags(["vigie"]).readonly().timezone("browser")
    entier.time("now-6h", "now").refresh("10s")
    for choix in variables:
        entier.with_variable(choix)
    for un in liens:
        entier.link(un)
    numero = y = 0
    for hauteur, panneaux in lignes:
        largeur = LARGEUR // len(panneaux)
        for rang, panneau in enumerate(panneaux):
            numero += 1
            place = GridPos(h=hauteur, w=largeur, x=rang * largeur, y=y)
            panneau.id(numero).grid_pos(place)
            (entier.with_row if isinstance(panneau, tableaux.Row) else entier.with_panel)(panneau)
        y += hauteur
    document: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(entier.build()))
    return document
