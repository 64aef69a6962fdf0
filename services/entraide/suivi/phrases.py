"""The follow-up in French sentences, as an official would sign them. Pure."""

from decimal import Decimal

from services.entraide.domain.contrefactuel import Ecoulement
from services.entraide.domain.cycle_de_vie import Cote
from services.entraide.domain.effet import Effet, Propre
from services.entraide.domain.livraison import Livraison
from shared.catalogue.indicateurs import Indicateur
from shared.catalogue.mise_en_mots import nombre
from shared.indicators.differences import Difference
from shared.indicators.semblables import confiance

_CHANCES = {80: "huit chances sur dix", 95: "dix-neuf chances sur vingt"}


def dire(valeur: float, decimales: int = 1, *, signe: bool = False) -> str:
    """A number as a French reader writes it, without a useless decimal."""
    arrondie = Decimal(str(round(valeur, decimales)))
    if arrondie == arrondie.to_integral_value():
        arrondie = arrondie.to_integral_value()
    texte = nombre(abs(arrondie))
    return (f"−{texte}" if arrondie < 0 else f"+{texte}" if signe and arrondie > 0 else texte).replace("+-", "−")


def livraison(vue: Livraison, unite: str, aidante: str, *, tram: bool = False) -> str:
    """What was delivered, against what was agreed. ``tram``: the aidante does this work for the aidée durably."""
    au_pluriel = f"{unite}s" if not unite.endswith("s") else unite
    debut = f"{aidante} a livré {dire(vue.livre, 0)} {au_pluriel}"
    if vue.attendu <= 0:
        return f"{debut} ; aucune semaine de la mission n'est encore finie ({dire(vue.convenu, 0)} convenus)."
    part = f"{dire(100 * vue.livre / vue.attendu, 0)} % des {dire(vue.attendu, 0)} attendus à ce jour"
    retard = f" Retard : {dire(vue.manque, 0)} {au_pluriel}." if vue.en_retard else ""
    apres = f" Dont {dire(vue.hors_periode, 0)} après la fin." if vue.hors_periode else ""
    transfert = " Ce qu'elle traite au titre de TRAM n'est pas compté." if tram else ""
    return f"{debut}, {part} ({dire(vue.convenu, 0)} convenus en tout).{apres}{retard}{transfert}"


def ecoulement(vue: Ecoulement, aidee: str) -> str:
    """The stock of the aidée with aid, and without."""
    if not vue.sans:
        return f"{aidee} : aucune semaine de la mission n'est encore finie."
    return (
        f"{aidee} : sans l'aide, {dire(vue.sans[-1], 0)} dossiers seraient ouverts ; avec, {dire(vue.observe[-1], 0)}. "
        f"Le plus ancien attendrait {dire(vue.jours_gagnes, 0)} jours de plus."
    )


def suite(volume: float, unite: str, aidee: str, liberable: bool) -> str:
    """What would be left to absorb if all aid stopped on Sunday, and whether this mission may stop."""
    if volume <= 0:
        return f"{aidee} : sans la suite de l'aide, la projection tient l'objectif ; la mission peut être libérée."
    quoi = unite if unite.endswith("s") else f"{unite}s"
    reste = f"{aidee} : sans la suite de l'aide, il resterait {dire(volume, 0)} {quoi} à absorber"
    return f"{reste} ; les autres missions y suffisent, celle-ci peut être libérée." if liberable else f"{reste}."


def sans_aide(defini: Indicateur, avec: float | None, sans: float | None) -> str:
    """An indicator of the aidée over the mission, with aid and without."""
    if avec is None or sans is None:
        return f"{defini.libelle} : non mesuré."
    return f"{defini.libelle} : sans l'aide, {dire(sans)} {defini.unite} ; avec, {dire(avec)}."


def effet(vu: Effet, defini: Indicateur, caisse: str, cote: Cote, objectif_tenu: bool | None) -> str:
    """The effect on one indicator of one caisse; the aidante's says whether it held its objectif."""
    unite = "% de son niveau d'avant" if vu.relative else defini.unite
    tete = f"{caisse} ({'aidée' if cote == 'aidee' else 'aidante'}), {defini.libelle}, {vu.mois.en_clair} : "
    suite = _objectif(cote, objectif_tenu)
    conclusion, comparee, propre = _conclusion(vu.conclusion, cote), vu.comparaison, vu.jugee_sur_elle_meme
    if propre is not None:
        vue = Difference(propre.ecart, propre.bas, propre.haut, 0)
        dit = _sans_et_avec(cote, propre.observee, vue, defini.unite, propre.attendue.niveau)
        reste = " Aucune caisse sans aide n'allait aussi mal : celles qui s'en approchent ne disent rien d'elle."
        return f"{tete}{dit} ; {conclusion}.{suite}{reste}"
    if comparee.difference is None or comparee.apres is None:
        dit = comparee.raison or "Pas assez de données."
    else:
        n, caisses = comparee.difference.n, len(comparee.temoins)
        dit = _sans_et_avec(cote, comparee.apres, comparee.difference, unite, confiance(n))
        dit = f"{dit}, d'après {n} situations semblables sans aide, de {caisses} caisses ; {conclusion}."
    return f"{tete}{dit}{suite}{_contre_elle_meme(vu.propre, defini)}"


def _sans_et_avec(cote: Cote, avec: float, ecart: Difference, unite: str, niveau: int) -> str:
    return (
        f"{_sans(cote)}, {dire(avec - ecart.valeur)} {unite} ; avec, {dire(avec)} ; "
        f"effet {dire(ecart.valeur, signe=True)}, intervalle à {niveau} % de {dire(ecart.bas, signe=True)} à "
        f"{dire(ecart.haut, signe=True)}"
    )


def _sans(cote: Cote) -> str:
    return "sans l'aide" if cote == "aidee" else "sans cet engagement"


def _conclusion(conclusion: str, cote: Cote) -> str:
    if conclusion == "non_distinguee":
        return "l'effet n'est pas distinguable de zéro"
    if cote == "aidee":
        return "l'aide a amélioré le résultat" if conclusion == "amelioree" else "le résultat s'est dégradé"
    return "le résultat de l'aidante s'est amélioré" if conclusion == "amelioree" else "l'aidante y a perdu"


def _objectif(cote: Cote, tenu: bool | None) -> str:
    if cote == "aidee" or tenu is None:
        return ""
    return " Elle tient son objectif." if tenu else " Elle ne tient pas son objectif."


def _contre_elle_meme(propre: Propre | None, defini: Indicateur) -> str:
    if propre is None:
        return ""
    prevu = propre.attendue
    comment = "projetés avant la mission" if prevu.methode == "projection" else "au niveau d'avant prolongé"
    return (
        f" Contre elle-même : {dire(prevu.valeur)} {defini.unite} {comment} (entre {dire(prevu.bas)} et "
        f"{dire(prevu.haut)}, {_CHANCES[prevu.niveau]}), {dire(propre.observee)} observés."
    )
