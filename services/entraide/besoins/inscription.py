"""Writing a need down and closing it, on the driver's connection: the consumer's transaction and the API's alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from services.entraide.domain import NOM
from services.entraide.domain.activites import activites
from services.entraide.domain.besoins import PROVISOIRES, Motif

COMITE = "comite"
"""Who writes the needs that come from the comité."""


@dataclass(frozen=True, slots=True)
class NouveauBesoin:
    """A need as it comes. ``voies`` None: those of the activity are open, until a coordinator says otherwise.

    ``volume`` None: to be sized. ``arrivees_en_plus``, ``capacite_en_moins``: volumes by Monday (ISO).
    """

    cle: str
    caisse: str
    process: str
    motif: Motif
    debut: date
    fin: date
    mois: str | None = None
    voies: tuple[str, ...] | None = None
    remise: str = "fil_de_l_eau"
    couloir: str = "general"
    obstacles: tuple[str, ...] = ()
    priorite: int = 1
    arrivees_en_plus: Mapping[str, float] = field(default_factory=dict)
    capacite_en_moins: Mapping[str, float] = field(default_factory=dict)
    constats: Sequence[Mapping[str, Any]] = ()
    commentaire: str | None = None
    volume: float | None = None


async def inscrire(conn: asyncpg.Connection, b: NouveauBesoin, maintenant: datetime, par: str) -> int | None:
    """The number of the need; None when its key is known already, and nothing is changed."""
    voies = sorted({a.voie for a in activites() if a.process == b.process}) if b.voies is None else list(b.voies)
    numero: int | None = await conn.fetchval(
        f"""INSERT INTO {NOM}.besoins (cle, caisse, process, motif, mois, debut, fin, voies, remise, couloir, obstacles,
            priorite, arrivees_en_plus, capacite_en_moins, constats, commentaire, volume, volume_donne, etat, cree_le,
            cree_par, change_le)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14::jsonb, $15::jsonb, $16, $17::float8,
            $17::float8 IS NOT NULL, 'a_dimensionner', $18, $19, $18)
        ON CONFLICT (cle) DO NOTHING RETURNING id""",
        b.cle, b.caisse, b.process, b.motif, b.mois, b.debut, b.fin, voies, b.remise, b.couloir, sorted(b.obstacles),
        b.priorite, _json(b.arrivees_en_plus), _json(b.capacite_en_moins), _json(b.constats), b.commentaire, b.volume,
        maintenant, par,
    )  # fmt: skip
    if numero is not None:
        changements = {"motif": b.motif, "debut": b.debut, "fin": b.fin, "volume": b.volume}
        await tracer(conn, numero, 1, maintenant, par, "creation", b.commentaire, changements)
    return numero


async def connu(conn: asyncpg.Connection, cle: str) -> bool:
    return bool(await conn.fetchval(f"SELECT EXISTS (SELECT FROM {NOM}.besoins WHERE cle = $1)", cle))


async def remplacer(conn: asyncpg.Connection, b: NouveauBesoin, maintenant: datetime, par: str) -> int | None:
    """``inscrire``, the need of the same caisse and process that lived until then being closed; as the key says."""
    if await connu(conn, b.cle):
        return None
    vivants = await conn.fetch(
        f"""SELECT id FROM {NOM}.besoins WHERE caisse = $1 AND process = $2 AND provisoire = $3 AND etat <> 'clos'
        FOR UPDATE""",
        b.caisse, b.process, b.motif in PROVISOIRES,
    )  # fmt: skip
    for vivant in vivants:
        await clore(conn, vivant["id"], maintenant, par, f"Remplacé par {b.cle}.")
    return await inscrire(conn, b, maintenant, par)


async def clore(conn: asyncpg.Connection, numero: int, maintenant: datetime, par: str, motif: str) -> None:
    """Close a living need; nothing more is allocated to it, what is agreed goes on."""
    revision = await conn.fetchval(
        f"""UPDATE {NOM}.besoins SET etat = 'clos', clos_le = $2, change_le = $2, revision = revision + 1
        WHERE id = $1 AND etat <> 'clos' RETURNING revision""",
        numero, maintenant,
    )  # fmt: skip
    if revision is not None:
        await tracer(conn, numero, revision, maintenant, par, "cloture", motif, {})


async def tracer(
    conn: asyncpg.Connection,
    numero: int,
    revision: int,
    instant: datetime,
    par: str,
    action: str,
    motif: str | None,
    changements: Mapping[str, Any],
) -> None:
    """One line of history."""
    await conn.execute(
        f"""INSERT INTO {NOM}.besoins_historique (besoin, revision, instant, par, action, motif, changements)
        VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)""",
        numero, revision, instant, par, action, motif, _json(changements),
    )  # fmt: skip


def _json(valeurs: object) -> str:
    return msgspec.json.encode(valeurs).decode()
