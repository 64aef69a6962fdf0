"""The merge, on random histories: no order, duplication, correction, retraction or cutting of batches matters."""

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalogue.processus import processus
from tests.unit.dossiers import modele
from tests.unit.dossiers.atelier import CGSS, CPAM, PRENANTE, Codes, Dit, Magasin, jouer, jour, ts

JALONS = {
    "cmuc_acs": ("recue", "incomplete", "completee", "decidee_accord", "decidee_refus", "annulee"),
    "ij": ("aat_recu", "dsij_recue", "payee", "refusee", "annulee"),
    "fse": ("recue", "payee", "rejetee"),
    "courriel": ("recu", "transfere", "repondu", "clos_sans_reponse"),
    "appel": ("presente", "decroche", "abandonne", "deborde", "termine"),
    "effectif": ("releve",),
}
ATTRIBUTS = {
    "cmuc_acs": ("support", ("courrier", "en_ligne")),
    "ij": ("risque", ("maladie", "at_mp")),
    "fse": ("beneficiaire", ("assure", "ps")),
    "courriel": ("motif", ("droits",)),
    "appel": ("motif", ("droits", "cmuc_acs")),
    "effectif": ("connectes", ("40", "7")),
}
HEURES = st.integers(0, 30 * 24).map(lambda h: ts("2026-03-10 00:00") + 3_600 * h)
JOURS = st.integers(jour("2026-04-20"), jour("2026-04-26"))


@st.composite
def dits(draw, process: str) -> Dit:
    """One event of a small world where everything collides: two sources, four ids, three revisions, two dossiers."""
    regles = processus(process).jalons
    retrait = draw(st.integers(0, 5)) == 0
    noms = draw(st.lists(st.sampled_from(JALONS[process]), min_size=1, max_size=3, unique=True))
    jalons = {
        nom: sorted(draw(st.sets(HEURES, min_size=1, max_size=2))) if regles[nom] == "multiple" else draw(HEURES)
        for nom in noms
    }
    attribut, valeurs = ATTRIBUTS[process]
    return Dit(
        id=draw(st.sampled_from("1234")),
        source=draw(st.sampled_from("ab")),
        revision=draw(st.integers(0, 2)),
        retrait=retrait,
        jalons={} if retrait else jalons,
        caisse=draw(st.sampled_from((0, CPAM, CPAM, CGSS))),
        productrice=draw(st.sampled_from((0, 0, PRENANTE))),
        plateforme=draw(st.sampled_from(("", "pfs-idf"))),
        nombre=draw(st.sampled_from((0, 0, 3))),
        attributs=draw(st.sampled_from(({}, *({attribut: v} for v in valeurs)))),
        subject=draw(st.sampled_from(("D1", "D1", "D2"))),
        enregistre=draw(JOURS),
        cause=draw(st.integers(0, 3)),
    )


def couper(journal: Sequence[Dit], coupes: Sequence[int]) -> list[Sequence[Dit]]:
    bornes = [0, *sorted(c % (len(journal) + 1) for c in coupes), len(journal)]
    return [journal[a:b] for a, b in pairwise(bornes)]


def lus(magasin: Magasin) -> tuple:
    return magasin.dossiers(), magasin.sommes()


@st.composite
def histoires(draw, process: str):
    """Distinct events, then two logs of them: any order, any duplication."""
    evenements = draw(st.lists(dits(process), min_size=1, max_size=9))
    logs = []
    for _ in range(2):
        doubles = draw(st.lists(st.sampled_from(evenements), max_size=4))
        logs.append(draw(st.permutations([*evenements, *doubles])))
    return logs


COUPES = st.lists(st.integers(0, 50), max_size=6)
UNE_NUMEROTATION = (("source", "a"), ("source", "b"))


