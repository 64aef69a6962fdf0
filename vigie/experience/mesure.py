"""``python -m vigie.experience.mesure``: is the measured effect of an aid the true one? Judged where both are known.

The twin plays the same year with aid and without: their difference, month by month, is the true effect on each helped
caisse. The comparison of the service (``domain/effet``) sees only the year with aid. Its error and how often its 95 %
interval holds the truth are counted, beside those of a difference in differences with caisses of the same size.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import typer

from services.entraide.domain.effet import HORIZONS, effet
from shared.indicators.differences import TEMOINS_MIN, Difference, Serie, difference
from shared.indicators.semblables import MOIS_AVANT, PART, POSITIF
from shared.indicators.sens import Mieux
from shared.network.groupes import charger_criteres
from shared.network.mois import Mois, mois_de
from simulator.jumeau.monde import Monde
from simulator.jumeau.parametres import PROCESS
from vigie.experience.bilan import LIBELLES
from vigie.experience.campagne import Resultat, jouer, monde_de
from vigie.experience.reglages import reglages

LIBELLES_DES_METHODES = {"semblables": "situations semblables", "meme_taille": "caisses de sa taille"}

Methode = Literal["semblables", "meme_taille"]
"""Compared with those in the same situation, as the service does, or with those of the same size."""


@dataclass(frozen=True, slots=True)
class Ecart:
    """One measure of the effect of one aid, beside the truth; in the unit of the indicator."""

    process: str
    methode: Methode
    horizon: int
    vrai: float
    mesure: float
    bas: float
    haut: float


def ecarts(monde: Monde, avec: Resultat, sans: Resultat) -> Iterator[Ecart]:
    """Every first aid of a caisse and process in the run that has months enough before and after."""
    premier = mois_de(reglages().debut)
    for p, process in enumerate(PROCESS):
        mieux: Mieux = reglages().process[process].sens
        bornes = PART if mieux == "haut" else POSITIF
        series = {slug: _serie(premier, valeurs) for slug, valeurs in zip(monde.slugs, avec.valeurs[p], strict=True)}
        touches = _touches(monde, avec, p, premier)
        for caisse in np.flatnonzero(avec.aidees[p].any(axis=1)).tolist():
            rang, slug = int(avec.aidees[p, caisse].argmax()), monde.slugs[caisse]
            debut = premier.plus(rang)
            for horizon in (h for h in HORIZONS if MOIS_AVANT <= rang < avec.valeurs.shape[2] - h):
                vrai = float(avec.valeurs[p, caisse, rang + horizon] - sans.valeurs[p, caisse, rang + horizon])
                semblables = effet(horizon, debut, slug, series, mieux, "", touches, bornes=bornes).comparaison
                taille = _meme_taille(monde, p, caisse, debut, horizon, series, touches)
                vues: dict[Methode, Difference | None] = {"semblables": semblables.difference, "meme_taille": taille}
                for methode, vu in vues.items():
                    if vu is not None and np.isfinite(vrai):
                        yield Ecart(process, methode, horizon, vrai, vu.valeur, vu.bas, vu.haut)


def _touches(monde: Monde, r: Resultat, process: int, premier: Mois) -> dict[str, set[Mois]]:
    """The months in which each caisse gave or received aid on the process."""
    touchees = r.aidees[process] | r.aidantes[process]
    return {
        slug: {premier.plus(rang) for rang in np.flatnonzero(mois).tolist()}
        for slug, mois in zip(monde.slugs, touchees, strict=True)
    }


def _meme_taille(
    monde: Monde,
    process: int,
    caisse: int,
    debut: Mois,
    horizon: int,
    series: Mapping[str, Serie],
    touches: Mapping[str, set[Mois]],
) -> Difference | None:
    """The difference in differences with as many caisses of its size as a group of the service has."""
    tailles = np.log(monde.etp[process])
    ordre = np.argsort(np.abs(tailles - tailles[caisse]), kind="stable")
    groupe = [monde.slugs[int(c)] for c in ordre if c != caisse][: charger_criteres().nombre - 1]
    mois = [debut.plus(recul) for recul in range(-MOIS_AVANT, horizon + 1)]
    mesures = {slug for slug in (monde.slugs[caisse], *groupe) if set(mois) <= series[slug].keys()}
    temoins = [slug for slug in groupe if slug in mesures and touches[slug].isdisjoint(mois)]
    if monde.slugs[caisse] not in mesures or len(temoins) < TEMOINS_MIN:
        return None
    ici, *ailleurs = (
        series[slug][mois[-1]] - float(np.mean([series[slug][m] for m in mois[:MOIS_AVANT]]))
        for slug in (monde.slugs[caisse], *temoins)
    )
    return difference(ici, ailleurs)


def _serie(premier: Mois, valeurs: Iterable[float]) -> dict[Mois, float]:
    return {premier.plus(rang): float(v) for rang, v in enumerate(valeurs) if np.isfinite(v)}


def resumer(tous: Sequence[Ecart]) -> list[dict[str, object]]:
    """By process and method: measures, mean true effect, bias, root mean square error, share of intervals that hold
    the truth, and share of measures that point the wrong way."""
    lignes: list[dict[str, object]] = []
    for process in PROCESS:
        for methode in LIBELLES_DES_METHODES:
            siens = [e for e in tous if (e.process, e.methode) == (process, methode)]
            if not siens:
                continue
            erreurs = np.array([e.mesure - e.vrai for e in siens])
            contraires = [e.vrai * e.mesure < 0 and not e.bas <= 0 <= e.haut for e in siens]
            lignes.append(
                {
                    "process": process, "methode": methode, "mesures": len(siens),
                    "vrai": round(float(np.mean([e.vrai for e in siens])), 2),
                    "biais": round(float(erreurs.mean()), 2),
                    "erreur": round(float(np.sqrt((erreurs**2).mean())), 2),
                    "couverture": round(float(np.mean([e.bas <= e.vrai <= e.haut for e in siens])), 3),
                    "largeur": round(float(np.mean([e.haut - e.bas for e in siens])), 1),
                    "a_contresens": round(float(np.mean(contraires)), 3),
                    "conclut": round(float(np.mean([not e.bas <= 0 <= e.haut for e in siens])), 3),
                }
            )  # fmt: skip
    return lignes


def table(lignes: Sequence[dict[str, object]]) -> str:
    """The same as a Markdown table, in French."""
    entete = (
        "Process", "Comparée à", "Mesures", "Vrai effet moyen", "Biais", "Erreur", "Largeur", "Intervalles justes",
        "À contresens", "Conclut",
    )  # fmt: skip
    texte = [f"| {' | '.join(entete)} |", "|---|---|" + "---:|" * (len(entete) - 2)]
    for li in lignes:
        cases = [str(li[nom]) for nom in ("mesures", "vrai", "biais", "erreur", "largeur")]
        cases += [f"{100 * float(str(li[nom])):.0f} %" for nom in ("couverture", "a_contresens", "conclut")]
        chiffres = " | ".join(cases).replace(".", ",").replace("-", "−")
        texte.append(f"| {LIBELLES[str(li['process'])]} | {LIBELLES_DES_METHODES[str(li['methode'])]} | {chiffres} |")
    return "\n".join(texte)


def principal(
    graines: Annotated[int, typer.Option(min=1, help="Nombre de graines.")] = 5,
    premiere: Annotated[int, typer.Option(min=1, help="La première graine.")] = 1,
    mois: Annotated[int, typer.Option(min=8, max=24, help="Mois simulés.")] = 15,
    en_json: Annotated[bool, typer.Option("--json", help="Un document JSON au lieu de la table.")] = False,
) -> None:
    """Comparer l'effet mesuré à l'effet vrai, que le jumeau connaît."""
    tous: list[Ecart] = []
    for graine in range(premiere, premiere + graines):
        monde = monde_de(graine, mois)
        tous += ecarts(monde, jouer(monde, "vigie", mois, "franchissement"), jouer(monde, "sans_aide", mois))
        typer.echo(f"graine {graine} : {len(tous)} mesures", err=True)
    lignes = resumer(tous)
    typer.echo(json.dumps(lignes, ensure_ascii=False) if en_json else table(lignes))


if __name__ == "__main__":
    typer.run(principal)
