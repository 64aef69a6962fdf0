"""The twin against the sources: one ordinary year per seed, measured like the report measured 2016."""

from collections.abc import Sequence
from datetime import date

import msgspec
import numpy as np

from simulator.jumeau.appels import Plateformes
from simulator.jumeau.jumeau import Jumeau
from simulator.jumeau.mesures import Historique
from simulator.jumeau.monde import Monde, creer
from simulator.jumeau.parametres import DOSSIERS, PROCESS, lire, parametres

DEBUT, JOURS = date(2017, 1, 1), 365

CHARGE_2015 = (26_700_000, 3_301.0)
"""Calls and telephone ETP of 2015 (IGAS 2017, tome I [92], tableau 8)."""


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of ``sources.yaml``; without ``valeur`` the sources are silent."""

    libelle: str
    mesure: str
    valeur: float | None = None
    source: str = "hypothèse"
    tolerance: float | None = None


class _Sources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    figures: tuple[Figure, ...]


def figures() -> tuple[Figure, ...]:
    return msgspec.convert(lire("sources.yaml"), _Sources).figures


def mesurer(graines: Sequence[int], jours: int = JOURS) -> dict[str, float]:
    """Every measure of ``sources.yaml``, mean over the seeds. Yearly counts are brought to 365 days."""
    par_graine = [_annee(graine, jours) for graine in graines]
    return {nom: float(np.mean([m[nom] for m in par_graine])) for nom in par_graine[0]}


def _annee(graine: int, jours: int) -> dict[str, float]:
    m = creer(graine, DEBUT, jours)
    jumeau = Jumeau(m)
    historique = Historique(jumeau)
    rappels = induits = 0
    for _ in range(m.jours):
        journee = jumeau.avancer()
        historique.noter(journee)
        if journee.jour >= m.amorce:
            rappels += int(journee.appels.rappels.sum())
            induits += int(journee.appels.induits.sum())
    du, au = m.amorce, m.jours
    an = 365 / jours
    p, presentes = m.parametres, int(historique.appels[0, :, du:au].sum())
    entres = {q: int(historique.files[0, i, :, du:au].sum()) for i, q in enumerate(DOSSIERS)}
    clos = {q: int(historique.files[1, i, :, du:au].sum()) for i, q in enumerate(DOSSIERS)}
    cmuc = DOSSIERS.index("cmuc_acs")
    papier = m.entrees[DOSSIERS.index("ij")][-1][1]
    delais = {q: historique.nationale(q, du, au) for q in PROCESS}
    return {
        "caisses": len(m.slugs),
        **{f"etp_{q}": float(m.etp[i].sum()) for i, q in enumerate(PROCESS)},
        "volume_appel": presentes * an,
        **{f"volume_{q}": n * an for q, n in entres.items()},
        "par_etp_appel": presentes * an / p.telephone.etp,
        **{f"par_etp_{q}": clos[q] * an / p.etp(q) for q in ("cmuc_acs", "ij")},
        **{f"taux_{q}": delais[q] for q in ("appel", "courriel")},
        **{f"delai_{q}": delais[q] for q in ("fsp", "ij", "cmuc_acs")},
        "taux_appel_2015": _decroche_2015(graine, jours),
        "rendus": 100 * float(historique.files[4, cmuc, :, du:au].sum()) / entres["cmuc_acs"],
        "papier": 100 * float(papier[:, du:au].sum()) / entres["ij"],
        "ecart_ij": float(np.nanstd(historique.valeur("ij", du, au))),
        "ecart_appel": float(np.nanstd(historique.valeur("appel", du, au))),
        "induits": 100 * induits / presentes,
        "rappels": 100 * rappels / presentes,
        "dsij_en_attente": float(m.dsij_en_attente[:, du:au].sum(axis=0).mean()),
    }


def _decroche_2015(graine: int, jours: int) -> float:
    """Décroché in % when as many calls as in 2015 meet the staff of 2015."""
    p = parametres()
    volume, etp = CHARGE_2015
    # More is given up at that load, so fewer of the calls presented are first calls.
    spontanes = p.telephone.spontanes - p.telephone.rappel * (0.903 - 0.857)
    telephone = msgspec.structs.replace(p.telephone, volume=volume, etp=etp, spontanes=spontanes)
    tendance = {**p.tendance, "appel": 0.0}
    m = creer(graine, DEBUT, jours, reglages=msgspec.structs.replace(p, telephone=telephone, tendance=tendance))
    plateformes = Plateformes(m)
    presentes = decroches = 0
    for jour in range(m.jours):
        journee = plateformes.jouer(jour, _au_telephone(m, jour), np.zeros(len(m.slugs)))
        if jour >= m.amorce:
            presentes += int(journee.presentes.sum())
            decroches += int(journee.decroches.sum())
    return 100 * decroches / presentes


def _au_telephone(m: Monde, jour: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    f = m.facteurs
    staff: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        m.etp[0] * f.effectif[0, :, jour] * f.rendement[0, :, jour] * m.presence[0, :, jour]
    )
    return staff


def table(mesures: dict[str, float], graines: Sequence[int]) -> str:
    """The calibration table, in Markdown and French."""
    lignes = [
        f"Simulé : moyenne de {len(graines)} années ordinaires (graines {', '.join(map(str, graines))}).",
        "",
        "| Figure | Source | Simulé | Écart | Citation |",
        "|---|---:|---:|---:|---|",
    ]
    for f in figures():
        simule = mesures[f.mesure]
        if f.valeur is None:
            lignes.append(f"| {f.libelle} | n. p. | {_nombre(simule)} | | *hypothèse* |")
            continue
        ecart = f"{100 * (simule / f.valeur - 1):+.1f} %".replace(".", ",")
        lignes.append(f"| {f.libelle} | {_nombre(f.valeur)} | {_nombre(simule)} | {ecart} | {f.source} |")
    return "\n".join(lignes) + "\n"


def hors_tolerance(mesures: dict[str, float]) -> list[str]:
    """The figures further from their source than admitted."""
    return [
        f.libelle
        for f in figures()
        if f.valeur is not None and f.tolerance is not None
        and abs(mesures[f.mesure] - f.valeur) > f.tolerance * f.valeur + 1e-9
    ]  # fmt: skip


def _nombre(valeur: float) -> str:
    texte = f"{valeur:,.0f}" if abs(valeur) >= 1_000 or float(valeur).is_integer() else f"{valeur:,.1f}"
    return texte.replace(",", " ").replace(".", ",")
