"""Aid that keeps coming back, told once on the log: the comité answers it with something else than PHARE."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from services.entraide.domain import NOM, TOPIC_ENTRAIDE
from services.entraide.domain.activites import parametres
from services.entraide.domain.fragilite import Fragilite, fragilites
from services.entraide.propositions.lignes import Lue
from services.entraide.suivi import store
from services.entraide.suivi.missions import passees
from shared.database.transactions import pilote, transaction
from shared.log.envoi import publier
from shared.network.jours import date_de

TYPE_FRAGILITE = "vigie.entraide.fragilite.v1"

JOURS_PAR_MOIS = 365 / 12


async def signaler(moteur: AsyncEngine, toutes: Sequence[Lue], instant: datetime) -> int:
    """Tell every weakness that was not told; how many. Each once, whoever tells it."""
    regles = parametres()["fragilite"]
    trouvees = fragilites(passees(toutes), regles["missions"], round(regles["mois"] * JOURS_PAR_MOIS))
    nombre = 0
    for trouvee in trouvees:
        async with transaction(moteur) as conn:
            ligne = {
                "caisse": trouvee.caisse, "process": trouvee.process, "depuis": date_de(trouvee.depuis),
                "missions": list(trouvee.missions), "publiee_le": instant,
            }  # fmt: skip
            if await store.noter_fragilite(conn, ligne):
                evenement = msgspec.json.encode(annonce(trouvee, instant))
                cle = f"fragilite|{trouvee.caisse}|{trouvee.process}".encode()
                await publier(await pilote(conn), NOM, TOPIC_ENTRAIDE, cle, evenement)
                nombre += 1
    return nombre


def annonce(f: Fragilite, instant: datetime) -> Mapping[str, Any]:
    """The CloudEvent; its ``id`` is the same each time it is made."""
    regles = parametres()["fragilite"]
    return {
        "specversion": "1.0",
        "id": f"fragilite-{f.caisse}-{f.process}-{date_de(f.depuis)}",
        "source": f"urn:vigie:service:{NOM}",
        "type": TYPE_FRAGILITE,
        "subject": f"{f.caisse}/{f.process}",
        "time": instant,
        "data": {
            "caisse": f.caisse,
            "process": f.process,
            "depuis": str(date_de(f.depuis)),
            "debuts": [str(date_de(d)) for d in f.debuts],
            "missions": list(f.missions),
            "seuil": regles["missions"],
            "mois": regles["mois"],
            "phrase": phrase(f, regles["mois"]),
        },
    }


def phrase(f: Fragilite, mois: int) -> str:
    jours = ", ".join(f"{date_de(d):%d/%m/%Y}" for d in f.debuts)
    return (
        f"Fragilité structurelle : {f.caisse} a été aidée {len(f.debuts)} fois en {mois} mois sur « {f.process} » "
        f"({jours}). L'entraide, ponctuelle, n'y répond pas."
    )
