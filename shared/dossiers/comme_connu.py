"""A question put as of a past day: the cells recorded by then, the present of that evening, the definition of then."""

from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.connu import JourNonConnu, exiger_connu, soir
from shared.dossiers.definitions import (
    Chargement,
    DefinitionPerdue,
    exiger_calculable,
    indicateur_en_vigueur,
    indicateur_nomme,
    processus_en_vigueur,
)
from shared.dossiers.valeurs import Demande, DemandeInvalide, Evaluateur
from shared.indicators.statistiques import Valeur
from shared.network.jours import jour_de


async def comme_connu(
    conn: AsyncConnection, schema: str, demande: Demande, a_date: date | None, version: str | None
) -> tuple[Demande, Chargement]:
    """``demande`` as of the evening of ``a_date`` (None: now), and the definition it is read under: the one then in
    force, or the last loaded under the formula ``version``.

    Raises DemandeInvalide, whose ``champ`` is ``a_date`` or ``version``.
    """
    try:
        instant = demande.maintenant if a_date is None else soir(jour_de(a_date), demande.maintenant)
    except JourNonConnu as exc:
        raise DemandeInvalide(str(exc), "a_date") from None
    code = demande.indicateur.code
    try:
        if version is None:
            chargement = await indicateur_en_vigueur(conn, schema, code, instant)
        else:
            chargement = await indicateur_nomme(conn, schema, code, version)
        process = await processus_en_vigueur(conn, schema, chargement.indicateur.process, instant)
        exiger_calculable(chargement.indicateur, process)
    except DefinitionPerdue as exc:
        raise DemandeInvalide(str(exc), "a_date" if version is None else "version") from None
    connu = None if a_date is None else jour_de(a_date)
    return replace(demande, indicateur=chargement.indicateur, maintenant=instant, connu=connu), chargement


async def valeurs_connues(conn: AsyncConnection, schema: str, evaluateur: Evaluateur, demande: Demande) -> list[Valeur]:
    """The values of a question from ``comme_connu``. Raises DemandeInvalide, also for a day no longer told apart."""
    calculees = await evaluateur.valeurs(conn, demande)
    await exiger_connue(conn, schema, demande)
    return calculees


async def exiger_connue(conn: AsyncConnection, schema: str, demande: Demande) -> None:
    """What was known on the day asked can still be told apart; to be asked after its cells are read. Raises
    DemandeInvalide."""
    if demande.connu is not None:
        try:
            await exiger_connu(conn, schema, [demande.connu])
        except JourNonConnu as exc:
            raise DemandeInvalide(str(exc), "a_date") from None


def presenter_chargement(chargement: Chargement, a_date: date | None) -> dict[str, object]:
    """What an answer says of the day and of the definition it was made under."""
    return {
        "a_date": None if a_date is None else a_date.isoformat(),
        "definition": {"depuis": chargement.depuis.isoformat(), "empreinte": chargement.empreinte},
    }
