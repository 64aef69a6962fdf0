"""From proposal to end of mission: who may do what, in which state, and why. One table, at the end of the file.

The words are those of EDXL-RM (acknowledge, accept, commit, release, recall) and EMAC (the order before which nothing
starts): accusé de réception, engagement of both coordinators, ordre de mission, then the first day.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from services.entraide.domain.semaines import JOURS
from shared.network.calendrier import Calendrier
from shared.network.jours import en_clair

Etat = Literal["proposee", "engagee", "ordonnee", "active", "terminee", "interrompue", "declinee", "expiree", "annulee"]
FINAUX: frozenset[Etat] = frozenset({"terminee", "interrompue", "declinee", "expiree", "annulee"})

Cote = Literal["aidante", "aidee"]
Role = Literal["aidante", "aidee", "nationale", "systeme"]
"""Coordinator of one side, national PHARE coordination (sees all, may act for a caisse, visibly), the clock."""

Commande = Literal[
    "accuser_reception", "accepter", "amender", "refuser", "expirer", "annuler", "ordonner", "demarrer",
    "proposer_prolongation", "accepter_prolongation", "refuser_prolongation", "rappeler", "liberer", "terminer",
    "interrompre",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Termes:
    """What is agreed on: hundredths of ETP by week from the Monday ``debut``, volume in the unit of the process."""

    debut: int
    etp: tuple[int, ...]
    volume: float

    @property
    def fin(self) -> int:
        """Last day: the Sunday of the last week."""
        return self.debut + JOURS * len(self.etp) - 1


@dataclass(frozen=True, slots=True)
class Acteur:
    """Who acts. The national coordination names the side it acts for in ``pour``, if any."""

    nom: str
    role: Role
    pour: Cote | None = None

    @property
    def cote(self) -> Cote | None:
        return _COTE_DU_ROLE.get(self.role, self.pour)


@dataclass(frozen=True, slots=True)
class Entree:
    """One line of the history. ``au_nom_de``: the side the national coordination acted for."""

    revision: int
    commande: Commande
    de: Etat
    vers: Etat
    par: str
    role: Role
    au_nom_de: Cote | None
    jour: int
    motif: str | None


@dataclass(frozen=True, slots=True)
class Proposition:
    """A proposal and what it has become. ``revision`` grows by one at each command: it is the ETag.

    ``engagements``: sides committed to the present terms. ``echeance``: last day to answer. ``prolongation``: terms
    of an extension one side asks for, and that side. ``reallouer``: what is left must be allocated again.
    """

    cle: str
    aidante: str
    aidee: str
    process: str
    termes: Termes
    echeance: int
    semaines_max: int
    etat: Etat = "proposee"
    revision: int = 0
    accuses: frozenset[Cote] = frozenset()
    engagements: frozenset[Cote] = frozenset()
    prolongation: tuple[Termes, Cote] | None = None
    reallouer: bool = False
    historique: tuple[Entree, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Ordre:
    """A command. ``termes``: for an amendment or an extension. ``echeance``: new last day to answer (amendment)."""

    commande: Commande
    acteur: Acteur
    jour: int
    motif: str | None = None
    termes: Termes | None = None
    echeance: int | None = None


class TransitionRefusee(ValueError):
    """The command is not allowed; the message is a French sentence, ``code`` is stable: ``etat``, ``acteur``, ``motif``
    or the name of the guard that refused."""

    def __init__(self, code: str, phrase: str) -> None:
        super().__init__(phrase)
        self.code = code


Garde = Callable[[Proposition, Ordre], str | None]
"""A sentence when the command cannot be obeyed yet, else None."""

Effet = Callable[[Proposition, Ordre], Proposition]


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table. ``vers`` None: the state stays, or follows from the effect."""

    depuis: frozenset[Etat]
    roles: frozenset[Role]
    vers: Etat | None
    effet: Effet
    gardes: tuple[Garde, ...] = ()
    motif: bool = False


