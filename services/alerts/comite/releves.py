"""What was read of the owners of the indicators, as the case files are made from it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.alerts.domain.lacunes import lacune
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
    propres: Mapping[str, Surveille] = field(default_factory=dict)
    """The watched row of the caisses whose target is adapted, where its seuil differs."""

    def juge(self, caisse: str) -> Surveille:
        """The watched row a caisse is judged by."""
        return self.propres.get(caisse, self.surveille)

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
        """Why the month cannot be judged, by caisse: too little came for a verdict, or a source is silent still."""
        return {c: dite for c, dite in self._lacunes().items() if not self._jugeable(c)}

    def reserves(self) -> dict[str, str]:
        """What the month judged lacks, by caisse, where the floor of completeness is held and all sources speak again:
        the figure decides, and the gap is said beside it."""
        return {c: dite for c, dite in self._lacunes().items() if self._jugeable(c)}

    def _lacunes(self) -> dict[str, str]:
        dites = {caisse: lacune(lignes[-1].get("completude")) for caisse, lignes in self.par_caisse.items()}
        return {caisse: dite for caisse, dite in dites.items() if dite is not None}

    def _jugeable(self, caisse: str) -> bool:
        """The verdict is *non mesuré* under the floor (``couverture.Part.insuffisante``)."""
        derniere = self.par_caisse[caisse][-1]
        return derniere["verdict"] != "non_mesure" and not derniere["completude"]["sources_muettes"]


@dataclass(slots=True)
class Explications:
    """What explains the crossings of one indicator, by caisse; None: could not be read, and ``manques`` says why."""

    fin_de_mois: Mapping[str, float | None] | None = None
    detenteurs: ParCaisse | None = None
    cartes: ParCaisse | None = None
    projections: ParCaisse | None = None
    stocks: Mapping[str, Sequence[float | None]] | None = None
    manques: list[str] = field(default_factory=list)
