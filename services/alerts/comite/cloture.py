"""Closing a comité, and correcting one that is closed: decisions, letters, needs and minutes in one transaction.

Nothing was sent before. Letters are pinned here (data, template, its digest) and printed afterwards from their rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite import besoins, store
from services.alerts.comite.aide import aides
from services.alerts.comite.calendrier import FUSEAU, Mois, apres_jours_ouvres, lire_mois
from services.alerts.comite.instantane import Instantane
from services.alerts.comite.lettre import NOMS, Lettre
from services.alerts.comite.regles import MESURES, Mesure, Regles
from services.alerts.comite.seance import Decision, Seance, ajouter, cloturer, lire_decision, trier
from services.alerts.comite.tenue import Acte, acter, annoncer
from services.alerts.contestations.marques import Marque, contestee
from services.alerts.contestations.store import contestations_en_cours
from services.alerts.lettres.typographie import en_cours_de_phrase
from shared.catalogue.indicateurs import indicateur
from shared.network.reseau import charger

COMITE = "comite"
"""Addressee of the minutes."""

Dossiers = Mapping[str, Mapping[str, Any]]


async def clore(
    conn: AsyncConnection, mois: Mois, par: str, instant: datetime, regles: Regles, *, administrateur: bool
) -> Acte:
    """Close the séance, in the caller's transaction. Raises ActeRefuse."""
    acte = await acter(
        conn, mois, "close", par, instant, lambda seance: cloturer(seance, par, administrateur=administrateur)
    )
    prises = [acte.seance.decisions[cle] for cle in trier(acte.seance.decisions)]
    return await _executer(conn, acte, 0, prises, regles, None)


async def corriger(
    conn: AsyncConnection,
    mois: Mois,
    par: str,
    instant: datetime,
    regles: Regles,
    texte: str,
    decisions: Sequence[Decision],
) -> Acte:
    """Add an addendum to a closed comité, in the caller's transaction. Raises ActeRefuse."""
    acte = await acter(conn, mois, "addendum", par, instant, lambda seance: ajouter(seance, texte, decisions))
    prises = [lire_decision(d) for d in acte.evenement.donnees["decisions"]]
    return await _executer(conn, acte, acte.seance.addenda, prises, regles, texte)


async def _executer(
    conn: AsyncConnection, acte: Acte, numero: int, prises: Sequence[Decision], regles: Regles, texte: str | None
) -> Acte:
    """What an act does to the world: its decisions, its letters and minutes, the needs it creates."""
    mois, instant = acte.mois, acte.evenement.instant
    dossiers = await store.lire_dossiers(conn, mois)
    garde = await store.lire_instantane(conn, mois)
    assert garde is not None
    instantane, empreinte = garde[0], acte.ligne.empreinte
    marques = await contestations_en_cours(conn, {d.caisse for d in prises})
    plans = await store.plans_provisoires(conn, mois)
    ecrites = lettres(mois, numero, prises, acte.seance, dossiers, empreinte, instant, regles, marques, plans)
    pv = proces_verbal(mois, numero, prises, acte.seance, instantane, dossiers, empreinte, instant, texte)
    await store.trancher(conn, mois, numero, prises, instant)
    await store.poster(conn, mois, numero, [*ecrites, pv], instant)
    racine = f"comite-{mois}-{numero}"
    for lettre in (*ecrites, pv):
        donnees = {"cle": lettre.cle, "modele": lettre.modele, "destinataire": lettre.destinataire, "acte": numero}
        await annoncer(conn, mois, besoins.TYPE_LETTRE, f"lettre-{lettre.cle}", instant, donnees)
    await annoncer(
        conn, mois, besoins.TYPE_DECIDES, f"{racine}-besoins", instant,
        {"acte": numero, "besoins": besoins.decides(mois, instant, prises, dossiers)},
    )  # fmt: skip
    await store.resumer(conn, mois, resumer(acte.seance, dossiers, instantane))
    return acte


