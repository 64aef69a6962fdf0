"""The séance of a comité: a state machine over its events. Pure.

``preparee`` → ``en_seance`` → ``close``; a correction after the closing is an *addendum* and reopens nothing. What
happened is the list of events; ``rejouer`` makes the present of it, the same for whoever reads it, whenever.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from services.alerts.comite.lettre import NOMS
from services.alerts.comite.regles import MESURES, Mesure

Etat = Literal["en_preparation", "preparee", "en_seance", "close"]
Issue = Literal["acceptee", "amendee", "ecartee", "ajoutee"]
TypeEvenement = Literal["preparee", "ouverte", "decision", "close", "addendum"]

Cle = tuple[str, Mesure]
"""(caisse, measure): what is decided on."""


class ActeRefuse(Exception):
    """Something the comité may not do now; ``str()`` is a French sentence. ``champ``: of the body, when one is at
    fault; None: the state forbids it. ``reserve``: another person may."""

    def __init__(self, message: str, champ: str | None = None, *, reserve: bool = False) -> None:
        super().__init__(message)
        self.champ = champ
        self.reserve = reserve


@dataclass(frozen=True, slots=True)
class Membre:
    """Who sits. ``identifiant`` is stable, that of a principal when there is one."""

    identifiant: str
    nom: str
    qualite: str | None = None


@dataclass(frozen=True, slots=True)
class Dissentiment:
    """A member (``identifiant``) who disagrees with a decision, and why."""

    membre: str
    motif: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the comité decides of one measure for one caisse.

    ``retenue``: the measure taken, None when set aside. ``consigne``: what the letter adds. An addition or a change
    names its ``indicateurs``; ``motif`` is required unless the measure is accepted as proposed.
    """

    caisse: str
    mesure: Mesure
    issue: Issue
    retenue: Mesure | None
    indicateurs: tuple[str, ...]
    motif: str | None = None
    consigne: str | None = None
    dissentiments: tuple[Dissentiment, ...] = ()

    @property
    def cle(self) -> Cle:
        return self.caisse, self.mesure


@dataclass(frozen=True, slots=True)
class Evenement:
    """One thing that happened, in plain JSON values. ``par``: the principal."""

    type: TypeEvenement
    instant: datetime
    par: str
    donnees: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seance:
    """The present of a comité. ``proposees``: indicators of each measure proposed; ``caisses``: those with a case file
    and the indicators crossed. ``decisions``: the last one on each measure."""

    etat: Etat = "en_preparation"
    proposees: Mapping[Cle, tuple[str, ...]] = field(default_factory=dict)
    caisses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    president: Membre | None = None
    membres: tuple[Membre, ...] = ()
    quorum: int = 0
    decisions: Mapping[Cle, Decision] = field(default_factory=dict)
    addenda: int = 0

    @property
    def a_decider(self) -> tuple[Cle, ...]:
        """The measures proposed that nothing was decided on yet."""
        return tuple(cle for cle in self.proposees if cle not in self.decisions)


def preparer(seance: Seance, proposees: Mapping[Cle, Sequence[str]], caisses: Mapping[str, Sequence[str]]) -> Any:
    """What the event of the preparation carries. Raises ActeRefuse when it was prepared already."""
    _exiger(seance, "en_preparation")
    return {
        "proposees": [{"caisse": c, "mesure": m, "indicateurs": list(i)} for (c, m), i in proposees.items()],
        "caisses": {caisse: list(codes) for caisse, codes in caisses.items()},
    }


def ouvrir(seance: Seance, president: str, membres: Sequence[Membre], quorum: int) -> Any:
    """Open the séance: ``president`` is the identifier of one of ``membres``. Raises ActeRefuse."""
    _exiger(seance, "preparee")
    identifiants = [m.identifiant for m in membres]
    if len(set(identifiants)) != len(identifiants):
        raise ActeRefuse("Un membre est nommé deux fois.", "membres")
    if president not in identifiants:
        raise ActeRefuse(f"Le président « {president} » n'est pas parmi les membres.", "president")
    if len(membres) < quorum:
        raise ActeRefuse(f"Le quorum est de {quorum} membres, président compris ; {len(membres)} sont là.", "membres")
    return {
        "president": president,
        "quorum": quorum,
        "membres": [{"identifiant": m.identifiant, "nom": m.nom, "qualite": m.qualite} for m in membres],
    }


def decider(seance: Seance, decision: Decision) -> Any:
    """Decide on a measure, or decide again while the séance lasts. Raises ActeRefuse."""
    _exiger(seance, "en_seance")
    verifier(seance, decision)
    return decrire(decision)


def cloturer(seance: Seance, par: str, *, administrateur: bool = False) -> Any:
    """Close: only the president may, once everything proposed is decided. Raises ActeRefuse."""
    _exiger(seance, "en_seance")
    assert seance.president is not None
    if par != seance.president.identifiant and not administrateur:
        raise ActeRefuse(f"Seul le président de séance, {seance.president.nom}, peut clore.", reserve=True)
    if seance.a_decider:
        reste = ", ".join(f"{caisse} ({NOMS[mesure].lower()})" for caisse, mesure in seance.a_decider[:5])
        suite = f" et {len(seance.a_decider) - 5} autres" if len(seance.a_decider) > 5 else ""
        raise ActeRefuse(f"{len(seance.a_decider)} mesures proposées attendent une décision : {reste}{suite}.")
    return {}


def ajouter(seance: Seance, texte: str, decisions: Sequence[Decision]) -> Any:
    """Correct a closed comité: a text, and decisions that replace those taken. Raises ActeRefuse."""
    _exiger(seance, "close")
    if not texte.strip():
        raise ActeRefuse("Un addendum dit ce qu'il corrige.", "texte")
    if len({d.cle for d in decisions}) != len(decisions):
        raise ActeRefuse("Une mesure est décidée deux fois dans le même addendum.", "decisions")
    for decision in decisions:
        verifier(seance, decision)
    return {"numero": seance.addenda + 1, "texte": texte, "decisions": [decrire(d) for d in decisions]}