def appliquer(proposition: Proposition, ordre: Ordre) -> Proposition:
    """The proposal after a command. Raises TransitionRefusee; the proposal given is never changed."""
    ligne, commande = TABLE[ordre.commande], ordre.commande
    if proposition.etat not in ligne.depuis:
        raise TransitionRefusee("etat", f"« {commande} » ne se peut sur une proposition « {proposition.etat} ».")
    if ordre.acteur.role not in ligne.roles:
        raise TransitionRefusee("acteur", f"« {commande} » ne revient pas à « {ordre.acteur.role} ».")
    if ligne.motif and not (ordre.motif or "").strip():
        raise TransitionRefusee("motif", f"« {commande} » demande un motif.")
    for garde in ligne.gardes:
        phrase = garde(proposition, ordre)
        if phrase is not None:
            raise TransitionRefusee(garde.__name__.removeprefix("_"), phrase)
    apres = ligne.effet(proposition, ordre)
    vers = apres.etat if ligne.vers is None else ligne.vers
    revision, acteur = proposition.revision + 1, ordre.acteur
    entree = Entree(
        revision, commande, proposition.etat, vers, acteur.nom, acteur.role,
        acteur.pour if acteur.role == "nationale" else None, ordre.jour, ordre.motif,
    )  # fmt: skip
    return replace(apres, etat=vers, revision=revision, historique=(*proposition.historique, entree))


def echeance(jour: int, jours_ouvres: int, calendriers: tuple[Calendrier, ...]) -> int:
    """Last day to answer: the latest of the calendars of those who must."""
    return max(calendrier.ajouter_ouvres(jour, jours_ouvres) for calendrier in calendriers)


def en_attente_de(proposition: Proposition) -> frozenset[Cote]:
    """The sides whose answer is awaited."""
    return _COTES - proposition.engagements if proposition.etat == "proposee" else frozenset()


def _sans_effet(proposition: Proposition, _: Ordre) -> Proposition:
    return proposition


def _accuser(proposition: Proposition, ordre: Ordre) -> Proposition:
    return replace(proposition, accuses=proposition.accuses | {_cote(ordre)})


def _engager(proposition: Proposition, ordre: Ordre) -> Proposition:
    engagements = proposition.engagements | {_cote(ordre)}
    etat: Etat = "engagee" if engagements == _COTES else "proposee"
    return replace(proposition, engagements=engagements, accuses=proposition.accuses | {_cote(ordre)}, etat=etat)


def _amender(proposition: Proposition, ordre: Ordre) -> Proposition:
    """New terms: their author is committed to them, the other side is asked again."""
    assert ordre.termes is not None and ordre.echeance is not None
    cote = _cote(ordre)
    return replace(
        proposition, termes=ordre.termes, engagements=frozenset({cote}), accuses=frozenset({cote}), etat="proposee",
        echeance=ordre.echeance,
    )  # fmt: skip


def _rendre_le_reste(proposition: Proposition, _: Ordre) -> Proposition:
    return replace(proposition, reallouer=True, prolongation=None)


def _demander_prolongation(proposition: Proposition, ordre: Ordre) -> Proposition:
    assert ordre.termes is not None
    return replace(proposition, prolongation=(ordre.termes, _cote(ordre)))


def _prolonger(proposition: Proposition, _: Ordre) -> Proposition:
    assert proposition.prolongation is not None
    return replace(proposition, termes=proposition.prolongation[0], prolongation=None)


def _renoncer_a_prolonger(proposition: Proposition, _: Ordre) -> Proposition:
    return replace(proposition, prolongation=None)


def _cote(ordre: Ordre) -> Cote:
    assert ordre.acteur.cote is not None
    return ordre.acteur.cote


def _pour_une_caisse(_: Proposition, ordre: Ordre) -> str | None:
    return (
        None if ordre.acteur.cote is not None else "La coordination nationale doit dire pour quelle caisse elle agit."
    )


def _pas_deja_engagee(proposition: Proposition, ordre: Ordre) -> str | None:
    return "Cette caisse s'est déjà engagée." if ordre.acteur.cote in proposition.engagements else None


def _dans_les_delais(proposition: Proposition, ordre: Ordre) -> str | None:
    if ordre.jour <= proposition.echeance or proposition.etat != "proposee":
        return None
    return f"Le délai de réponse est passé depuis le {en_clair(proposition.echeance)}."


def _delai_passe(proposition: Proposition, ordre: Ordre) -> str | None:
    if ordre.jour > proposition.echeance:
        return None
    return f"Le délai de réponse court jusqu'au {en_clair(proposition.echeance)}."


def _termes_valables(proposition: Proposition, ordre: Ordre) -> str | None:
    if ordre.termes is None:
        return "Les nouveaux termes manquent."
    if not ordre.termes.etp or min(ordre.termes.etp) <= 0 or ordre.termes.volume <= 0:
        return "Chaque semaine doit compter des ETP, et le volume être positif."
    if len(ordre.termes.etp) > proposition.semaines_max:
        return f"PHARE est ponctuel : {proposition.semaines_max} semaines au plus."
    return None