def resumer(seance: Seance, dossiers: Dossiers, instantane: Instantane) -> dict[str, Any]:
    """The counts that stand beside the state of a comité: of the decisions in force."""
    retenues = [(d.caisse, d.retenue) for d in seance.decisions.values() if d.retenue is not None]
    courriers = {(caisse, r) for caisse, r in retenues if r in COURRIERS_D_ALERTE}
    return {
        "caisses": len(dossiers),
        "proposees": len(seance.proposees),
        "mesures": {m: sum(r == m for _, r in set(retenues)) for m in MESURES},
        "courriers": len(courriers),
        "caisses_concernees": len({caisse for caisse, _ in courriers}),
        "indicateurs_mesures": sum(li.franchi is not None for li in instantane.lignes),
        "addenda": seance.addenda,
    }


COURRIERS_D_ALERTE: tuple[Mesure, ...] = ("courrier_plan_actions", "courrier_entraide")
"""What the IGAS counts as *courriers d'alerte* (2017, tome I, note 24)."""


def lettres(
    mois: Mois,
    acte: int,
    prises: Iterable[Decision],
    seance: Seance,
    dossiers: Dossiers,
    empreinte: str,
    instant: datetime,
    regles: Regles,
    marques: Sequence[Marque] = (),
    plans: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Lettre]:
    """The letters of an act: one for each caisse and measure kept, whatever the number of decisions it comes from.

    ``marques``: the contestations that wait for an answer. ``plans``: entraide's provisional plan, by caisse.
    """
    groupes: dict[tuple[str, Mesure], list[Decision]] = {}
    for decision in prises:
        if decision.retenue is not None:
            groupes.setdefault((decision.caisse, decision.retenue), []).append(decision)
    echeances, jour = regles.echeances, instant.astimezone(FUSEAU).date()
    ecrites = []
    for (caisse, retenue), memes in sorted(groupes.items()):
        donnees = _courrier(mois, memes, retenue, seance, dossiers[caisse], jour, marques) | {
            "echeance": apres_jours_ouvres(jour, echeances[retenue]).isoformat(),
            "empreinte": empreinte,
        }
        if retenue == "courrier_entraide":
            process = dict.fromkeys(indicateur(i["code"]).process for i in donnees["indicateurs"])
            donnees["aides"] = aides((plans or {}).get(caisse), process)
        ecrites.append(Lettre(f"{mois}/{acte}/{caisse}/{retenue}", retenue, caisse, donnees))
    return ecrites


def _courrier(
    mois: Mois,
    memes: Sequence[Decision],
    retenue: Mesure,
    seance: Seance,
    dossier: Mapping[str, Any],
    jour: date,
    marques: Sequence[Marque],
) -> dict[str, Any]:
    codes = list(dict.fromkeys(code for d in memes for code in d.indicateurs))
    constats = {c["indicateur"]: c for c in dossier["constats"]}
    motifs = [
        m["motif"]
        for p in dossier["propositions"]
        if p["mesure"] in {retenue, *(d.mesure for d in memes)}
        for m in p["motifs"]
        if m["indicateur"] in codes
    ]
    motifs += [d.motif for d in memes if d.motif]
    return {
        "mois": str(mois),
        "mois_en_clair": mois.en_clair,
        "caisse": {"slug": dossier["caisse"]["slug"], "nom": dossier["caisse"]["nom"]},
        "indicateurs": [_constat(constats[code], mois, dossier["caisse"]["slug"], marques) for code in codes],
        "date": jour.isoformat(),
        "motifs": list(dict.fromkeys(motifs)),
        "consigne": "\n".join(dict.fromkeys(d.consigne for d in memes if d.consigne)) or None,
        "president": seance.president.nom if seance.president else "le président du comité d'alerte",
        "precedents": [
            f"{NOMS[c['modele']]} ({lire_mois(c['mois']).en_clair})"
            for c in dossier["courriers_anterieurs"]
            if set(c["indicateurs"]) & set(codes)
        ],
    }


