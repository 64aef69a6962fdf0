"""What Vigie assumes of targets and alert thresholds, as a French reader expects it."""

from collections.abc import Iterator
from decimal import Decimal

from shared.catalogue.indicateurs import Indicateur, charger_indicateurs
from shared.catalogue.mise_en_mots import nombre
from shared.catalogue.seuils import CibleSupposee, Surveille, charger_seuils


def juges() -> Iterator[tuple[str, ...]]:
    """What is judged since the file applies: label, objectif, socle, alert, whether letters may follow, origin."""
    seuils = charger_seuils()
    for code in dict.fromkeys([*seuils.surveilles, *seuils.cibles]):
        defini, vu, supposee = charger_indicateurs()[code], seuils.surveilles.get(code), seuils.cibles.get(code)
        cote = "en dessous de" if defini.sens == "haut" else "au-delà de"
        yield (
            f"**{defini.libelle}**<br>`{code}`",
            "aucun" if supposee is None else _borne(defini, supposee.objectif),
            "aucun" if supposee is None or supposee.socle is None else _borne(defini, supposee.socle),
            "aucune" if vu is None else f"{cote} {nombre(vu.seuil)} {defini.unite}",
            "oui" if vu is not None and vu.courrier else "non",
            "—" if supposee is None else _origine(supposee),
        )


def cibles_supposees() -> Iterator[str]:
    """One sentence per target assumed where no convention in force gives one."""
    for supposee in charger_seuils().cibles.values():
        defini = charger_indicateurs()[supposee.indicateur]
        socle = "" if supposee.socle is None else f", socle {_borne(defini, supposee.socle)}"
        yield f"{defini.libelle} (`{defini.code}`) : {_borne(defini, supposee.objectif)}{socle} ; {_origine(supposee)}"


def seuils_d_alerte() -> Iterator[str]:
    """One sentence per watched indicator."""
    for surveille in charger_seuils().surveilles.values():
        defini = charger_indicateurs()[surveille.indicateur]
        note = f" ; {surveille.note}" if surveille.note else ""
        yield f"{defini.libelle} (`{defini.code}`) : {_alerte(defini, surveille)}{note}"


def series() -> Iterator[str]:
    """One sentence per indicator that measured several things in turn."""
    for defini in charger_indicateurs().values():
        if defini.mesures:
            tours = [
                f"`{m.indicateur.code}`" + (f" jusqu'au {m.jusqu_au:%d/%m/%Y}" if m.jusqu_au else " ensuite")
                for m in defini.mesures
            ]
            yield f"{defini.libelle} (`{defini.code}`) : {', '.join(tours)}"


def _borne(defini: Indicateur, borne: Decimal) -> str:
    return f"{'au moins' if defini.sens == 'haut' else 'au plus'} {nombre(borne)} {defini.unite}"


def _origine(supposee: CibleSupposee) -> str:
    if supposee.reconduite is None:
        return "aucune source ne la donne"
    convention, _, annee = supposee.reconduite
    return f"reconduite de {annee} ({convention.code})"


def _alerte(defini: Indicateur, surveille: Surveille) -> str:
    cote = "en dessous de" if defini.sens == "haut" else "au-delà de"
    liste = "liste du réseau" if surveille.liste == "igas" else "surveillé par Vigie, sans courrier"
    return (
        f"alerte {cote} {nombre(surveille.seuil)} {defini.unite} pendant {surveille.persistance} jours, levée à "
        f"{nombre(surveille.retour)} ({liste} ; valeur sur {surveille.fenetre} jours, vue {surveille.vue})"
    )