def _reponse_attendue(_: Proposition, ordre: Ordre) -> str | None:
    return None if ordre.echeance is not None else "La nouvelle échéance de réponse manque."


def _premier_jour_atteint(proposition: Proposition, ordre: Ordre) -> str | None:
    if ordre.jour >= proposition.termes.debut:
        return None
    return f"La mission ne commence que le {en_clair(proposition.termes.debut)}."


def _dernier_jour_passe(proposition: Proposition, ordre: Ordre) -> str | None:
    if ordre.jour > proposition.termes.fin:
        return None
    return f"La mission court jusqu'au {en_clair(proposition.termes.fin)}."


def _plus_longue(proposition: Proposition, ordre: Ordre) -> str | None:
    assert ordre.termes is not None
    if ordre.termes.debut == proposition.termes.debut and ordre.termes.fin > proposition.termes.fin:
        return None
    return "Une prolongation garde le premier jour et repousse le dernier."


def _prolongation_de_l_autre(proposition: Proposition, ordre: Ordre) -> str | None:
    if proposition.prolongation is None:
        return "Aucune prolongation n'est demandée."
    return "C'est à l'autre caisse de répondre." if proposition.prolongation[1] == ordre.acteur.cote else None


_COTE_DU_ROLE: Mapping[Role, Cote] = {"aidante": "aidante", "aidee": "aidee"}
_COTES: frozenset[Cote] = frozenset({"aidante", "aidee"})
_COORDINATEURS: frozenset[Role] = frozenset({"aidante", "aidee", "nationale"})
_AIDANTE: frozenset[Role] = frozenset({"aidante", "nationale"})
_AIDEE: frozenset[Role] = frozenset({"aidee", "nationale"})
_NATIONALE: frozenset[Role] = frozenset({"nationale"})
_SYSTEME: frozenset[Role] = frozenset({"systeme"})


def _depuis(*etats: Etat) -> frozenset[Etat]:
    return frozenset(etats)


TABLE: Mapping[Commande, Transition] = {
    "accuser_reception": Transition(_depuis("proposee"), _COORDINATEURS, None, _accuser, (_pour_une_caisse,)),
    "accepter": Transition(
        _depuis("proposee"), _COORDINATEURS, None, _engager, (_pour_une_caisse, _pas_deja_engagee, _dans_les_delais)
    ),
    "amender": Transition(
        _depuis("proposee", "engagee"), _COORDINATEURS, None, _amender,
        (_pour_une_caisse, _dans_les_delais, _termes_valables, _reponse_attendue),
    ),
    "refuser": Transition(
        _depuis("proposee"), _COORDINATEURS, "declinee", _rendre_le_reste, (_pour_une_caisse,), motif=True
    ),
    "expirer": Transition(_depuis("proposee"), _SYSTEME, "expiree", _rendre_le_reste, (_delai_passe,)),
    "annuler": Transition(
        _depuis("proposee", "engagee", "ordonnee"), _NATIONALE, "annulee", _rendre_le_reste, motif=True
    ),
    "ordonner": Transition(_depuis("engagee"), _AIDANTE, "ordonnee", _sans_effet),
    "demarrer": Transition(
        _depuis("ordonnee"), _SYSTEME | _COORDINATEURS, "active", _sans_effet, (_premier_jour_atteint,)
    ),
    "proposer_prolongation": Transition(
        _depuis("active"), _COORDINATEURS, None, _demander_prolongation,
        (_pour_une_caisse, _termes_valables, _plus_longue), motif=True,
    ),
    "accepter_prolongation": Transition(
        _depuis("active"), _COORDINATEURS, None, _prolonger, (_pour_une_caisse, _prolongation_de_l_autre)
    ),
    "refuser_prolongation": Transition(
        _depuis("active"), _COORDINATEURS, None, _renoncer_a_prolonger,
        (_pour_une_caisse, _prolongation_de_l_autre), motif=True,
    ),
    "rappeler": Transition(
        _depuis("ordonnee", "active"), _AIDANTE, "interrompue", _rendre_le_reste, motif=True
    ),
    "liberer": Transition(_depuis("active"), _AIDEE, "terminee", _renoncer_a_prolonger, motif=True),
    "terminer": Transition(_depuis("active"), _SYSTEME, "terminee", _renoncer_a_prolonger, (_dernier_jour_passe,)),
    "interrompre": Transition(_depuis("active"), _NATIONALE, "interrompue", _rendre_le_reste, motif=True),
}  # fmt: skip
