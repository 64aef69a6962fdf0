"""``python -m vigie.experience.mesure``: is the measured effect of an aid the true one? Judged where both are known.

The twin plays the same year with aid and without: their difference, month by month, is the true effect on each helped
caisse. The comparison of the service (``domain/effet``) sees only the year with aid. Its error and how often its 95 %
interval holds the truth are counted for several windows of months before.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer

from services.entraide.domain.effet import HORIZONS, effet
from shared.indicators.sens import Mieux
from shared.network.groupes import charger_criteres
from shared.network.mois import Mois, mois_de
from simulator.jumeau.monde import Monde
from simulator.jumeau.parametres import PROCESS
from vigie.experience.bilan import LIBELLES
from vigie.experience.campagne import Resultat, jouer, monde_de
from vigie.experience.reglages import reglages

FENETRES = (6, 3, 2, 1)
"""Months before the aid that are tried as the level before."""


@dataclass(frozen=True, slots=True)
class Ecart:
    """One measure of the effect of one aid, beside the truth; in the unit of the indicator."""

    process: str
    fenetre: int
    horizon: int
    vrai: float
    mesure: float
    bas: float
    haut: float


def ecarts(monde: Monde, avec: Resultat, sans: Resultat, fenetres: Sequence[int] = FENETRES) -> Iterator[Ecart]:
    """Every first aid of a caisse and process in the run that has months enough before and after."""
    premier = mois_de(reglages().debut)
    for p, process in enumerate(PROCESS):
        mieux: Mieux = reglages().process[process].sens
        series = [_serie(premier, valeurs) for valeurs in avec.valeurs[p]]
        for caisse in np.flatnonzero(avec.aidees[p].any(axis=1)).tolist():
            rang = int(avec.aidees[p, caisse].argmax())
            debut = premier.plus(rang)
            groupe = [c for c in _comparables(monde, p, caisse) if not _touchee(avec, p, c, rang)]
            temoins = {monde.slugs[c]: series[c] for c in groupe}
            for horizon in HORIZONS:
                if rang + horizon >= avec.valeurs.shape[2]:
                    continue
                vrai = float(avec.valeurs[p, caisse, rang + horizon] - sans.valeurs[p, caisse, rang + horizon])
                for fenetre in (f for f in fenetres if f <= rang):
                    avant = [debut.plus(-recul) for recul in range(fenetre, 0, -1)]
                    vu = effet(horizon, debut, series[caisse], temoins, mieux, "", avant=avant).comparaison.difference
                    if vu is not None and np.isfinite(vrai):
                        yield Ecart(process, fenetre, horizon, vrai, vu.valeur, vu.bas, vu.haut)


def _serie(premier: Mois, valeurs: Iterable[float]) -> dict[Mois, float]:
    return {premier.plus(rang): float(v) for rang, v in enumerate(valeurs) if np.isfinite(v)}


def _comparables(monde: Monde, process: int, caisse: int) -> list[int]:
    """The caisses of its size on the process, as many as in a group of the service."""
    tailles = np.log(monde.etp[process])
    ordre = np.argsort(np.abs(tailles - tailles[caisse]), kind="stable")
    return [int(c) for c in ordre if c != caisse][: charger_criteres().nombre - 1]


def _touchee(r: Resultat, process: int, caisse: int, rang: int) -> bool:
    mois = slice(max(0, rang - max(FENETRES)), rang + max(HORIZONS) + 1)
    return bool((r.aidees[process, caisse, mois] | r.aidantes[process, caisse, mois]).any())


def resumer(tous: Sequence[Ecart]) -> list[dict[str, object]]:
    """By process and window: measures, mean true effect, bias, root mean square error, share of intervals that hold
    the truth, and share of measures that point the wrong way."""
    lignes: list[dict[str, object]] = []
    for process in PROCESS:
        for fenetre in FENETRES:
            siens = [e for e in tous if (e.process, e.fenetre) == (process, fenetre)]
            if not siens:
                continue
            erreurs = np.array([e.mesure - e.vrai for e in siens])
            contraires = [e.vrai * e.mesure < 0 and not e.bas <= 0 <= e.haut for e in siens]
            lignes.append(
                {
                    "process": process, "fenetre": fenetre, "mesures": len(siens),
                    "vrai": round(float(np.mean([e.vrai for e in siens])), 2),
                    "biais": round(float(erreurs.mean()), 2),
                    "erreur": round(float(np.sqrt((erreurs**2).mean())), 2),
                    "couverture": round(float(np.mean([e.bas <= e.vrai <= e.haut for e in siens])), 3),
                    "a_contresens": round(float(np.mean(contraires)), 3),
                }
            )  # fmt: skip
    return lignes


def table(lignes: Sequence[dict[str, object]]) -> str:
    """The same as a Markdown table, in French."""
    entete = (
        "Process",
        "Mois d'avant",
        "Mesures",
        "Vrai effet moyen",
        "Biais",
        "Erreur",
        "Intervalles justes",
        "À contresens",
    )
    texte = [f"| {' | '.join(entete)} |", "|---|" + "---:|" * (len(entete) - 1)]
    for li in lignes:
        cases = [
            LIBELLES[str(li["process"])],
            *(str(li[nom]) for nom in ("fenetre", "mesures", "vrai", "biais", "erreur")),
        ]
        cases += [f"{100 * float(str(li[nom])):.0f} %" for nom in ("couverture", "a_contresens")]
        chiffres = " | ".join(cases).replace(".", ",").replace("-", "−")
        texte.append(f"| {LIBELLES[str(li['process'])]} | {chiffres} |")
    return "\n".join(texte)


def principal(
    graines: Annotated[int, typer.Option(min=1, help="Nombre de graines.")] = 5,
    mois: Annotated[int, typer.Option(min=8, max=24, help="Mois simulés.")] = 15,
    en_json: Annotated[bool, typer.Option("--json", help="Un document JSON au lieu de la table.")] = False,
) -> None:
    """Comparer l'effet mesuré à l'effet vrai, que le jumeau connaît."""
    tous: list[Ecart] = []
    for graine in range(1, graines + 1):
        monde = monde_de(graine, mois)
        tous += ecarts(monde, jouer(monde, "vigie", mois, "franchissement"), jouer(monde, "sans_aide", mois))
        typer.echo(f"graine {graine} : {len(tous)} mesures", err=True)
    lignes = resumer(tous)
    typer.echo(json.dumps(lignes, ensure_ascii=False) if en_json else table(lignes))


if __name__ == "__main__":
    typer.run(principal)
