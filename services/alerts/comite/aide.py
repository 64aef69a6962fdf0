"""Entraide's provisional plan, as a letter tells it to the caisse: one *aide* for each process of the letter. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
import structlog

from services.alerts.lettres.typographie import grandeur, jour
from shared.catalogue.processus import tous_les_processus
from shared.network.reseau import charger

_log = structlog.get_logger(__name__)


class _Prevu(msgspec.Struct):
    """The same figure without aid and with it."""

    sans: float
    avec: float


class _FinDeMois(msgspec.Struct):
    """On the evening of ``au``: open files and late ones, or the share of the calls answered, 0 to 1."""

    au: date
    stock: _Prevu | None = None
    retard_objectif: _Prevu | None = None
    decroche: _Prevu | None = None


class _Mission(msgspec.Struct):
    aidante: str
    debut: date
    fin: date
    etp_semaines: float


class _Plan(msgspec.Struct):
    """What entraide answers to a provisional need, from ``debut`` to ``fin``. ``volume`` to absorb, in ``unite`` (a
    noun in the singular), None when the need could not be sized. ``poles``: what would be asked of whom."""

    process: str
    debut: date
    fin: date
    unite: str = ""
    volume: float | None = None
    poles: Sequence[_Mission] = ()
    fin_de_mois: _FinDeMois | None = None


def aides(contenu: Mapping[str, Any] | None, process: Collection[str]) -> list[dict[str, Any]]:
    """The data of ``lettres.contenu.Aide``, in the order of the processes asked; none of those that were not sized.

    ``contenu``: the last piece ``plan_provisoire`` of the case file. One that cannot be read is told in the journal and
    left out: a letter does not wait for another service.
    """
    try:
        plans = msgspec.convert((contenu or {}).get("plans", ()), tuple[_Plan, ...], strict=False)
    except msgspec.ValidationError as exc:
        _log.warning("plan provisoire illisible", raison=str(exc))
        return []
    par_process = {p.process: p for p in plans if p.volume}
    return [_aide(par_process[code]) for code in process if code in par_process]


def _aide(plan: _Plan) -> dict[str, Any]:
    du = min((m.debut for m in plan.poles), default=plan.debut)
    au = max((m.fin for m in plan.poles), default=plan.fin)
    etp = sum(m.etp_semaines for m in plan.poles) * 7 / ((au - du).days + 1)
    connu = tous_les_processus().get(plan.process)
    return {
        "processus": plan.process if connu is None else connu.libelle,
        "volume": plan.volume,
        "unite": f"{plan.unite}s",
        "du": du.isoformat(),
        "au": au.isoformat(),
        "etp": round(etp, 2) or None,
        "aidantes": [
            {"slug": slug, "nom": charger().par_slug[slug].nom} for slug in sorted({m.aidante for m in plan.poles})
        ],
        "sans_aide": _prevision(plan, "sans"),
        "avec_aide": _prevision(plan, "avec") if plan.poles else None,
    }


def _prevision(plan: _Plan, cas: str) -> str | None:
    prevu = plan.fin_de_mois
    if prevu is None:
        return None
    dites = []
    if prevu.decroche is not None:
        dites.append(f"{grandeur(100 * getattr(prevu.decroche, cas), '%')} des appels décrochés")
    if prevu.stock is not None:
        dites.append(f"{grandeur(getattr(prevu.stock, cas), f'{plan.unite}s', 0)} en stock")
    if prevu.retard_objectif is not None:
        dites.append(f"{grandeur(getattr(prevu.retard_objectif, cas), f'{plan.unite}s', 0)} au-delà de l'objectif")
    return f"{', '.join(dites)}, au {jour(prevu.au)}" if dites else None
