"""From the YAML of a convention to its values: every fault is noted with its place, and reading goes on."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast, get_args

from shared.catalogue.champs import Champs
from shared.catalogue.modele_conventions import (
    Cible,
    Convention,
    Jalon,
    Ligne,
    Operateur,
    Resultat,
    Sens,
    Source,
    Statistique,
    Statut,
    StatutResultat,
    TypeDeLigne,
    VerdictDeSource,
    VerdictPublie,
)

_CODE = re.compile(r"[a-z0-9_]+")
_OPERATEURS: Mapping[Sens, Operateur | None] = {"haut": ">=", "bas": "<=", "neutre": None}
_VERDICTS: Mapping[str, VerdictPublie] = {
    "atteint": "atteint",
    "quasiment atteint": "quasiment_atteint",
    "non atteint": "non_atteint",
    "?": "indetermine",
}
_SANS_VALEUR: frozenset[str] = frozenset({"a_determiner", "absente", "non_applicable"})
_AVEC_NOMBRE: frozenset[str] = frozenset({"mesure", "prevision"})


def lire_convention(brut: Any, lieu: str, fautes: list[str]) -> Convention:
    """The convention of one file. Faults are added to ``fautes``; with any, the value is not to be used."""
    champs = Champs(brut, lieu, fautes)
    signature = Champs(champs.prendre("signature", {}), f"{lieu}, signature", fautes)
    juges = champs.prendre("verdicts")
    source = Champs(champs.prendre("source", {}), f"{lieu}, source", fautes)
    du, au, le = (c.jour(cle) for c, cle in ((champs, "du"), (champs, "au"), (signature, "le")))
    if du is None or au is None or le is None:
        champs.faute("missing: du, au or signature.le")
    elif au < du:
        champs.faute("au: is before du")
    du, au, le = du or date.min, au or date.max, le or date.min
    note = signature.texte_ou_rien("note")
    if signature.vrai("hypothese") != (note is not None):
        signature.faute("note: an assumed date says why, a printed one has no note")
    annees = range(du.year, au.year + 1)
    fiches: dict[str, str] = {}
    lignes: dict[str, Ligne] = {}
    for fiche in champs.liste("fiches"):
        code = fiche.texte("code")
        fiches[code] = fiche.texte("titre")
        for entree in fiche.liste("indicateurs"):
            ligne = _ligne(entree, code, annees, le, juges)
            if ligne.code in lignes:
                entree.faute("declared twice")
            lignes[ligne.code] = ligne
        fiche.fermer()
    convention = Convention(
        code=champs.texte("convention"),
        libelle=champs.texte("libelle"),
        organisme=champs.texte("organisme"),
        regime=champs.texte_ou_rien("regime"),
        du=du,
        au=au,
        signature=le,
        signature_note=note,
        source=Source(source.texte("fichier"), source.texte("titre"), source.lignes()),
        indicateurs_annonces=champs.entier("indicateurs_annonces"),
        notes=champs.textes("notes"),
        anomalies=champs.textes("anomalies"),
        jalons=tuple(_jalon(j) for j in champs.liste("jalons")),
        fiches=fiches,
        lignes=lignes,
    )
    for reste in (signature, source, champs):
        reste.fermer()
    return convention


def _jalon(champs: Champs) -> Jalon:
    jalon = Jalon(champs.texte("libelle"), champs.texte("echeance"), champs.lignes())
    champs.fermer()
    return jalon


def _ligne(champs: Champs, fiche: str, annees: range, signature: date, juges: Any) -> Ligne:
    sens = cast(Sens, champs.choix("sens", get_args(Sens)))
    ligne = Ligne(
        code=champs.texte("code"),
        libelle=champs.texte("libelle"),
        libelle_corrige=champs.texte_ou_rien("libelle_corrige"),
        mesure=champs.texte("mesure"),
        fiche=fiche,
        type=cast(TypeDeLigne, champs.choix("type", get_args(TypeDeLigne))),
        statistique=cast(Statistique, champs.choix("statistique", get_args(Statistique))),
        unite=champs.texte("unite"),
        sens=sens,
        horloge=champs.texte_ou_rien("horloge"),
        calcul=champs.texte_ou_rien("calcul"),
        cibles=tuple(_cible(annee, c, sens, signature) for annee, c in champs.par_annee("cibles", get_args(Statut))),
        resultats=tuple(_resultat(annee, c) for annee, c in champs.par_annee("resultats", get_args(StatutResultat))),
        verdict=_verdict(champs, juges),
        non_transmis=champs.vrai("non_transmis"),
        anomalies=champs.textes("anomalies"),
        note=champs.texte_ou_rien("note"),
        lignes=champs.lignes(),
    )
    if not _CODE.fullmatch(ligne.code):
        champs.faute("code: only lower-case letters, digits and underscores")
    for quoi in _doublons([(c.annee, c.segment, str(c.connu_le)) for c in ligne.cibles]):
        champs.faute(f"cibles: {quoi} given twice")
    for quoi in _doublons([(r.annee, r.segment) for r in ligne.resultats]):
        champs.faute(f"resultats: {quoi} given twice")
    for annee in sorted({c.annee for c in ligne.cibles if c.annee not in annees}):
        champs.faute(f"cibles {annee}: is outside the convention")
    champs.fermer()
    return ligne


def _doublons(cles: Sequence[tuple[int | str | None, ...]]) -> list[str]:
    return sorted({" ".join(str(partie) for partie in cle if partie) for cle in cles if cles.count(cle) > 1})


def _cible(annee: int, champs: Champs, sens: Sens, signature: date) -> Cible:
    chiffree = "valeur" in champs
    cible = Cible(
        annee=annee,
        statut=cast(Statut, champs.choix("statut", get_args(Statut), "ferme")),
        valeur=champs.nombre("valeur"),
        operateur=_operateur(champs, sens),
        connu_le=champs.jour("connu_le") or signature,
        segment=champs.texte_ou_rien("segment"),
        socle=champs.nombre("socle"),
        seuil_alerte=champs.nombre("seuil_alerte"),
        marge=champs.nombre("marge"),
        base=champs.entier("base"),
        imprime=champs.texte_ou_rien("imprime"),
        hypothese=champs.vrai("hypothese"),
    )
    if cible.statut in _SANS_VALEUR and cible.valeur is not None:
        champs.faute(f"valeur: a target that is {cible.statut} has none")
    if cible.statut not in _SANS_VALEUR and not chiffree and cible.imprime is None:
        champs.faute("valeur: a firm or provisional target needs a number, or words (imprime)")
    if sens == "neutre" and cible.valeur is not None:
        champs.faute("valeur: a row whose sens is neutre cannot be judged")
    bornes = [b for b in (cible.valeur, cible.socle, cible.seuil_alerte) if b is not None]
    if bornes != sorted(bornes, reverse=sens == "haut"):
        champs.faute("objectif, socle and seuil_alerte are not in this order, from best to worst")
    champs.fermer()
    return cible


def _operateur(champs: Champs, sens: Sens) -> Operateur | None:
    """The bound that follows from ``sens``; one printed by the source must agree with it."""
    attendu = _OPERATEURS.get(sens)
    imprime = champs.prendre("operateur", attendu)
    if imprime != attendu:
        champs.faute(f"operateur: {imprime} contradicts sens: {sens}")
    return attendu


def _resultat(annee: int, champs: Champs) -> Resultat:
    chiffre = "valeur" in champs
    valeur, imprime = champs.nombre("valeur"), champs.texte_ou_rien("imprime")
    statut = cast(StatutResultat, champs.choix("statut", get_args(StatutResultat), "mesure" if chiffre else None))
    if (statut in _AVEC_NOMBRE) != chiffre:
        champs.faute(f"valeur: {statut} {'has no number' if chiffre else 'needs a number'}")
    if statut == "qualitatif" and imprime is None:
        champs.faute("imprime: qualitatif needs the words of the source")
    resultat = Resultat(annee, statut, valeur, champs.texte_ou_rien("segment"), imprime)
    champs.fermer()
    return resultat


def _verdict(champs: Champs, juges: Any) -> VerdictDeSource | None:
    """The verdict as printed, whatever its case, with the author and place that ``juges`` gives for the whole table."""
    imprime = champs.texte_ou_rien("verdict")
    if imprime is None:
        return None
    verdict = _VERDICTS.get(imprime.lower())
    if verdict is None:
        champs.faute(f"verdict: {imprime} is not one of {', '.join(_VERDICTS)}")
        return None
    auteur = Champs(juges, f"{champs.lieu}, verdicts of the convention", champs.fautes)
    return VerdictDeSource(
        verdict, imprime, auteur.entier("annee") or 0, auteur.texte("auteur"), auteur.texte("reference")
    )
