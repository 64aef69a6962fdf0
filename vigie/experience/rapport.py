"""``docs/experience-entraide.md``: what came out, whatever it is; the words are in ``page.md``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path

import numpy as np

from services.entraide.domain.activites import parametres
from shared.network.reseau import charger
from simulator.jumeau.parametres import PROCESS
from vigie.experience.besoins import Regle
from vigie.experience.bilan import LIBELLES, MESURE, MESURES, Appariement, Intervalle
from vigie.experience.campagne import Resultat
from vigie.experience.graphique import Ligne, dessiner
from vigie.experience.politiques import NOMS
from vigie.experience.reglages import reglages

CAISSE_EN_CRISE = "cpam-33"
"""Of the scenario ``crise``."""

AIDES = ("premier_demandeur", "premier_prudent", "vigie")
REGLES: Mapping[Regle, str] = {
    "comite": "Besoins du comité",
    "franchissement": "Tout franchissement du seuil d'alerte est un besoin",
}
_LIMITES = {
    "couvert": "couvert par le plan",
    "aucun_pole": "aucun pôle éligible",
    "cout": "manque trop faible pour appeler une aidante de plus",
    "capacite": "ETP des pôles épuisés",
    "surete": "les aidantes passeraient sous leur objectif",
    "capacite_et_surete": "ni ETP ni marge",
    "affectation_minimale": "sous l'affectation minimale",
    "delai": "le manque tombe avant que l'aide soit efficace",
    "sans_retard_projete": "la projection ne voit plus rien à absorber",
}
_SEMAINES_PAR_MOIS = 365 / 12 / 7


def page(a: Appariement, crise: Sequence[Resultat], mois: int, image: str) -> str:
    """The whole page, in French. ``crise``: the three policies in the injected crisis; ``image``: the chart's name."""
    capacite = sum(d.etp for d in reglages().poles.values())

    def niveau(cle: str, politique: str, regle: Regle = "franchissement") -> float:
        return a.niveau(MESURE[cle], regle, politique).moyenne

    emplois = {
        f"emploi_{regle}": _nombre(
            100 * niveau("etp_semaines", "vigie", regle) / (capacite * mois * _SEMAINES_PAR_MOIS)
        )
        for regle in REGLES
    }
    reserves = parametres()["reserve"]
    texte = Path(__file__).with_name("page.md").read_text(encoding="utf-8")
    return texte.format(
        graines=len(a.graines),
        mois=mois,
        seance=reglages().seance,
        etp=f"{capacite:g}",
        cibles=_cibles(),
        tables="\n\n".join(f"## {t}\n\n{_conclusion(a, r)}\n\n{_table(a, r)}" for r, t in REGLES.items()),
        image=image,
        limites=_limites(a),
        crise=_crise(crise),
        regagnes_premier=_nombre(niveau("regagnes", "premier_demandeur")),
        regagnes_prudent=_nombre(niveau("regagnes", "premier_prudent")),
        torts_prudent=_nombre(niveau("torts_objectif", "premier_prudent")),
        reserve_aidee=_nombre(100 * reserves["aidee"]),
        reserve_aidante=_nombre(100 * reserves["aidante"]),
        regagnes_vigie=_nombre(niveau("regagnes", "vigie")),
        torts_premier=_nombre(niveau("torts_objectif", "premier_demandeur")),
        torts_vigie=_nombre(niveau("torts_objectif", "vigie")),
        **emplois,
    )


def graphique(a: Appariement) -> str:
    """The SVG: caisse-months under socle by process against no aid, every crossing being a need."""
    cles = {LIBELLES[p]: f"sous_socle_{p}" for p in PROCESS} | {"ensemble": "sous_socle"}
    lignes = [
        Ligne(libelle, {p: a.difference(MESURE[cle], "franchissement", p, "sans_aide") for p in AIDES})
        for libelle, cle in cles.items()
    ]
    titre = "Caisse-mois sous le socle : différence avec « sans aide » (tout franchissement)"
    return dessiner(titre, lignes, {p: NOMS[p] for p in AIDES})


def _cibles() -> str:
    return "\n".join(
        f"| {LIBELLES[p]} | {r.objectif:g} | {r.socle:g} | {r.alerte:g} | {r.source} |"
        for p, r in reglages().process.items()
    )


