"""Which caisses are comparable to one, from the activity that the cells of this service hold."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.statistiques_reseau.fonds import Document, slugs
from shared.network.groupes import Activite, Comparable, charger_criteres, comparables
from shared.network.jours import date_de


async def groupe_de(
    conn: AsyncConnection, schema: str, dictionnaire: Dictionnaire, caisse: int, au: int, connu: int | None = None
) -> list[Comparable]:
    """The caisses comparable to ``caisse`` (organism code) by the activity of the days up to ``au``, itself first.

    ``connu``: as known on the evening of that Paris day. Empty when it had none.
    """
    criteres = charger_criteres()
    activites: dict[int, dict[tuple[str, str], int]] = {}
    depuis = au - criteres.jours + 1
    enregistres = "" if connu is None else f" AND enregistre <= {connu:d}"
    requete = " UNION ALL ".join(
        f"SELECT caisse, process, strate, sum(n)::bigint FROM {schema}.{table} "
        f"WHERE jour BETWEEN {depuis:d} AND {au:d}{enregistres} GROUP BY 1, 2, 3 HAVING sum(n) > 0"
        for table in ("ouverts", "flux")
    )
    for code, process, strate, n in (await conn.execute(text(requete))).fetchall():
        cle = dictionnaire.nom("process", process), dictionnaire.nom("strate", strate)
        activites.setdefault(code, {})[cle] = n
    lues: dict[int, Activite] = dict(activites.items())
    return comparables(caisse, lues, criteres)


def decrire_groupe(caisse: int, au: int, groupe: list[Comparable]) -> Document:
    """A group in plain values."""
    criteres, noms = charger_criteres(), slugs()
    return {
        "caisse": noms[caisse],
        "du": date_de(au - criteres.jours + 1),
        "au": date_de(au),
        "poids": dict(criteres.poids),
        "hypothese": True,
        "caisses": [{"caisse": noms[membre.caisse], "distance": membre.distance} for membre in groupe],
    }
