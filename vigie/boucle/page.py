"""What a closed loop gave, as a French page: the same text on the terminal and in ``docs/boucle-entraide.md``."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from shared.network.reseau import charger

Document = Mapping[str, Any]


def page(d: Document) -> str:
    """The whole page; the words around the figures are in ``page.md``."""
    tete = _nombre(d["evenements"])
    if not d["missions"]:
        quoi = "Aucun besoin n'a été décidé" if d["besoin"] is None else "Aucune mission n'a pu être proposée"
        return f"{tete} événements, {d['refuses']} refusés. {quoi} pour {_nom(d['caisse'])}.\n"
    besoin, semaines = d["besoin"], d["semaines"]
    texte = Path(__file__).with_name("page.md").read_text(encoding="utf-8")
    return texte.format(
        caisse=_nom(d["caisse"]), graine=d["graine"], fraction=d["fraction"], evenements=tete, refuses=d["refuses"],
        du=_jour(d["crise"]["du"]), au=_jour(d["crise"]["au"]), intensite=_nombre(100 * d["crise"]["intensite"]),
        etapes=_etapes(d), mois=_mois(d), missions=_missions(d), effet=_effet(d), aidantes=_aidantes(d),
        objectif=_nombre(besoin["objectif"]), socle=_nombre(besoin["socle"]),
        sous_socle_avec=semaines["avec"]["sous_socle"], sous_socle_sans=semaines["sans"]["sous_socle"],
        sous_objectif_avec=semaines["avec"]["sous_objectif"], sous_objectif_sans=semaines["sans"]["sous_objectif"],
        retablie_avec=_retablie(semaines["avec"]["retablie"]), retablie_sans=_retablie(semaines["sans"]["retablie"]),
        plus_bas=_nombre(min(m["avec"] for m in d["mois"] if m["mois"] > besoin["mois"]), 1),
        liberees=_liberees(d), torts_avec=_torts(d, "avec"), torts_sans=_torts(d, "sans"),
        encadres=sum(_encadre(e, d) for e in d["effet"]), mesures=len(d["effet"]),
        ecart=_nombre(max(abs(m["service"] - m["avec"]) for m in d["mois"] if m["service"] is not None), 1),
    )  # fmt: skip


def _etapes(d: Document) -> str:
    b, missions = d["besoin"], d["missions"]
    convenu, attendu, livre = (sum(m[nom] for m in missions) for nom in ("convenu", "attendu", "livre"))
    propose = sum(p["volume"] for p in d["proposees"])
    provisoire = "le plan provisoire au dossier" if b["plan_provisoire_connu"] else "aucun plan provisoire au dossier"
    lignes = (
        ("Trouvé", f"{_jour(b['trouve_le'])}, comité de {b['mois']}, {provisoire}"),
        ("Dimensionné", f"{_nombre(b['volume'])} {b['unite']}s, {_nombre(b['etp_semaines'], 1)} ETP-semaines"),
        (
            "Proposé",
            f"{len(d['proposees'])} missions, {_nombre(propose)} {b['unite']}s",
        ),
        ("Accepté et ordonné", ", ".join(_jour(jour) for jour in d["acceptees_le"])),
        ("Travaillé", f"du {_jour(min(m['debut'] for m in missions))} au {_jour(max(m['fin'] for m in missions))}"),
        (
            "Livré",
            f"{_nombre(livre)} sur {_nombre(convenu)} convenues, {_nombre(attendu)} attendues avant la libération "
            f"({_nombre(100 * livre / attendu)} %)",
        ),
    )
    return _table(("Étape", "Ce qui s'est passé"), lignes, "--")


def _mois(d: Document) -> str:
    lignes = [(m["mois"], *(_nombre(m[nom], 1) for nom in ("service", "avec", "sans"))) for m in d["mois"]]
    return _table(("Mois", "Mesuré par le service", "Jumeau, avec l'aide", "Jumeau, sans l'aide"), lignes, "-:::")


def _missions(d: Document) -> str:
    lignes = [
        (
            _nom(m["aidante"]), f"{_jour(m['debut'])} – {_jour(m['fin'])}", _liberee(m, d),
            _nombre(m["etp_semaines"], 1), _nombre(m["convenu"]), _nombre(m["attendu"]), _nombre(m["livre"]),
        )
        for m in d["missions"]
    ]  # fmt: skip
    entete = ("Aidante", "Mission", "Libérée le", "ETP-semaines", "Convenu", "Attendu", "Livré")
    return _table(entete, lignes, "---::::")


def _liberee(m: Mapping[str, Any], d: Document) -> str:
    return _jour(m["close_le"]) if m["close_le"] in d["liberees_le"] else ""


def _effet(d: Document) -> str:
    vrais = {m["mois"]: m["avec"] - m["sans"] for m in d["mois"]}
    lignes = [
        (
            e["mois"], _intervalle(e["comparables"]), _CONCLUSIONS[e["conclusion"]], _intervalle(e["projection"]),
            _signe(vrais[e["mois"]]),
        )
        for e in d["effet"]
    ]  # fmt: skip
    entete = (
        "Mois", "Contre les situations semblables (95 %)", "Conclusion du service", "Contre sa projection (80 %)",
        "Vrai effet, dans le jumeau",
    )  # fmt: skip
    return _table(entete, lignes, "-:-::")


def _aidantes(d: Document) -> str:
    mois = [m["mois"] for m in d["aidantes"][0]["mois"]]
    lignes = []
    for a in d["aidantes"]:
        deux = {m["mois"]: f"{_nombre(m['avec'], 1)} / {_nombre(m['sans'], 1)}" for m in a["mois"]}
        tenus = [f"{quand[5:]} : {_OUI_NON[tenu]}" for quand, tenu in a["objectif_tenu"].items()]
        lignes.append((_nom(a["caisse"]), *(deux.get(m, "") for m in mois), ", ".join(tenus)))
    return _table(("Aidante, avec / sans", *mois, "Objectif tenu"), lignes, "-" + ":" * len(mois) + "-")


def _liberees(d: Document) -> str:
    nombre = sum(s["utile"] is False for vues in d["suites"].values() for s in vues)
    if not nombre:
        return "utile jusqu'au terme pour toutes les missions"
    quand = ", ".join(_jour(lundi) for lundi in d["liberees_le"])
    return f"plus utile pour {nombre} missions sur {len(d['missions'])} ({quand}), que l'aidée a libérées"


def _torts(d: Document, cas: str) -> int:
    """Months of aidantes beyond the objectif."""
    return sum(m[cas] > d["besoin"]["objectif"] for a in d["aidantes"] for m in a["mois"])


def _encadre(effet: Mapping[str, Any], d: Document) -> bool:
    """Whether the true effect is between what the two measures say."""
    dits = [effet[nom]["valeur"] for nom in ("comparables", "projection") if effet[nom] is not None]
    vrai = next(m["avec"] - m["sans"] for m in d["mois"] if m["mois"] == effet["mois"])
    return bool(dits) and min(dits) <= vrai <= max(dits)


_OUI_NON = {True: "oui", False: "non", None: "non mesuré"}

_CONCLUSIONS = {
    "amelioree": "améliorée", "degradee": "dégradée", "non_distinguee": "pas d'effet distingué",
    "pas_assez_de_donnees": "pas assez de données",
}  # fmt: skip


def _table(entete: tuple[str, ...], lignes: Any, sens: str) -> str:
    """``sens``: one mark a column, ``-`` for text and ``:`` for a number."""
    marques = ["---:" if s == ":" else "---" for s in sens]
    return "\n".join(f"| {' | '.join(cases)} |" for cases in (entete, marques, *lignes))


def _nom(slug: str) -> str:
    return charger().par_slug[slug].nom


def _jour(texte: str) -> str:
    return f"{date.fromisoformat(texte):%d/%m/%Y}"


def _retablie(lundi: str | None) -> str:
    return "jamais dans la période" if lundi is None else f"semaine du {_jour(lundi)}"


def _intervalle(mesure: Mapping[str, float] | None) -> str:
    if mesure is None:
        return "non mesuré"
    return f"{_signe(mesure['valeur'])} [{_signe(mesure['bas'])} ; {_signe(mesure['haut'])}]"


def _signe(valeur: float) -> str:
    return f"{valeur:+.1f}".replace(".", ",").replace("-", "−")


def _nombre(valeur: float | None, decimales: int = 0) -> str:
    return "–" if valeur is None else f"{valeur:,.{decimales}f}".replace(",", " ").replace(".", ",")
