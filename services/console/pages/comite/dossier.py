"""``/comites/{mois}/dossiers/{slug}``: one case file, with its neighbours; ``/documents``: letters and minutes."""

import asyncio
from typing import Any

from fastapi import Request, Response

from services.console.amont import Amont, RefusAmont
from services.console.graphiques.courbe import carte_xmr
from services.console.graphiques.jauge import jauge
from services.console.jeton import RIEN, Saisie, nouvelle_cle
from services.console.mots import ASSURANCES, DETENTEURS
from services.console.page import AmontCourant, LaCaisse, rendre, routeur
from services.console.pages.actes import dit
from services.console.pages.comite.lecture import lire_mois
from services.console.pages.comite.mois import RUBRIQUE, LeMois

routes = routeur()


@routes.get("/comites/{mois}/dossiers/{slug}")
async def un_dossier(request: Request, amont: AmontCourant, mois: LeMois, caisse: LaCaisse, fait: str = "") -> Response:
    """The case file of a caisse: what is seen, what is proposed, what is decided."""
    return await montrer_dossier(request, amont, mois, caisse.slug, fait=dit(fait))


async def montrer_dossier(
    request: Request,
    amont: Amont,
    mois: str,
    slug: str,
    *,
    saisie: Saisie = RIEN,
    refus: RefusAmont | None = None,
    fait: str | None = None,
) -> Response:
    """The case file, with what a decision came to."""
    lu, dossier = await asyncio.gather(
        lire_mois(amont, mois), amont.lire("alerts", f"/v1/comites/{mois}/dossiers/{slug}")
    )
    avant, apres, place = lu.voisins(slug)
    contexte: dict[str, Any] = {
        "c": lu.document,
        "vu": lu.vu,
        "d": dossier,
        "slug": slug,
        "mois": mois,
        "avant": avant,
        "apres": apres,
        "place": place,
        "total": len(lu.dossiers),
        "mesures": lu.mesures_par_caisse.get(slug, []),
        "carte_xmr": carte_xmr,
        "jauge": jauge,
        "assurances": ASSURANCES,
        "detenteurs_noms": DETENTEURS,
        "cle": nouvelle_cle,
        "saisie": saisie,
        "faute": None if refus is None else str(refus),
        "fait": fait,
    }
    return rendre(request, "dossier_comite.html", contexte, status=refus.statut if refus else 200, rubrique=RUBRIQUE)


@routes.get("/documents/{reference:path}")
async def document(amont: AmontCourant, reference: str) -> Response:
    """A letter or minutes, as they were made."""
    fichier = await amont.telecharger("alerts", f"/v1/documents/{reference}")
    nom = reference.replace("/", "-")
    return Response(
        fichier.content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{nom}.pdf"', "Cache-Control": "private, no-store"},
    )
