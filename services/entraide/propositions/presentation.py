"""A proposition as people and programs read it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.entraide.domain.cycle_de_vie import Cote, Role
from services.entraide.propositions.acteurs import COORDINATION
from services.entraide.propositions.annonces import auteur, decrire_termes, present, slug_du_cote
from services.entraide.propositions.commandes import Ouverte, ouvertes
from services.entraide.propositions.lignes import Lue, Trace, jour_local
from shared.network.jours import date_de
from shared.network.reseau import charger

_COTES: tuple[Cote, ...] = ("aidante", "aidee")


def etiquette(lue: Lue) -> str:
    """The ETag: it changes with each command, and with nothing else."""
    return f'"{lue.id}-{lue.proposition.revision}"'


def presenter(lue: Lue) -> dict[str, Any]:
    """Its present."""
    p = lue.proposition
    document = {"id": lue.id, **present(lue)}
    del document["proposition"]
    noms = charger().par_slug
    return document | {
        "aidante_nom": noms[p.aidante].nom,
        "aidee_nom": noms[p.aidee].nom,
        "volume_propose": lue.volume_propose,
        "accuses": sorted(str(slug_du_cote(lue, cote)) for cote in p.accuses),
        "prolongation": None
        if p.prolongation is None
        else decrire_termes(p.prolongation[0]) | {"demandee_par": slug_du_cote(lue, p.prolongation[1])},
        "demarree_le": _date(lue.demarree_le),
        "close_le": _date(lue.close_le),
        "proposee_le": lue.proposee_le,
        "changee_le": lue.changee_le,
    }


def detailler(lue: Lue, lignes: Iterable[tuple[datetime, Trace]], maintenant: datetime) -> dict[str, Any]:
    """Its present, why it was proposed, what became of it, and what can be done now by whom."""
    jours = {cote: jour_local(str(slug_du_cote(lue, cote)), maintenant) for cote in _COTES}
    return presenter(lue) | {
        "explication": lue.explication,
        "historique": [_ligne(lue, instant, trace) for instant, trace in lignes],
        "actions": [_action(lue, ouverte) for ouverte in ouvertes(lue.proposition, jours)],
    }


def _ligne(lue: Lue, instant: datetime, trace: Trace) -> dict[str, Any]:
    return {
        "revision": trace.revision, "instant": instant, "jour": _date(trace.jour), "commande": trace.commande,
        "de": trace.de, "vers": trace.vers, "auteur": auteur(lue, trace), "par": trace.par,
        "au_nom_de": slug_du_cote(lue, trace.au_nom_de), "motif": trace.motif,
        "termes": None if trace.termes is None else decrire_termes(trace.termes),
    }  # fmt: skip


def _action(lue: Lue, ouverte: Ouverte) -> dict[str, Any]:
    return {
        "commande": ouverte.chemin,
        "chemin": f"/v1/propositions/{lue.id}/{ouverte.chemin}",
        "par": [_qui(lue, role) for role in ouverte.par],
        "motif_requis": ouverte.motif,
    }


def _qui(lue: Lue, role: Role) -> str:
    return COORDINATION if role == "nationale" else str(slug_du_cote(lue, "aidante" if role == "aidante" else "aidee"))


def _date(jour: int | None) -> str | None:
    return None if jour is None else date_de(jour).isoformat()