def verifier(seance: Seance, decision: Decision) -> None:
    """Raises ActeRefuse when a decision does not stand by itself."""
    crossed = seance.caisses.get(decision.caisse)
    if crossed is None:
        raise ActeRefuse(f"{decision.caisse} n'a pas de dossier à ce comité.", "caisse")
    proposee = decision.cle in seance.proposees
    if decision.issue == "ajoutee" and proposee:
        raise ActeRefuse("Cette mesure est proposée : acceptez-la, amendez-la ou écartez-la.", "issue")
    if decision.issue != "ajoutee" and not proposee and decision.cle not in seance.decisions:
        raise ActeRefuse("Cette mesure n'est pas proposée pour cette caisse : ajoutez-la (« ajoutee »).", "mesure")
    if decision.issue != "acceptee" and not (decision.motif or "").strip():
        raise ActeRefuse("Dites pourquoi : une mesure amendée, écartée ou ajoutée a un motif.", "motif")
    if (decision.retenue is None) != (decision.issue == "ecartee"):
        raise ActeRefuse("Une mesure écartée n'en retient aucune ; les autres en retiennent une.", "retenue")
    if decision.issue in ("acceptee", "ajoutee") and decision.retenue != decision.mesure:
        raise ActeRefuse("Retenir une autre mesure est un amendement.", "retenue")
    if decision.retenue is not None and not decision.indicateurs:
        raise ActeRefuse("Nommez l'indicateur que la mesure concerne.", "indicateurs")
    if etrangers := sorted(set(decision.indicateurs) - set(crossed)):
        raise ActeRefuse(f"{', '.join(etrangers)} : pas de franchissement au dossier de cette caisse.", "indicateurs")
    connus = {m.identifiant for m in seance.membres}
    if absents := sorted({d.membre for d in decision.dissentiments} - connus):
        raise ActeRefuse(f"{', '.join(absents)} ne siège pas à cette séance.", "dissentiments")


def rejouer(evenements: Iterable[Evenement], seance: Seance | None = None) -> Seance:
    """The present that these events make, in their order, from ``seance`` (None: before the first)."""
    presente = seance or Seance()
    for evenement in evenements:
        presente = _APRES[evenement.type](presente, evenement.donnees)
    return presente


def _apres_preparation(seance: Seance, d: Mapping[str, Any]) -> Seance:
    proposees = {(p["caisse"], p["mesure"]): tuple(p["indicateurs"]) for p in d["proposees"]}
    return replace(
        seance, etat="preparee", proposees=proposees, caisses={c: tuple(codes) for c, codes in d["caisses"].items()}
    )


def _apres_ouverture(seance: Seance, d: Mapping[str, Any]) -> Seance:
    membres = tuple(Membre(**m) for m in d["membres"])
    president = next(m for m in membres if m.identifiant == d["president"])
    return replace(seance, etat="en_seance", president=president, membres=membres, quorum=d["quorum"])


def _apres_decision(seance: Seance, d: Mapping[str, Any]) -> Seance:
    decision = lire_decision(d)
    return replace(seance, decisions={**seance.decisions, decision.cle: decision})


def _apres_cloture(seance: Seance, _: Mapping[str, Any]) -> Seance:
    return replace(seance, etat="close")


def _apres_addendum(seance: Seance, d: Mapping[str, Any]) -> Seance:
    corrigees = {decision.cle: decision for decision in map(lire_decision, d["decisions"])}
    return replace(seance, addenda=d["numero"], decisions={**seance.decisions, **corrigees})


def decrire(decision: Decision) -> dict[str, Any]:
    """A decision in plain JSON values."""
    return {
        "caisse": decision.caisse,
        "mesure": decision.mesure,
        "issue": decision.issue,
        "retenue": decision.retenue,
        "indicateurs": list(decision.indicateurs),
        "motif": decision.motif,
        "consigne": decision.consigne,
        "dissentiments": [{"membre": d.membre, "motif": d.motif} for d in decision.dissentiments],
    }


def lire_decision(d: Mapping[str, Any]) -> Decision:
    """The opposite of ``decrire``."""
    return Decision(
        d["caisse"], d["mesure"], d["issue"], d["retenue"], tuple(d["indicateurs"]), d["motif"], d["consigne"],
        tuple(Dissentiment(x["membre"], x["motif"]) for x in d["dissentiments"]),
    )  # fmt: skip


def trier(cles: Iterable[Cle]) -> list[Cle]:
    """Decisions by caisse, then in the order the measures are shown."""
    return sorted(cles, key=lambda cle: (cle[0], MESURES.index(cle[1])))


def _exiger(seance: Seance, etat: Etat) -> None:
    if seance.etat == etat:
        return
    if seance.etat == "close":
        raise ActeRefuse("Le comité est clos et ne se rouvre pas : une correction est un addendum.")
    raise ActeRefuse(_PAS_ENCORE[etat])


_PAS_ENCORE: Mapping[Etat, str] = {
    "en_preparation": "Le comité est déjà préparé.",
    "preparee": "Le comité n'est pas prêt à ouvrir : sa préparation n'est pas finie, ou sa séance est ouverte.",
    "en_seance": "La séance n'est pas ouverte.",
    "close": "Le comité n'est pas clos : corrigez la décision elle-même.",
}

_APRES = {
    "preparee": _apres_preparation,
    "ouverte": _apres_ouverture,
    "decision": _apres_decision,
    "close": _apres_cloture,
    "addendum": _apres_addendum,
}