def _table(a: Appariement, regle: Regle) -> str:
    entetes = ["Mesure", "Sans aide", "Premier demandeur", "Prudent", "Vigie"]
    entetes += ["Premier − sans aide", "Vigie − sans aide", "Vigie − premier", "Vigie − prudent"]
    lignes = [f"| {' | '.join(entetes)} |", "|---|" + "---:|" * 8]
    for mesure in MESURES:
        niveaux = [_nombre(a.niveau(mesure, regle, p).moyenne) for p in NOMS]
        ecarts = [a.difference(mesure, regle, p, "sans_aide") for p in ("premier_demandeur", "vigie")]
        ecarts += [a.difference(mesure, regle, "vigie", p) for p in ("premier_demandeur", "premier_prudent")]
        lignes.append(f"| {mesure.libelle} | {' | '.join(niveaux)} | {' | '.join(_ecart(e) for e in ecarts)} |")
    return "\n".join(lignes)


def _conclusion(a: Appariement, regle: Regle) -> str:
    phrases = []
    for cle, quoi in (("sous_socle", "sous le socle"), ("sous_objectif", "sous l'objectif")):
        phrases.append(f"- **Caisse-mois {quoi}** : {_comparer(a, regle, cle)}.")
    torts = " ; ".join(
        f"Vigie contre {NOMS[p]} : {_verdict(a.difference(MESURE['torts_objectif'], regle, 'vigie', p))}"
        for p in ("premier_demandeur", "premier_prudent")
    )
    phrases.append(f"- **Torts aux aidantes** (passées sous leur objectif) : {torts}.")
    pour_cent = ", ".join(f"{_nombre(_rendement(a, regle, p))} ({NOMS[p]})" for p in AIDES)
    phrases.append(f"- **Pour 100 ETP-semaines prêtées**, caisse-mois sous le socle ôtés au réseau : {pour_cent}.")
    return "\n".join(phrases)


def _comparer(a: Appariement, regle: Regle, cle: str) -> str:
    paires = (*((p, "sans_aide") for p in AIDES), *(("vigie", p) for p in AIDES if p != "vigie"))
    return " ; ".join(
        f"{NOMS[p]} contre {NOMS[q]} : {_verdict(a.difference(MESURE[cle], regle, p, q))}" for p, q in paires
    )


def _rendement(a: Appariement, regle: Regle, politique: str) -> float:
    ote = -a.difference(MESURE["sous_socle"], regle, politique, "sans_aide").moyenne
    etp = a.niveau(MESURE["etp_semaines"], regle, politique).moyenne
    return 100 * ote / etp if etp else 0.0


def _verdict(i: Intervalle) -> str:
    if not i.distingue:
        return f"pas de différence établie ({_ecart(i)})"
    return f"{'moins' if i.moyenne < 0 else 'plus'} ({_ecart(i)})"


def _limites(a: Appariement) -> str:
    texte = ["| Limite | Besoins du comité | Tout franchissement |", "|---|---:|---:|"]
    comptes = {regle: Counter[str]() for regle in REGLES}
    for regle, compte in comptes.items():
        for graine in a.graines:
            compte.update(a.resultat(regle, "vigie", graine).limites)
    for cle, libelle in _LIMITES.items():
        texte.append(f"| {libelle} | {' | '.join(_nombre(comptes[r][cle]) for r in REGLES)} |")
    return "\n".join(texte)


def _crise(crise: Sequence[Resultat]) -> str:
    rang = PROCESS.index("ij")
    caisse = [c.slug for c in charger().caisses].index(CAISSE_EN_CRISE)
    noms = [NOMS[r.politique] for r in crise]
    lignes = [
        f"| Délai moyen de la 1re IJ, {CAISSE_EN_CRISE} (jours) | {' | '.join(noms)} |",
        "|---|" + "---:|" * len(crise),
    ]
    for mois in range(crise[0].valeurs.shape[2]):
        valeurs = [_nombre(float(r.valeurs[rang, caisse, mois])) for r in crise]
        lignes.append(f"| mois {mois + 1} | {' | '.join(valeurs)} |")
    sous = [int(np.sum(r.sous_socle[rang, caisse])) for r in crise]
    etp = [r.etp_semaines["ij"] for r in crise]
    lignes.append(f"| mois sous le socle | {' | '.join(map(str, sous))} |")
    lignes.append(f"| ETP-semaines prêtées | {' | '.join(map(_nombre, etp))} |")
    return "\n".join(lignes)


def _ecart(i: Intervalle) -> str:
    if isnan(i.bas):
        return _signe(i.moyenne)
    return f"{_signe(i.moyenne)} [{_signe(i.bas)} ; {_signe(i.haut)}]"


def _signe(valeur: float) -> str:
    texte = _nombre(abs(valeur))
    return texte if not texte.strip("0, ") else ("+" if valeur > 0 else "−") + texte


def _nombre(valeur: float) -> str:
    if isnan(valeur):
        return "n. m."
    texte = f"{valeur:,.0f}" if abs(valeur) >= 100 or float(valeur).is_integer() else f"{valeur:,.1f}"
    return texte.replace(",", " ").replace(".", ",")
