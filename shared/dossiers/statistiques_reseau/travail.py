"""Who worked whose files: closings (or contacts ended) by responsible caisse and by the caisse that did the work."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.processus import Processus
from shared.dossiers.cellules import Entiers, Filtre, Jours, Selection
from shared.dossiers.contributions import EN_COURS
from shared.dossiers.statistiques_reseau.fonds import Document, Fonds, bornes, slugs
from shared.indicators.periodes import Periode


async def travail(
    fonds: Fonds,
    conn: AsyncConnection,
    process: Processus,
    periodes: Sequence[Periode],
    caisse: int | None,
    productrice: int | None,
) -> list[Document]:
    """One row by caisse, productrice and period that has any work, in that order of names; ``n`` is in the unit of
    the process, ``issues`` splits it. Periods follow one another. A contact still under way is no work yet.
    """
    code = fonds.dictionnaire.connait("process", process.code)
    if code is None or not periodes:
        return []
    table, jour = ("flux", "jour") if process.forme == "flux" else ("clos", "jour_clos")
    coupes = (*(p.du for p in periodes), periodes[-1].au + 1)
    en_cours = fonds.dictionnaire.connait("issue", EN_COURS)
    conditions = [] if en_cours is None else [f"issue <> {en_cours:d}"]
    if productrice is not None:
        conditions.append(f"productrice = {productrice:d}")
    colonnes = {"productrice": "productrice", "issue": "issue", "n": "n"}
    choix = Selection(table, colonnes, " AND ".join(conditions) or "true", Jours(jour, coupes, coupes[-1]))
    lues = await fonds.sommer(conn, Filtre(code, "responsable", caisse=caisse), [choix], ("n",))
    return _lignes(fonds, lues, periodes)


def _lignes(fonds: Fonds, lues: dict[str, Entiers], periodes: Sequence[Periode]) -> list[Document]:
    par_debut, noms = {p.du: p for p in periodes}, slugs()
    issues: dict[tuple[str, str, int], dict[str, int]] = {}
    colonnes = (lues[nom].tolist() for nom in ("caisse", "productrice", "jour", "issue", "n"))
    for caisse, productrice, du, issue, n in zip(*colonnes, strict=True):
        cle = noms[caisse], noms[productrice], du
        issues.setdefault(cle, {})[fonds.dictionnaire.nom("issue", issue)] = n
    return [
        {
            "caisse": caisse,
            "productrice": productrice,
            **bornes(par_debut[du]),
            "n": sum(comptes.values()),
            "issues": dict(sorted(comptes.items())),
        }
        for (caisse, productrice, du), comptes in sorted(issues.items())
    ]
