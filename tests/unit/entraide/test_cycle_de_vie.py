from datetime import date
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.entraide.domain.cycle_de_vie import (
    FINAUX,
    TABLE,
    Acteur,
    Commande,
    Cote,
    Ordre,
    Proposition,
    Role,
    Termes,
    TransitionRefusee,
    appliquer,
    echeance,
    en_attente_de,
)
from shared.network.calendrier import Calendrier
from shared.network.jours import jour_de

LUNDI = jour_de(date(2026, 11, 30))
ENVOI, REPONSE = LUNDI - 12, LUNDI - 3
TERMES = Termes(LUNDI, (200, 200, 100), 450.0)
NEUVE = Proposition("p1", "cpam-41", "cpam-93", "ij", TERMES, REPONSE, 12)
AIDANTE, AIDEE = Acteur("A. Loire", "aidante"), Acteur("B. Seine", "aidee")
NATIONALE, HORLOGE = Acteur("PHARE", "nationale"), Acteur("horloge", "systeme")


def suite(*ordres: tuple[Commande, Acteur, int], depart: Proposition = NEUVE) -> Proposition:
    for commande, acteur, jour in ordres:
        depart = appliquer(depart, Ordre(commande, acteur, jour, "motif", TERMES, REPONSE))
    return depart


@pytest.mark.parametrize("ordre", [(AIDANTE, AIDEE), (AIDEE, AIDANTE)])
def test_both_coordinators_engage_in_either_order(ordre: tuple[Acteur, Acteur]) -> None:
    premiere = suite(("accepter", ordre[0], ENVOI))
    assert premiere.etat == "proposee" and en_attente_de(premiere) == {ordre[1].role}
    assert suite(("accepter", ordre[1], ENVOI), depart=premiere).etat == "engagee"


def test_a_mission_lives_from_proposal_to_its_last_day() -> None:
    fin = suite(
        ("accuser_reception", AIDEE, ENVOI),
        ("accepter", AIDEE, ENVOI),
        ("accepter", AIDANTE, ENVOI + 1),
        ("ordonner", AIDANTE, ENVOI + 2),
        ("demarrer", HORLOGE, LUNDI),
        ("terminer", HORLOGE, TERMES.fin + 1),
    )
    assert fin.etat == "terminee" and fin.revision == len(fin.historique) == 6
    assert [e.vers for e in fin.historique] == ["proposee", "proposee", "engagee", "ordonnee", "active", "terminee"]


def test_an_amendment_goes_back_to_the_other_side_on_new_terms() -> None:
    autres = Termes(LUNDI + 7, (100,), 90.0)
    amendee = appliquer(
        suite(("accepter", AIDEE, ENVOI)), Ordre("amender", AIDANTE, ENVOI, termes=autres, echeance=REPONSE + 5)
    )
    assert (amendee.termes, amendee.engagements, amendee.echeance) == (autres, {"aidante"}, REPONSE + 5)
    assert en_attente_de(amendee) == {"aidee"}
    assert suite(("accepter", AIDEE, REPONSE + 5), depart=amendee).etat == "engagee"


def test_a_refusal_needs_a_reason_and_gives_back_what_is_left() -> None:
    with pytest.raises(TransitionRefusee, match="motif"):
        appliquer(NEUVE, Ordre("refuser", AIDANTE, ENVOI, motif="  "))
    refusee = appliquer(NEUVE, Ordre("refuser", AIDANTE, ENVOI, motif="Épidémie dans l'équipe"))
    assert refusee.etat == "declinee" and refusee.reallouer
    assert refusee.historique[-1].motif == "Épidémie dans l'équipe"


def test_it_expires_after_its_last_working_day_and_not_before() -> None:
    with pytest.raises(TransitionRefusee, match="court jusqu'au"):
        appliquer(NEUVE, Ordre("expirer", HORLOGE, REPONSE))
    assert appliquer(NEUVE, Ordre("expirer", HORLOGE, REPONSE + 1)).etat == "expiree"
    with pytest.raises(TransitionRefusee, match="délai"):
        appliquer(NEUVE, Ordre("accepter", AIDEE, REPONSE + 1))


def test_the_last_day_to_answer_follows_the_calendar_that_works_least() -> None:
    noel = jour_de(date(2026, 12, 24))
    calendriers = (Calendrier("Métropole"), Calendrier("Alsace-Moselle"))
    assert echeance(noel, 1, calendriers[:1]) == jour_de(date(2026, 12, 28))
    vendredi_saint = jour_de(date(2026, 4, 2))
    assert echeance(vendredi_saint, 1, calendriers[:1]) == jour_de(date(2026, 4, 3))
    assert echeance(vendredi_saint, 1, calendriers) == jour_de(date(2026, 4, 7))


def test_the_national_coordination_acts_for_a_caisse_and_it_shows() -> None:
    with pytest.raises(TransitionRefusee, match="pour quelle caisse"):
        appliquer(NEUVE, Ordre("accepter", NATIONALE, ENVOI))
    pour = Acteur("PHARE", "nationale", "aidante")
    acceptee = appliquer(NEUVE, Ordre("accepter", pour, ENVOI))
    assert acceptee.engagements == {"aidante"}
    assert (acceptee.historique[-1].role, acceptee.historique[-1].au_nom_de) == ("nationale", "aidante")


def active() -> Proposition:
    return suite(
        ("accepter", AIDEE, ENVOI),
        ("accepter", AIDANTE, ENVOI),
        ("ordonner", AIDANTE, ENVOI),
        ("demarrer", HORLOGE, LUNDI),
    )


