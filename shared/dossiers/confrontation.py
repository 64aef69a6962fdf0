"""One figure as known on two days, from the definitions of then to the document that says why it moved."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.comme_connu import comme_connu, presenter_chargement
from shared.dossiers.comparaison import Comparaison, Etape, Lecture, comparer
from shared.dossiers.connu import JourNonConnu, exiger_connu
from shared.dossiers.definitions import Chargement, DefinitionPerdue, exiger_calculable, processus_en_vigueur
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.mots_comparaison import ORDRE, phrases
from shared.dossiers.presentation import NOM_RESEAU
from shared.dossiers.valeurs import Demande, DemandeInvalide
from shared.indicators.statistiques import RESEAU
from shared.network.jours import date_de, jour_de
from shared.network.reseau import charger


@dataclass(frozen=True, slots=True)
class Confrontation:
    """What was asked, what was found, and the definition on either side."""

    demande: Demande
    faite: Comparaison
    a: Chargement
    b: Chargement


async def confronter(
    conn: AsyncConnection, schema: str, dictionnaire: Dictionnaire, demande: Demande, a_date: date, b_date: date
) -> Confrontation:
    """The one figure of ``demande`` as known on the evenings of two days, each under the definition then in force.

    All is read in the caller's transaction, which must be of one snapshot. Raises DemandeInvalide, whose ``champ``
    is ``a_date`` or ``b_date`` where a day cannot be told.
    """
    dem_a, charge_a = await comme_connu(conn, schema, demande, a_date, None)
    try:
        dem_b, charge_b = await comme_connu(conn, schema, demande, b_date, None)
    except DemandeInvalide as exc:
        raise DemandeInvalide(str(exc), "b_date") from None
    a = Lecture(jour_de(a_date), dem_a.maintenant, charge_a.indicateur)
    b = Lecture(jour_de(b_date), dem_b.maintenant, charge_b.indicateur)
    try:
        process = await processus_en_vigueur(conn, schema, a.indicateur.process, b.maintenant)
        exiger_calculable(a.indicateur, process)
        separable = a.indicateur.process == b.indicateur.process
    except DefinitionPerdue:
        separable = False
    faite = await comparer(conn, schema, dictionnaire, demande, a, b, separable=separable)
    for champ, jour in (("a_date", a.jour), ("b_date", b.jour)):
        try:
            await exiger_connu(conn, schema, [jour])
        except JourNonConnu as exc:
            raise DemandeInvalide(str(exc), champ) from None
    return Confrontation(demande, faite, charge_a, charge_b)


def document(confrontation: Confrontation) -> dict[str, object]:
    """The comparison, for programs; ``phrases`` says it in French."""
    demande, faite, b = confrontation.demande, confrontation.faite, confrontation.b
    slugs = {RESEAU: NOM_RESEAU} | {c.code: c.slug for c in charger().caisses}
    (periode,) = demande.periodes
    return {
        "indicateur": b.indicateur.code,
        "libelle": b.indicateur.libelle,
        "caisse": slugs[RESEAU if demande.caisse is None else demande.caisse],
        "du": date_de(periode.du),
        "au": date_de(periode.au),
        "vue": demande.vue,
        "a": _lecture(confrontation.a, faite.a, faite.valeur_a, faite.n_a),
        "b": _lecture(b, faite.b, faite.valeur_b, faite.n_b),
        "difference": _nombre(faite.difference),
        "separable": faite.separable,
        "ordre": ORDRE,
        "etapes": [_etape(etape) for etape in faite.etapes],
        "phrases": list(phrases(faite)),
    }


def _lecture(chargement: Chargement, lecture: Lecture, valeur: Decimal | None, n: int) -> dict[str, object]:
    indicateur = chargement.indicateur
    return {
        "valeur": _nombre(valeur),
        "n": n,
        "unite": indicateur.unite,
        "version": indicateur.version,
        "statistique": indicateur.genre,
        **presenter_chargement(chargement, date_de(lecture.jour)),
    }


def _etape(etape: Etape) -> dict[str, object]:
    return {
        "cause": etape.cause,
        "avant": _nombre(etape.avant),
        "apres": _nombre(etape.apres),
        "effet": _nombre(etape.effet),
        "n_avant": etape.n_avant,
        "n_apres": etape.n_apres,
        "ajoutes": etape.ajoutes,
        "retires": etape.retires,
    }


def _nombre(valeur: Decimal | None) -> float | None:
    return None if valeur is None else float(valeur)