@pytest.mark.parametrize("process", JALONS)
def test_l_ordre_les_doubles_et_les_lots_ne_changent_ni_les_dossiers_ni_les_sommes(process: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(histoires(process), COUPES, COUPES)
    def propriete(logs, coupes1, coupes2) -> None:
        codes = Codes(*UNE_NUMEROTATION)
        un = jouer(process, couper(logs[0], coupes1), codes=codes)
        autre = jouer(process, couper(logs[1], coupes2), codes=codes)
        assert lus(un) == lus(autre)

    propriete()


@pytest.mark.parametrize("process", JALONS)
def test_les_cellules_sont_la_somme_de_ce_que_gardent_les_dossiers(process: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(histoires(process), COUPES)
    def propriete(logs, coupes) -> None:
        magasin = jouer(process, couper(logs[0], coupes))
        assert magasin.sommes() == magasin.gardees()

    propriete()


@pytest.mark.parametrize("process", JALONS)
def test_a_ordre_du_journal_egal_les_coupures_ne_changent_rien_pas_meme_le_jour_ni_la_cause(process: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(histoires(process), COUPES, COUPES)
    def propriete(logs, coupes1, coupes2) -> None:
        codes = Codes(*UNE_NUMEROTATION)
        un = jouer(process, couper(logs[0], coupes1), codes=codes)
        autre = jouer(process, couper(logs[0], coupes2), codes=codes)
        assert un.lignes == autre.lignes
        assert un.versions() == autre.versions()

    propriete()


@pytest.mark.parametrize("process", JALONS)
def test_le_numero_donne_a_une_source_ne_departage_rien(process: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(histoires(process))
    def propriete(logs) -> None:
        noms = [("process", process), ("source", "a"), ("source", "b")]
        sommes = []
        for ordre in (noms, [noms[0], noms[2], noms[1]]):
            codes = Codes(*ordre)
            sommes.append(jouer(process, [logs[0]], codes=codes).sommes())
        assert sommes[0] == sommes[1]

    propriete()


@settings(max_examples=60, deadline=None)
@given(histoires("cmuc_acs"), COUPES, st.integers(0, 8))
def test_vu_du_jour_d_les_cellules_sont_celles_d_etats_que_les_dossiers_ont_eus(logs, coupes, rang) -> None:
    journal, limite = logs[0], jour("2026-04-19") + rang
    codes = Codes(*UNE_NUMEROTATION)
    vu = jouer("cmuc_acs", couper(journal, coupes), codes=codes).sommes(limite)
    # A dossier is as it was before its first event that changed it after the limit.
    pas_a_pas, etats, clos = Magasin("cmuc_acs", codes), {}, set()
    for dit in journal:
        avant = pas_a_pas.dossiers().get(dit.subject)
        pas_a_pas.lot([dit])
        apres = pas_a_pas.dossiers()[dit.subject]
        if avant is None or apres[0] != avant[0]:
            if dit.enregistre > limite:
                clos.add(dit.subject)
            if dit.subject not in clos:
                etats[dit.subject] = apres[1]
    attendu: dict[tuple, int] = {}
    for contributions in etats.values():
        for genre, dims, montants in contributions:
            for r, m in enumerate(montants):
                attendu[genre, dims, r] = attendu.get((genre, dims, r), 0) + m
    assert vu == {c: n for c, n in attendu.items() if n}


@settings(max_examples=60, deadline=None)
@given(histoires("cmuc_acs"), COUPES, st.integers(0, 12))
def test_quand_la_regle_change_ce_qui_est_retire_est_exactement_ce_qui_avait_ete_mis(logs, coupes, rang) -> None:
    ancien = processus("cmuc_acs")
    nouveau = dataclasses.replace(
        ancien, strates=("regime",), suspensions=(), horloges=("jours_calendaires",),
        jalons={**ancien.jalons, "recue": "dernier", "incomplete": "premier"},
    )  # fmt: skip
    magasin = jouer(ancien, couper(logs[0][:rang], coupes))
    magasin.redefinir(nouveau)
    for lot in couper(logs[0][rang:], coupes):
        magasin.lot(lot)
    assert magasin.sommes() == magasin.gardees()


def _sans_ex_aequo(journal: Sequence[Dit]) -> list[Dit]:
    """One event for each (dossier, source, id, revision): the model does not know which digest is greater."""
    return list({(d.subject, d.source, d.id, d.revision): d for d in journal}.values())


@settings(max_examples=60, deadline=None)
@given(histoires("cmuc_acs"), COUPES)
def test_cmuc_acs_compte_comme_le_modele_naif(logs, coupes) -> None:
    journal = _sans_ex_aequo(logs[0])
    magasin = jouer("cmuc_acs", couper(journal, coupes))
    for subject, (_, contributions) in magasin.dossiers().items():
        attendu = modele.cmuc_acs(d for d in journal if d.subject == subject)
        assert [c[0] for c in contributions] == [0, 1][: bool(attendu) + ("clos" in attendu)]
        if attendu:
            _, dims, montants = contributions[0]
            assert (dims[1], dims[3], montants) == (attendu["caisse"], jour(str(attendu["ouvert"])), (attendu["n"],))
        if "clos" in attendu:
            _, dims, montants = contributions[1]
            assert (dims[1], dims[5], dims[7]) == (
                attendu["caisse"], jour(str(attendu["ouvert"])), jour(str(attendu["clos"])),
            )  # fmt: skip
            assert magasin.codes.nom("issue", dims[8]) == attendu["issue"]
            assert montants[:3] == (attendu["n"], attendu["secondes"], attendu["suspendu"])
            assert dims[11] == attendu["jours_hors_suspension"]
            assert dims[9:11] == (-1, -1)
            assert dims[12] == -1


@settings(max_examples=60, deadline=None)
@given(histoires("ij"), COUPES)
def test_la_premiere_ij_compte_comme_le_modele_naif(logs, coupes) -> None:
    journal = _sans_ex_aequo(logs[0])
    magasin = jouer("ij", couper(journal, coupes))
    for subject, (_, contributions) in magasin.dossiers().items():
        attendu = modele.ij(d for d in journal if d.subject == subject)
        assert [c[0] for c in contributions] == [0, 1][: bool(attendu) + ("clos" in attendu)]
        if "clos" in attendu:
            _, dims, montants = contributions[1]
            assert (dims[1], dims[5], dims[7], *montants[:2]) == (
                attendu["caisse"], jour(str(attendu["ouvert"])), jour(str(attendu["clos"])), attendu["n"],
                attendu["secondes"],
            )  # fmt: skip
            assert magasin.codes.nom("issue", dims[8]) == attendu["issue"]
