"""What was read of the owners of the indicators, as the case files are made from it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.alerts.domain.performance import Mesure, Preuve
from shared.catalogue.seuils import Surveille

Document = Mapping[str, Any]
ParCaisse = Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Serie:
    """One indicator over the months that end with the one judged: per caisse, the answer's row of each month.

    ``preuves``: what the test of a delay or a wait needs, by caisse; of a rate, nothing is.
    """

    surveille: Surveille
    version: str | None
    par_caisse: Mapping[str, Sequence[Document]]
    preuves: Mapping[str, Preuve]

    def mesures(self, caisse: str) -> list[Mesure]:
        """The months in order; the last is the one judged and carries its proof.

        A value built on too few of its events is officially *non mesuré*: it is no measure here either.
        """
        lignes = self.par_caisse[caisse]
        preuves = [None] * (len(lignes) - 1) + [self.preuves.get(caisse)]
        valeurs = [None if li["verdict"] == "non_mesure" else li["valeur"] for li in lignes]
        return [
            Mesure(caisse, valeur, li["n"], preuve) for valeur, li, preuve in zip(valeurs, lignes, preuves, strict=True)
        ]

    def incomplets(self) -> dict[str, str]:
        """Why the month judged is incomplete, by caisse: a part of what was expected did not come.

        Sources too young for anything to be expected of them say nothing against a figure.
        """
        return {
            caisse: _dire_part(part)
            for caisse, lignes in self.par_caisse.items()
            if (part := lignes[-1].get("completude"))
            and not part["complet"]
            and (part["taux"] is not None or part["sources_muettes"])
        }


@dataclass(slots=True)
class Explications:
    """What explains the crossings of one indicator, by caisse; None: could not be read, and ``manques`` says why."""

    fin_de_mois: Mapping[str, float | None] | None = None
    detenteurs: ParCaisse | None = None
    cartes: ParCaisse | None = None
    projections: ParCaisse | None = None
    stocks: Mapping[str, Sequence[float | None]] | None = None
    manques: list[str] = field(default_factory=list)


def _dire_part(part: Document) -> str:
    taux = part["taux"]
    recus = "une part inconnue" if taux is None else f"{100 * taux:.0f} %"
    return f"Chiffre bâti sur {recus} des événements attendus ({part['sources_muettes']} sources muettes)."