def test_nothing_starts_before_the_order_nor_before_the_first_day() -> None:
    engagee = suite(("accepter", AIDEE, ENVOI), ("accepter", AIDANTE, ENVOI))
    with pytest.raises(TransitionRefusee, match="engagee"):
        suite(("demarrer", HORLOGE, LUNDI), depart=engagee)
    with pytest.raises(TransitionRefusee, match="ne commence que le 30/11/2026"):
        suite(("ordonner", AIDANTE, ENVOI), ("demarrer", HORLOGE, LUNDI - 1), depart=engagee)


def test_an_extension_is_asked_by_one_and_granted_by_the_other_within_the_maximum() -> None:
    longue = Termes(LUNDI, (200, 200, 100, 100), 600.0)
    demandee = appliquer(active(), Ordre("proposer_prolongation", AIDEE, LUNDI, "stock", longue))
    with pytest.raises(TransitionRefusee, match="à l'autre"):
        appliquer(demandee, Ordre("accepter_prolongation", AIDEE, LUNDI))
    assert appliquer(demandee, Ordre("accepter_prolongation", AIDANTE, LUNDI)).termes == longue
    assert appliquer(demandee, Ordre("refuser_prolongation", AIDANTE, LUNDI, "non")).termes == TERMES
    with pytest.raises(TransitionRefusee, match="12 semaines"):
        appliquer(active(), Ordre("proposer_prolongation", AIDEE, LUNDI, "stock", Termes(LUNDI, (100,) * 13, 9.0)))


@pytest.mark.parametrize(
    ("commande", "acteur", "etat", "reallouer"),
    [
        ("rappeler", AIDANTE, "interrompue", True),
        ("liberer", AIDEE, "terminee", False),
        ("interrompre", NATIONALE, "interrompue", True),
    ],
)
def test_a_mission_ends_early_by_recall_release_or_interruption(
    commande: Commande, acteur: Acteur, etat: str, reallouer: bool
) -> None:
    finie = suite((commande, acteur, LUNDI + 3), depart=active())
    assert (finie.etat, finie.reallouer) == (etat, reallouer)


@pytest.mark.parametrize("commande", get_args(Commande))
def test_each_command_is_refused_to_every_role_the_table_does_not_name(commande: Commande) -> None:
    for role in set(get_args(Role)) - TABLE[commande].roles:
        for etat in TABLE[commande].depuis:
            proposition = Proposition("p", "a", "b", "ij", TERMES, REPONSE, 12, etat=etat)
            with pytest.raises(TransitionRefusee) as refus:
                appliquer(proposition, Ordre(commande, Acteur("x", role, "aidante"), ENVOI, "m", TERMES, REPONSE))
            assert refus.value.code == "acteur"


def test_the_table_covers_every_command_and_leaves_no_final_state() -> None:
    assert set(TABLE) == set(get_args(Commande))
    assert not any(ligne.depuis & FINAUX for ligne in TABLE.values())


acteurs = st.builds(Acteur, st.just("x"), st.sampled_from(get_args(Role)), st.sampled_from([None, *get_args(Cote)]))
ordres = st.builds(
    Ordre, st.sampled_from(get_args(Commande)), acteurs, st.integers(ENVOI, TERMES.fin + 30),
    st.sampled_from([None, "motif"]), st.sampled_from([None, TERMES, Termes(LUNDI, (50,) * 5, 10.0)]),
    st.sampled_from([None, REPONSE, REPONSE + 40]),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(ordres, max_size=40))
def test_no_sequence_reaches_active_without_both_engagements_and_an_order(tirage: list[Ordre]) -> None:
    _verifier(tirage, NEUVE)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(ordres, st.sampled_from([
    Ordre("accepter", AIDANTE, ENVOI), Ordre("accepter", AIDEE, ENVOI), Ordre("ordonner", AIDANTE, ENVOI),
    Ordre("demarrer", HORLOGE, LUNDI), Ordre("amender", AIDEE, ENVOI, None, TERMES, REPONSE),
])), max_size=25))  # fmt: skip
def test_nor_does_any_sequence_that_tries_to(tirage: list[Ordre]) -> None:
    _verifier(tirage, NEUVE)


def _verifier(tirage: list[Ordre], proposition: Proposition) -> None:
    """Walk a sequence; the engagements are counted again from the commands obeyed, not read from the state."""
    engages: set[str] = set()
    ordonnee = False
    for ordre in tirage:
        avant = proposition
        try:
            proposition = appliquer(proposition, ordre)
        except TransitionRefusee:
            assert proposition == avant
            continue
        assert avant.etat not in FINAUX
        assert proposition.revision == avant.revision + 1
        cote = ordre.acteur.cote
        if ordre.commande == "amender":
            engages.clear()
        if ordre.commande in ("accepter", "amender"):
            engages.add(str(cote))
        ordonnee = ordre.commande == "ordonner" or (ordonnee and ordre.commande != "amender")
        if proposition.etat in ("ordonnee", "active", "terminee"):
            assert engages == {"aidante", "aidee"} and ordonnee


def test_what_the_national_coordination_cancels_is_to_be_allocated_again() -> None:
    annulee = suite(("accepter", AIDEE, ENVOI), ("annuler", NATIONALE, ENVOI + 1))
    assert (annulee.etat, annulee.reallouer) == ("annulee", True)
