"""The few Grafana objects our dashboards are made of, as plain dictionaries (dashboard schema 39)."""

from collections.abc import Iterable, Sequence
from typing import Any

Objet = dict[str, Any]

SOURCE: Objet = {"type": "prometheus", "uid": "prometheus"}
LARGEUR = 24
"""Columns of Grafana's grid."""


def requete(expr: str, legende: str = "", *, instantanee: bool = False) -> Objet:
    """One PromQL query; ``legende`` may hold ``{{label}}``. ``instantanee``: the value now, as a table."""
    return {
        "datasource": SOURCE,
        "expr": expr,
        "legendFormat": legende or "__auto",
        "instant": instantanee,
        "range": not instantanee,
        "format": "table" if instantanee else "time_series",
    }


def panneau(
    genre: str, titre: str, requetes: Sequence[Objet], *, unite: str = "none", description: str = "", **options: Any
) -> Objet:
    """A panel of type ``genre``; refIds A, B, … are given to its queries in order."""
    return {
        "type": genre,
        "title": titre,
        "description": description,
        "datasource": SOURCE,
        "targets": [{**r, "refId": chr(ord("A") + rang)} for rang, r in enumerate(requetes)],
        "fieldConfig": {"defaults": {"unit": unite}, "overrides": []},
        **options,
    }


def chiffre(titre: str, expr: str, *, unite: str = "none", description: str = "") -> Objet:
    """One figure, the last one known."""
    return panneau(
        "stat",
        titre,
        [requete(expr)],
        unite=unite,
        description=description,
        options={"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "graphMode": "area"},
    )


def courbes(titre: str, *requetes: Objet, unite: str = "none", description: str = "") -> Objet:
    """Lines over time; a gap stays a gap: no value is not zero."""
    fait = panneau("timeseries", titre, requetes, unite=unite, description=description)
    fait["fieldConfig"]["defaults"]["custom"] = {"spanNulls": False, "lineWidth": 1, "fillOpacity": 5}
    fait["options"] = {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return fait


def tableau_par(titre: str, cle: str, colonnes: Sequence[tuple[str, str]], *, description: str = "") -> Objet:
    """A table with one row per value of the label ``cle``; each column is a name and the expression it shows."""
    fait = panneau("table", titre, [requete(expr, instantanee=True) for _, expr in colonnes], description=description)
    noms = {f"Value #{chr(ord('A') + rang)}": nom for rang, (nom, _) in enumerate(colonnes)}
    fait["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": noms}},
        {"id": "sortBy", "options": {"sort": [{"field": cle, "desc": False}]}},
    ]
    fait["options"] = {"showHeader": True, "cellHeight": "sm"}
    return fait


def rangee(titre: str) -> Objet:
    """The title line of a group of panels."""
    return {"type": "row", "title": titre, "collapsed": False, "panels": []}


def variable(nom: str, libelle: str, expr: str, defaut: str, *, plusieurs: bool = False) -> Objet:
    """A choice among the values of a label, asked again when the time range changes."""
    return {
        "type": "query",
        "name": nom,
        "label": libelle,
        "datasource": SOURCE,
        "query": {"query": expr, "refId": f"variable-{nom}"},
        "definition": expr,
        "refresh": 2,
        "sort": 1,
        "multi": plusieurs,
        "includeAll": plusieurs,
        "current": {"text": [defaut], "value": [defaut]} if plusieurs else {"text": defaut, "value": defaut},
    }


def variable_fixe(nom: str, libelle: str, valeurs: Sequence[str]) -> Objet:
    """A choice among ``valeurs``; the first is the default."""
    return {
        "type": "custom",
        "name": nom,
        "label": libelle,
        "query": ",".join(valeurs),
        "options": [{"text": v, "value": v, "selected": rang == 0} for rang, v in enumerate(valeurs)],
        "current": {"text": valeurs[0], "value": valeurs[0]},
    }


def disposer(lignes: Iterable[tuple[int, Sequence[Objet]]]) -> list[Objet]:
    """Lay panels out from top to bottom: each line has a height and shares the width equally. Gives them ids."""
    places: list[Objet] = []
    y = 0
    for hauteur, objets in lignes:
        largeur = LARGEUR // len(objets)
        for rang, objet in enumerate(objets):
            place = {"h": hauteur, "w": largeur, "x": rang * largeur, "y": y}
            places.append({"id": len(places) + 1, "gridPos": place, **objet})
        y += hauteur
    return places


def tableau(uid: str, titre: str, variables: Sequence[Objet], panneaux: Sequence[Objet]) -> Objet:
    """A whole dashboard, read-only, in the browser's time zone."""
    return {
        "uid": uid,
        "title": titre,
        "tags": ["vigie"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "10s",
        "templating": {"list": list(variables)},
        "annotations": {"list": []},
        "panels": list(panneaux),
    }
