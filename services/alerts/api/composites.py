"""``GET /v1/composites/cpg``: what each caisse scores on the five CPG indicators, on a scale that is said.

Values, and the bounds they are held to, are asked of the services that own them. What is missing is said, and counts
for nobody and against nobody.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Query, Response

from services.alerts.api.commun import Service, caisse_demandee, json
from services.alerts.assemblage import ServiceAlertes
from services.alerts.comite.lecture import Lecteur
from services.alerts.domain.mesures import lignes_de
from services.alerts.domain.portee import RESEAU
from services.alerts.store import mesures as depot
from services.alerts.store.registres import FUSEAU
from shared.catalogue.composites import Bareme, charger_bareme
from shared.catalogue.indicateurs import Indicateur, indicateur
from shared.dossiers.api.parametres import parametre_invalide
from shared.indicators.composite import Bornes, Cumul, Note, cumuler, noter, reduction
from shared.network.heure_locale import fuseau
from shared.network.jours import date_de
from shared.network.reseau import charger
from shared.service.acces import LECTEURS, Acces, de_la_requete, ouvert_a
from shared.service.amonts import LectureImpossible

routes = APIRouter(tags=["composites"])

_RIEN = "rien n'est mesuré sur la période"
_INCOMPLET = "trop peu d'événements sont venus pour un verdict"
_SANS_CIBLE = "aucun objectif n'est connu cette année-là"

Declarees = dict[str, dict[str, dict[str, Any]]]
"""By caisse then indicator: a declared measure."""


@dataclass(slots=True)
class _Annee:
    """What one year gave. ``valeurs``, ``bornes``, ``manques`` (French, why not): by caisse, then by indicator;
    ``mesures``: what was declared, and ``declarees`` what of it is the value; ``cibles``: by indicator, as the
    services say them; ``muets``: indicators whose service did not answer."""

    valeurs: dict[str, dict[str, Fraction]] = field(default_factory=dict)
    bornes: dict[str, dict[str, Bornes]] = field(default_factory=dict)
    manques: dict[str, dict[str, str]] = field(default_factory=dict)
    cibles: dict[str, Any] = field(default_factory=dict)
    muets: dict[str, str] = field(default_factory=dict)
    mesures: Declarees = field(default_factory=dict)
    declarees: Declarees = field(default_factory=dict)

    def notes(self, bareme: Bareme) -> dict[str, Note]:
        """By caisse of the network."""
        return {
            c.slug: noter(self.valeurs.get(c.slug, {}), self.bornes.get(c.slug, {}), bareme) for c in charger().caisses
        }


@routes.get("/v1/composites/cpg", summary="Le composite des indicateurs CPG")
async def lire(
    service: Service,
    caisse: Annotated[str | None, Query(description="Slug ou nom d'une caisse ; sans elle, toutes")] = None,
    annee: Annotated[int | None, Query(ge=2004, le=2045, description="Sans elle, l'année en cours")] = None,
) -> Response:
    """Points de chaque caisse, barème à l'appui, et caisses sous le socle ou sous l'objectif, d'une année à l'autre.

    Les cinq indicateurs se cumulent : une caisse qui en manque deux compte deux fois. Le barème est une hypothèse,
    dans « composite_cpg.yaml » du catalogue. Là où rien n'a pu être calculé, la mesure déclarée d'une période qui
    commence le même jour est prise, et « declarees » dit laquelle. Un indicateur sans valeur ou sans objectif n'entre
    ni dans les points ni dans leur total ; « non_mesures » dit pourquoi. Une année en cours se compare aux mêmes jours
    de la précédente.
    """
    aujourdhui = date_de(fuseau(FUSEAU).jour(int(service.clock.now().timestamp())))
    voulue = aujourdhui.year if annee is None else annee
    if voulue > aujourdhui.year:
        raise parametre_invalide("annee", f"{voulue} n'a pas commencé.")
    slug = None if caisse is None else caisse_demandee(caisse)
    bareme = charger_bareme()
    au = min(date(voulue, 12, 31), aujourdhui)
    async with httpx.AsyncClient() as client:
        lecteur = Lecteur(client, service.reglages.amonts)
        ici, avant = await asyncio.gather(*(_annee(service, lecteur, bareme, jour) for jour in (au, _un_an_avant(au))))
    notes, notes_avant = ici.notes(bareme), avant.notes(bareme)
    cumul, cumul_avant = cumuler(notes), cumuler(notes_avant)
    comparable = not (ici.muets or avant.muets) and any(n.possibles for n in notes_avant.values())
    return json(
        {
            "composite": bareme.code,
            "libelle": bareme.libelle,
            "annee": voulue,
            "du": date(voulue, 1, 1),
            "au": au,
            "annee_finie": au == date(voulue, 12, 31),
            "bareme": _bareme(bareme, ici),
            "reseau": {
                **_cumul(cumul),
                "avant": _cumul(cumul_avant) if comparable else None,
                "reduction": _reduction(cumul_avant, cumul, bareme) if comparable else None,
            },
            "caisses": [_ligne(nom, n, ici) for nom, n in notes.items() if slug in (None, nom)],
        }
    )


def _un_an_avant(au: date) -> date:
    dernier = au.month == 2 and au.day == 29
    return date(au.year - 1, au.month, 28 if dernier else au.day)


async def _annee(service: ServiceAlertes, lecteur: Lecteur, bareme: Bareme, au: date) -> _Annee:
    """The values of the year until ``au``."""
    annee = _Annee(mesures=await _mesures(service, bareme, au))
    await asyncio.gather(*(_lire(lecteur, indicateur(code), au, annee) for code in bareme.points))
    return annee


async def _mesures(service: ServiceAlertes, bareme: Bareme, au: date) -> Declarees:
    """What was declared of the year until ``au``: the measure of the longest period, of two such the last."""
    codes = {ligne: code for code in bareme.points for ligne in lignes_de(indicateur(code))}
    async with service.moteur.connect() as conn:
        lues = await depot.en_vigueur(conn, list(codes), date(au.year, 1, 1), au)
    par_caisse: Declarees = {}
    for lue in lues:
        par_caisse.setdefault(lue.organisme, {}).setdefault(
            codes[lue.convention, lue.code],
            {
                "mesure": lue.id, "convention": lue.convention, "code": lue.code, "valeur": lue.valeur,
                "du": lue.du, "au": lue.au, "source": lue.source, "date": lue.date_source,
            },
        )  # fmt: skip
    return par_caisse


async def _lire(lecteur: Lecteur, defini: Indicateur, au: date, annee: _Annee) -> None:
    chemin = f"/v1/indicateurs/{defini.code}/valeurs"
    try:
        document = await lecteur.demander(defini.service, chemin, {"du": f"{au.year}-01-01", "au": str(au)})
        for ligne in document["valeurs"]:
            _noter(ligne, defini, annee)
    except LectureImpossible as exc:
        annee.muets[defini.code] = str(exc)
    except (KeyError, TypeError) as exc:
        annee.muets[defini.code] = f"Réponse inattendue du service {defini.service} ({exc!r})."


def _noter(ligne: Mapping[str, Any], defini: Indicateur, annee: _Annee) -> None:
    qui, code = ligne["caisse"], defini.code
    cible = ligne["cible"]
    if qui == RESEAU:
        annee.cibles[code] = cible
        return
    if not cible or cible["objectif"] is None:
        annee.manques.setdefault(qui, {})[code] = _RIEN if ligne["valeur"] is None else _SANS_CIBLE
        return
    declaree = annee.mesures.get(qui, {}).get(code)
    if ligne["valeur"] is not None and ligne["verdict"] != "non_mesure":
        valeur = _exacte(ligne, defini)
    elif declaree is not None:
        valeur = Fraction(declaree["valeur"])
        annee.declarees.setdefault(qui, {})[code] = declaree
    else:
        annee.manques.setdefault(qui, {})[code] = _RIEN if ligne["valeur"] is None else _INCOMPLET
        return
    socle = cible["socle"]
    annee.valeurs.setdefault(qui, {})[code] = valeur
    annee.bornes.setdefault(qui, {})[code] = Bornes(
        Fraction(str(cible["objectif"])), None if socle is None else Fraction(str(socle)), defini.sens
    )


def _exacte(ligne: Mapping[str, Any], defini: Indicateur) -> Fraction:
    numerateur, denominateur = ligne["numerateur"], ligne["denominateur"]
    if numerateur is None or not denominateur:
        return Fraction(str(ligne["valeur"]))
    return Fraction(100 * numerateur if defini.unite == "%" else numerateur, denominateur)


def _bareme(bareme: Bareme, annee: _Annee) -> dict[str, Any]:
    return {
        "hypothese": bareme.hypothese,
        "part_au_socle": float(bareme.au_socle),
        "part_a_l_objectif": float(bareme.a_l_objectif),
        "reduction_visee_pct": float(bareme.reduction_visee),
        "total": float(sum(bareme.points.values())),
        "composantes": [
            {
                "indicateur": code,
                "libelle": indicateur(code).libelle,
                "unite": indicateur(code).unite,
                "points": float(points),
                "cible": annee.cibles.get(code),
                "manque": annee.muets.get(code),
            }
            for code, points in bareme.points.items()
        ],
    }


def _ligne(caisse: str, note: Note, annee: _Annee) -> dict[str, Any]:
    manques = annee.manques.get(caisse, {}) | annee.muets
    return {
        "caisse": caisse,
        "points": float(note.points),
        "possibles": float(note.possibles),
        "note": None if note.note is None else float(note.note),
        "sous_socle": note.sous_socle,
        "sous_objectif": note.sous_objectif,
        "non_mesures": {code: manques.get(code, _RIEN) for code in note.non_mesures},
        "valeurs": {code: float(valeur) for code, valeur in annee.valeurs.get(caisse, {}).items()},
        "declarees": {
            code: {**mesure, "valeur": float(mesure["valeur"])}
            for code, mesure in annee.declarees.get(caisse, {}).items()
        },
    }


def _cumul(cumul: Cumul) -> dict[str, int]:
    return dict(cumul._asdict())


def _reduction(avant: Cumul, apres: Cumul, bareme: Bareme) -> dict[str, Any]:
    trouvee = reduction(avant, apres, bareme)
    socle, objectif = (None if part is None else float(part) for part in (trouvee.socle, trouvee.objectif))
    return {"socle": socle, "objectif": objectif, "tenue": trouvee.tenue}


ACCES: Acces = {"GET /v1/composites/cpg": ouvert_a(*LECTEURS, caisse=de_la_requete())}
