"""The vigie command with small batches and short sessions: faults fall in mid-batch and are noticed soon.

Everything else is the product's own: ``python -m tests.support.vigie_pressee serve claims --role consumer``.
"""

from shared.dossiers import application
from shared.log.consommateur import ReglagesConsommateur
from shared.log.types import ReglagesGroupe
from vigie.cli import main

LOT = 150
"""Records in a transaction at most."""


def _presses(lot_max: int, attente: float) -> ReglagesConsommateur:
    del lot_max, attente
    return ReglagesConsommateur(LOT, 0.2, ReglagesGroupe(session=2.0, rebalance=10.0, drain=3.0))


if __name__ == "__main__":
    application.ReglagesConsommateur = _presses  # type: ignore[assignment, misc]
    main()
