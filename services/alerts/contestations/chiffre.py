"""The contested figure, read where it is explained."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from services.alerts.comite.lecture import Lecteur
from services.alerts.consumers.lecture import LectureImpossible
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.seuils import Vue

_GARDES = (
    "version", "formule", "unite", "valeur", "n", "numerateur", "denominateur", "intervalle", "completude", "manques",
    "exclusions", "cible", "verdict", "phrases",
)  # fmt: skip


def reference(code: str, caisse: str, du: date, au: date, vue: Vue) -> tuple[str, Mapping[str, str]]:
    """Path and options of the explanation of a figure."""
    options = {"caisse": caisse, "du": du.isoformat(), "au": au.isoformat(), "vue": vue}
    return f"/v1/indicateurs/{code}/explication", options


async def lire_chiffre(
    lecteur: Lecteur, code: str, caisse: str, du: date, au: date, vue: Vue, instant: datetime
) -> dict[str, Any]:
    """The figure as it is explained now, and where. ``manque``: why it could not be read; None when it was."""
    service, (chemin, options) = indicateur(code).service, reference(code, caisse, du, au, vue)
    vu: dict[str, Any] = {
        "service": service, "explication": f"{chemin}?{urlencode(options)}", "lu_le": instant.isoformat(),
    }  # fmt: skip
    try:
        lue = await lecteur.demander(service, chemin, options)
    except LectureImpossible as exc:
        return vu | {"manque": str(exc)}
    return vu | {"manque": None} | {champ: lue.get(champ) for champ in _GARDES}


def change(avant: Mapping[str, Any], apres: Mapping[str, Any]) -> bool | None:
    """Whether the figure is not what it was any more; None: one of the two could not be read."""
    if avant["manque"] is not None or apres["manque"] is not None:
        return None
    return any(avant[champ] != apres[champ] for champ in ("valeur", "n", "numerateur", "denominateur"))
