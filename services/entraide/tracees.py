"""The calls that the register of the service keeps: all that changes something."""

from shared.service.audit.tracees import Tracees

TRACEES = Tracees(muettes={"POST /v1/allocations/simulation": "ne change rien et ne montre aucun dossier"})