def _constat(constat: Mapping[str, Any], mois: Mois, caisse: str, marques: Sequence[Marque]) -> dict[str, Any]:
    marque = contestee(marques, caisse, constat["indicateur"], mois.du, mois.au)
    repris = ("libelle", "unite", "sens", "vue", "valeur", "n", "intervalle", "seuil", "cible", "verdict", "serie")
    return {
        "code": constat["indicateur"],
        **{champ: constat[champ] for champ in repris},
        "detenteurs": None if constat["detenteurs"] is None else constat["detenteurs"]["detenteurs"],
        "du": mois.du.isoformat(),
        "au": mois.au.isoformat(),
        "contestee": None if marque is None else marque["phrase"],
        "reserve": constat.get("reserve"),
    }


def proces_verbal(
    mois: Mois,
    acte: int,
    prises: Iterable[Decision],
    seance: Seance,
    instantane: Instantane,
    dossiers: Dossiers,
    empreinte: str,
    instant: datetime,
    texte: str | None,
) -> Lettre:
    """The minutes of an act. ``texte``: what an addendum corrects."""
    noms = {m.identifiant: m.nom for m in seance.membres}
    donnees: dict[str, Any] = {
        "mois": str(mois),
        "mois_en_clair": mois.en_clair,
        "date": instant.astimezone(FUSEAU).date().isoformat(),
        "president": seance.president.nom if seance.president else "",
        "empreinte": empreinte,
        "membres": [{"nom": m.nom, "qualite": m.qualite, "present": True} for m in seance.membres],
        "quorum": seance.quorum,
        "pris_le": instantane.pris_le.astimezone(FUSEAU).isoformat(),
        "caisses_examinees": len(dossiers),
        "fausses_attendues": instantane.controle["fausses_attendues"],
        "decisions": [_decision(d, noms) for d in prises],
        "observations": [*([] if texte is None else [f"Addendum {acte} : {texte}"]), *_observations(instantane)],
    }
    return Lettre(f"{mois}/{acte}/{COMITE}/proces_verbal", "proces_verbal", COMITE, donnees)


def _decision(decision: Decision, noms: Mapping[str, str]) -> dict[str, Any]:
    caisse = charger().par_slug[decision.caisse]
    return {
        "caisse": {"slug": caisse.slug, "nom": caisse.nom},
        "mesure": decision.mesure,
        "issue": decision.issue,
        "retenue": decision.retenue,
        "indicateurs": [indicateur(code).libelle for code in decision.indicateurs],
        "motif": decision.motif,
        "dissentiments": [{"membre": noms[d.membre], "motif": d.motif} for d in decision.dissentiments],
    }


def _observations(instantane: Instantane) -> list[str]:
    """What the minutes say beside the decisions: what is watched without a measure, what was missing."""
    franchies = [li for li in instantane.lignes if li.a_examiner]
    sans_mesure = [li for li in franchies if li.gravite != "avere"]
    neutralisees = sum(li.franchi is True and li.neutralisee_par is not None for li in instantane.lignes)
    mesurees = sum(li.franchi is not None for li in instantane.lignes)
    dites = [f"{mesurees} chiffres mesurés sur {len(instantane.lignes)} ; {len(franchies)} au-delà du seuil d'alerte."]
    if sans_mesure:
        cites = ", ".join(f"{charger().par_slug[li.caisse].nom} ({_court(li.indicateur)})" for li in sans_mesure[:20])
        suite = f" et {len(sans_mesure) - 20} autres" if len(sans_mesure) > 20 else ""
        dites.append(f"À surveiller, sans mesure proposée : {cites}{suite}.")
    if neutralisees:
        dites.append(f"{neutralisees} franchissements neutralisés, que personne ne juge.")
    return [*dites, *instantane.manques]


def _court(code: str) -> str:
    return en_cours_de_phrase(indicateur(code).libelle)
