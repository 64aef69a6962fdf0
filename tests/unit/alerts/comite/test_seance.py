"""The séance: what may be done when, and the same present whoever replays it."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.alerts.comite.regles import MESURES, Mesure
from services.alerts.comite.seance import (
    ActeRefuse,
    Decision,
    Dissentiment,
    Evenement,
    Issue,
    Membre,
    Seance,
    TypeEvenement,
    ajouter,
    cloturer,
    decider,
    decrire,
    lire_decision,
    ouvrir,
    preparer,
    rejouer,
)

DEBUT = datetime(2026, 11, 6, 8, tzinfo=UTC)
MEMBRES = [Membre("p", "Mme P.", "DDO"), Membre("a", "M. A."), Membre("b", "Mme B.")]
PROPOSEES: dict[tuple[str, Mesure], list[str]] = {
    ("cpam-31", "courrier_plan_actions"): ["ij"],
    ("cpam-75", "courrier_entraide"): ["ij", "cmuc"],
}
CAISSES = {"cpam-31": ["ij"], "cpam-75": ["ij", "cmuc"], "cpam-33": ["fsp"]}


def suite(*etapes: tuple[TypeEvenement, Any]) -> list[Evenement]:
    return [Evenement(t, DEBUT + timedelta(minutes=n), "p", d) for n, (t, d) in enumerate(etapes)]


PREPAREE = suite(("preparee", preparer(Seance(), PROPOSEES, CAISSES)))
OUVERTE = [*PREPAREE, *suite(("ouverte", ouvrir(rejouer(PREPAREE), "p", MEMBRES, 3)))]


def acceptee(caisse: str, mesure: Mesure, codes: tuple[str, ...]) -> Decision:
    return Decision(caisse, mesure, "acceptee", mesure, codes)


TOUT = [acceptee(c, m, tuple(codes)) for (c, m), codes in PROPOSEES.items()]


def decidee(*decisions: Decision) -> list[Evenement]:
    return [*OUVERTE, *suite(*(("decision", decrire(d)) for d in decisions))]


CLOSE = [*decidee(*TOUT), *suite(("close", {}))]


def test_une_seance_va_de_preparee_a_close_et_pas_autrement() -> None:
    assert [rejouer(e).etat for e in ([], PREPAREE, OUVERTE, CLOSE)] == [
        "en_preparation", "preparee", "en_seance", "close",
    ]  # fmt: skip
    with pytest.raises(ActeRefuse, match="n'est pas ouverte"):
        decider(rejouer(PREPAREE), TOUT[0])
    with pytest.raises(ActeRefuse, match="ne se rouvre pas"):
        ouvrir(rejouer(CLOSE), "p", MEMBRES, 3)
    with pytest.raises(ActeRefuse, match="ne se rouvre pas"):
        cloturer(rejouer(CLOSE), "p")
    with pytest.raises(ActeRefuse, match="n'est pas clos"):
        ajouter(rejouer(OUVERTE), "Une erreur.", [])


@pytest.mark.parametrize(
    ("president", "membres", "phrase"),
    [
        ("p", MEMBRES[:2], "quorum est de 3"),
        ("x", MEMBRES, "n'est pas parmi"),
        ("p", [*MEMBRES, MEMBRES[0]], "deux fois"),
    ],
)
def test_une_seance_ne_s_ouvre_qu_avec_son_quorum_et_un_president_qui_siege(
    president: str, membres: list[Membre], phrase: str
) -> None:
    with pytest.raises(ActeRefuse, match=phrase):
        ouvrir(rejouer(PREPAREE), president, membres, 3)


def test_seul_le_president_clot_et_quand_tout_est_decide() -> None:
    with pytest.raises(ActeRefuse, match=r"cpam-75 \(courrier d'alerte"):
        cloturer(rejouer(decidee(TOUT[0])), "p")
    with pytest.raises(ActeRefuse, match="Seul le président") as refus:
        cloturer(rejouer(decidee(*TOUT)), "a")
    assert refus.value.reserve
    assert cloturer(rejouer(decidee(*TOUT)), "a", administrateur=True) == {}


IMPOSSIBLES = {
    "n'a pas de dossier": Decision("cpam-13", "audit", "ajoutee", "audit", ("ij",), "a"),
    "Dites pourquoi": Decision("cpam-31", "courrier_plan_actions", "ecartee", None, ("ij",)),
    "est proposée": Decision("cpam-31", "courrier_plan_actions", "ajoutee", "courrier_plan_actions", ("ij",), "a"),
    "n'est pas proposée": Decision("cpam-33", "audit", "acceptee", "audit", ("fsp",)),
    "est un amendement": Decision("cpam-31", "courrier_plan_actions", "acceptee", "audit", ("ij",)),
    "n'en retient aucune": Decision("cpam-31", "courrier_plan_actions", "ecartee", "audit", ("ij",), "a"),
    "Nommez l'indicateur": Decision("cpam-31", "courrier_plan_actions", "amendee", "audit", (), "a"),
    "pas de franchissement": Decision("cpam-31", "courrier_plan_actions", "amendee", "audit", ("fsp",), "a"),
    "ne siège pas": Decision(
        "cpam-31", "courrier_plan_actions", "acceptee", "courrier_plan_actions", ("ij",), None, None,
        (Dissentiment("z", "Non"),),
    ),
}  # fmt: skip


@pytest.mark.parametrize("phrase", IMPOSSIBLES)
def test_une_decision_qui_ne_tient_pas_est_refusee_avec_sa_raison(phrase: str) -> None:
    with pytest.raises(ActeRefuse, match=phrase) as refus:
        decider(rejouer(OUVERTE), IMPOSSIBLES[phrase])
    assert refus.value.champ is not None


def test_jusqu_a_la_cloture_la_derniere_decision_vaut_et_le_dissentiment_reste() -> None:
    ecartee = Decision(
        "cpam-31", "courrier_plan_actions", "ecartee", None, ("ij",), "Trop tôt", None, (Dissentiment("b", "Non"),)
    )
    seance = rejouer(decidee(*TOUT, ecartee))
    assert seance.decisions[ecartee.cle] == ecartee
    assert seance.a_decider == ()


def test_un_addendum_corrige_sans_rouvrir() -> None:
    ecartee = Decision("cpam-31", "courrier_plan_actions", "ecartee", None, ("ij",), "Chiffre contesté")
    addendum = ajouter(rejouer(CLOSE), "Chiffre contesté.", [ecartee])
    apres = rejouer([*CLOSE, *suite(("addendum", addendum))])
    assert (apres.etat, apres.addenda) == ("close", 1)
    assert apres.decisions[ecartee.cle].retenue is None
    with pytest.raises(ActeRefuse, match="deux fois"):
        ajouter(apres, "Encore.", [ecartee, ecartee])


mesures_st = st.sampled_from(MESURES)
decisions_st = st.builds(
    Decision,
    st.sampled_from(["cpam-31", "cpam-75", "cpam-33", "cpam-13"]),
    mesures_st,
    cast("st.SearchStrategy[Issue]", st.sampled_from(["acceptee", "amendee", "ecartee", "ajoutee"])),
    st.none() | mesures_st,
    st.lists(st.sampled_from(["ij", "cmuc", "fsp"]), unique=True).map(tuple),
    st.none() | st.just("Parce que."),
    st.none() | st.just("Sous huit jours."),
    st.lists(st.builds(Dissentiment, st.sampled_from(["a", "b", "z"]), st.just("Non.")), max_size=2).map(tuple),
)


@given(decisions_st)
def test_une_decision_revient_entiere_de_ce_qui_en_est_garde(decision: Decision) -> None:
    assert lire_decision(msgspec.json.decode(msgspec.json.encode(decrire(decision)))) == decision


class Machine(RuleBasedStateMachine):
    """Any act at any time: those accepted make a legal history, those refused change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.histoire: list[Evenement] = []
        self.etats = ["en_preparation"]

    def _tenter(self, type_: TypeEvenement, acte: Any) -> None:
        avant = rejouer(self.histoire)
        try:
            donnees = acte(avant)
        except ActeRefuse as refus:
            assert str(refus).endswith(".")
            return
        self.histoire.append(Evenement(type_, DEBUT, "p", donnees))
        apres = rejouer(self.histoire)
        assert rejouer([self.histoire[-1]], avant) == apres
        if apres.etat != avant.etat:
            self.etats.append(apres.etat)

    @rule()
    def preparer(self) -> None:
        self._tenter("preparee", lambda s: preparer(s, PROPOSEES, CAISSES))

    @rule(president=st.sampled_from(["p", "a", "z"]), nombre=st.integers(0, 3))
    def ouvrir(self, president: str, nombre: int) -> None:
        self._tenter("ouverte", lambda s: ouvrir(s, president, MEMBRES[:nombre], 3))

    @rule(decision=decisions_st)
    def decider(self, decision: Decision) -> None:
        self._tenter("decision", lambda s: decider(s, decision))

    @rule()
    def tout_accepter(self) -> None:
        for decision in TOUT:
            self._tenter("decision", lambda s, d=decision: decider(s, d))

    @rule(par=st.sampled_from(["p", "a"]))
    def cloturer(self, par: str) -> None:
        self._tenter("close", lambda s: cloturer(s, par))

    @rule(texte=st.sampled_from(["", "Erreur."]), decisions=st.lists(decisions_st, max_size=2))
    def ajouter(self, texte: str, decisions: list[Decision]) -> None:
        self._tenter("addendum", lambda s: ajouter(s, texte, decisions))

    @invariant()
    def la_seance_ne_revient_jamais_en_arriere(self) -> None:
        assert self.etats == ["en_preparation", "preparee", "en_seance", "close"][: len(self.etats)]

    @invariant()
    def close_elle_a_tout_decide_et_toute_decision_se_tient(self) -> None:
        seance = rejouer(self.histoire)
        if seance.etat == "close":
            assert seance.a_decider == ()
        for (caisse, _), decision in seance.decisions.items():
            assert set(decision.indicateurs) <= set(seance.caisses[caisse])
            assert (decision.retenue is None) == (decision.issue == "ecartee")


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
