"""Réitérations and induced contacts of one person: worked by hand, then in any order."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalogue.derives import AUCUN, ECART_MAX, charger_regles
from shared.catalogue.processus import processus
from shared.dossiers.contributions import DIMENSIONS, FLUX, lire_strate
from shared.dossiers.derives.chaines import CalculChaine
from shared.dossiers.derives.fiches import Derivation, version_de
from shared.dossiers.derives.messages import LecteurPersonnes, annoncer
from shared.dossiers.etat import Etat, joindre
from shared.events.contrat import Contenu, Refus
from tests.unit.dossiers.atelier import CGSS, CPAM, PRENANTE, Codes, lieux, ts

REGLES = charger_regles()
ANNE, BRUNO = "k1.aaaaaaaaaaaaaaaaaaaaaa", "k1.bbbbbbbbbbbbbbbbbbbbbb"
NOUVELLE = "k2.nnnnnnnnnnnnnnnnnnnnnn"
"""Anne, under the next key."""


class Personnes:
    """Dossiers of both services in memory, what they announce, and the chains that come of it."""

    def __init__(self) -> None:
        self.codes = Codes()
        self.calcul = CalculChaine(REGLES, lieux(), self.codes)
        self.dossiers: dict[str, Etat] = {}
        self.annonces: list[tuple[str, Contenu]] = []

    def dire(self, process: str, subject: str, contenu: Contenu) -> None:
        """One event reaches its dossier; what that announces is kept."""
        cle = f"{process}|essai|{subject}"
        derivation = Derivation(processus(process), REGLES, lieux(), lambda code: self.codes.nom("source", code))
        avant = dict(self.dossiers[cle]) if cle in self.dossiers else None
        etat = self.dossiers.setdefault(cle, {})
        if joindre(etat, contenu):
            self.annonces += derivation.derives(cle, avant, etat)

    def chaines(self, annonces: list[tuple[str, Contenu]] | None = None) -> dict[str, Etat]:
        chaines: dict[str, Etat] = {}
        for assure, contenu in self.annonces if annonces is None else annonces:
            joindre(chaines.setdefault(assure, {}), contenu)
        return chaines

    def cellules(self, annonces: list[tuple[str, Contenu]] | None = None) -> Counter[tuple[str, ...]]:
        """(process, caisse, canal, motif, ecart and delai, or retard, outcome) -> contacts."""
        comptes: Counter[tuple[str, ...]] = Counter()
        for etat in self.chaines(annonces).values():
            for genre, dims, (n,) in self.calcul.contributions(list(etat.values())):
                assert genre == FLUX
                d = dict(zip(DIMENSIONS[FLUX], dims, strict=True))
                strate = lire_strate(self.codes.nom("strate", d["strate"]))
                process, issue = self.codes.nom("process", d["process"]), self.codes.nom("issue", d["issue"])
                comptes[process, str(d["caisse"]), *strate.values(), issue] += n
        return comptes

    def lus(self, process: str, champ: int = 4) -> Counter[str]:
        comptes: Counter[str] = Counter()
        for cle, n in self.cellules().items():
            if cle[0] == process:
                comptes[cle[champ]] += n
        return comptes


def appel(
    id: str, quand: str, assure: str = ANNE, motif: str = "droits", revision: int = 0, caisse: int = CPAM,
    decroche: bool = True, zone: str = "Europe/Paris", productrice: int = 0,
) -> Contenu:  # fmt: skip
    t = ts(quand, zone)
    jalons: dict[str, int | list[int]] = {"presente": t, ("decroche" if decroche else "abandonne"): t + 30}
    return Contenu(
        1, id, revision, t, jalons, caisse, productrice, attributs={"motif": motif} if motif else {}, assure=assure
    )


def ecrit(id: str, quand: str, motif: str = "droits", assure: str = ANNE) -> Contenu:
    t = ts(quand)
    return Contenu(1, id, 0, t, {"recu": t}, CPAM, attributs={"motif": motif}, assure=assure)


def ij(id: str, recue: str, payee: str | None = None, subrogee: str = "non", assure: str = ANNE) -> Contenu:
    t = ts(recue)
    jalons: dict[str, int | list[int]] = {"aat_recu": t, "dsij_recue": t}
    if payee is not None:
        jalons["payee"] = ts(payee)
    return Contenu(1, id, 0, t, jalons, CPAM, attributs={"subrogee": subrogee}, assure=assure)


def test_l_ecart_se_compte_au_contact_precedent_du_meme_motif_tous_canaux() -> None:
    p = Personnes()
    p.dire("appel", "A1", appel("a1", "2026-03-02 09:00"))
    p.dire("courriel", "M1", ecrit("m1", "2026-03-05 23:59"))
    p.dire("appel", "A2", appel("a2", "2026-03-05 10:00", motif="remboursement"))
    p.dire("appel", "A3", appel("a3", "2026-03-12 00:01"))
    p.dire("appel", "B1", appel("b1", "2026-03-12 09:00", assure=BRUNO))
    assert p.cellules() == {
        ("reiteration", "751", "appel", "droits", AUCUN, "", "decroche"): 2,
        ("reiteration", "751", "courriel", "droits", "3", "", "en_cours"): 1,
        ("reiteration", "751", "appel", "remboursement", AUCUN, "", "decroche"): 1,
        ("reiteration", "751", "appel", "droits", "7", "", "decroche"): 1,
        ("contact_induit", "751", "appel", "droits", AUCUN, "decroche"): 3,
        ("contact_induit", "751", "courriel", "droits", AUCUN, "en_cours"): 1,
        ("contact_induit", "751", "appel", "remboursement", AUCUN, "decroche"): 1,
    }


def test_un_ecart_de_trente_jours_est_garde_et_de_trente_et_un_ne_l_est_pas() -> None:
    p = Personnes()
    for id, quand in (("a", "2026-01-01 09:00"), ("b", "2026-01-31 09:00"), ("c", "2026-03-03 09:00")):
        p.dire("appel", id, appel(id, quand))
    assert p.lus("reiteration") == {AUCUN: 2, str(ECART_MAX): 1}


def test_l_ecart_se_compte_en_jours_de_la_caisse_du_contact() -> None:
    p = Personnes()
    p.dire("appel", "A1", appel("a1", "2026-03-02 23:30"))
    p.dire("appel", "A2", appel("a2", "2026-03-03 03:00", caisse=CGSS, zone="Indian/Reunion"))
    p.dire("appel", "A3", appel("a3", "2026-03-03 00:30"))
    comptes = p.cellules()
    assert comptes["reiteration", "974", "appel", "droits", "1", "", "decroche"] == 1
    assert comptes["reiteration", "751", "appel", "droits", "0", "", "decroche"] == 1, (
        "né le 3 à La Réunion, le 3 à Paris"
    )


def test_sans_motif_ou_de_motif_autre_un_contact_n_est_pas_une_reiteration_mais_peut_etre_induit() -> None:
    p = Personnes()
    p.dire("ij", "I1", ij("i1", "2026-01-02 09:00"))
    for id, motif in (("a", ""), ("b", ""), ("c", "autre"), ("d", "autre")):
        p.dire("appel", id, appel(id, "2026-03-02 09:00", motif=motif))
    assert p.lus("reiteration") == {}
    assert p.lus("contact_induit") == {"ij": 4}


def test_une_reclamation_a_le_motif_reclamation() -> None:
    p = Personnes()
    t = ts("2026-03-03 09:00")
    p.dire("appel", "A1", appel("a1", "2026-03-02 09:00", motif="reclamation"))
    p.dire("reclamation", "R1", Contenu(1, "r1", 0, t, {"recue": t}, CPAM, assure=ANNE))
    assert p.lus("reiteration") == {AUCUN: 1, "1": 1}


@pytest.mark.parametrize(
    ("quand", "attendu"),
    [
        ("2026-03-26 23:59", AUCUN),  # 25 days after the 1st: within the limit, bound included
        ("2026-03-27 00:01", "ij"),
        ("2026-04-10 09:59", "ij"),
        ("2026-04-10 10:00", AUCUN),  # paid at 10:00
        ("2026-02-20 09:00", AUCUN),  # not there yet
    ],
)
def test_un_contact_est_induit_tant_que_le_dossier_est_ouvert_au_dela_de_sa_limite(quand: str, attendu: str) -> None:
    p = Personnes()
    p.dire("appel", "A1", appel("a1", quand))
    p.dire("ij", "I1", ij("i1", "2026-03-01 09:00", "2026-04-10 10:00"))
    assert p.lus("contact_induit") == {attendu: 1}


def test_l_ij_subrogee_ne_fait_pas_attendre_l_assure() -> None:
    p = Personnes()
    p.dire("ij", "I1", ij("i1", "2026-01-01 09:00", subrogee="oui"))
    p.dire("appel", "A1", appel("a1", "2026-03-02 09:00"))
    assert p.lus("contact_induit") == {AUCUN: 1}


def test_de_deux_dossiers_en_retard_le_plus_en_retard_est_nomme() -> None:
    p = Personnes()
    t = ts("2026-01-01 09:00")
    p.dire("cmuc_acs", "C1", Contenu(1, "c1", 0, t, {"recue": t}, CPAM, assure=ANNE))
    p.dire("ij", "I1", ij("i1", "2026-01-01 09:00"))
    p.dire("appel", "A1", appel("a1", "2026-03-02 09:00"))
    assert p.lus("contact_induit") == {"ij": 1}, "même départ, limite de 25 jours contre 29"


def test_un_dossier_sans_assure_ou_qui_vaut_pour_plusieurs_n_annonce_rien() -> None:
    p = Personnes()
    p.dire("appel", "A1", appel("a1", "2026-03-02 09:00", assure=""))
    plusieurs = appel("a2", "2026-03-02 09:00")
    plusieurs.nombre = 3
    p.dire("appel", "A2", plusieurs)
    assert p.annonces == []


def test_un_evenement_sans_effet_sur_la_personne_n_annonce_rien() -> None:
    p = Personnes()
    t = ts("2026-03-02 09:00")
    p.dire("courriel", "M1", ecrit("m1", "2026-03-02 09:00"))
    p.dire("courriel", "M1", Contenu(1, "m2", 0, t + 60, {"transfere": [t + 60]}))
    assert len(p.annonces) == 1


def test_un_changement_d_assure_retire_le_contact_de_l_ancienne_chaine() -> None:
    p = Personnes()
    p.dire("appel", "A1", appel("a1", "2026-03-02 09:00"))
    p.dire("appel", "A2", appel("a2", "2026-03-03 09:00"))
    p.dire("appel", "A2", appel("a2", "2026-03-03 09:00", assure=BRUNO, revision=1))
    assert p.lus("reiteration") == {AUCUN: 2}
    p.dire("appel", "A2", appel("a2", "2026-03-03 09:00", revision=2))
    assert p.lus("reiteration") == {AUCUN: 1, "1": 1}
    p.dire("appel", "A2", Contenu(1, "a2", 2**31 - 1))
    assert p.lus("reiteration") == {AUCUN: 1}


def test_pendant_la_rotation_de_la_cle_les_contacts_se_suivent_et_ne_comptent_qu_une_fois() -> None:
    """The key changes on 1 March: both pseudonyms until the 31st, the new one alone from 1 April."""
    p = Personnes()
    p.dire("ij", "I1", ij("i1", "2026-02-20 09:00", assure=f"{NOUVELLE} {ANNE}"))
    for id, quand, assure in (
        ("avant", "2026-02-27 09:00", ANNE),
        ("pendant", "2026-03-02 09:00", f"{NOUVELLE} {ANNE}"),
        ("encore", "2026-03-30 09:00", f"{NOUVELLE} {ANNE}"),
        ("apres", "2026-04-01 09:00", NOUVELLE),
    ):
        p.dire("appel", id, appel(id, quand, assure=assure))
    assert p.lus("reiteration") == {AUCUN: 1, "3": 1, "28": 1, "2": 1}
    assert p.lus("contact_induit") == {AUCUN: 2, "ij": 2}
    assert len(p.chaines()) == 2


def test_sans_les_deux_pseudonymes_la_chaine_se_romprait() -> None:
    p = Personnes()
    p.dire("appel", "A1", appel("a1", "2026-02-27 09:00"))
    p.dire("appel", "A2", appel("a2", "2026-03-02 09:00", assure=NOUVELLE))
    assert p.lus("reiteration") == {AUCUN: 2}


def test_un_dossier_dit_sous_la_cle_d_avant_puis_sous_la_nouvelle_reste_dans_les_deux_chaines() -> None:
    """The IJ was received under the old key and is paid under the new one: who called before was induced all along."""
    p = Personnes()
    p.dire("ij", "I1", ij("i1", "2026-01-02 09:00"))
    p.dire("appel", "A1", appel("a1", "2026-02-20 09:00"))
    t = ts("2026-04-20 09:00")
    p.dire("ij", "I1", Contenu(1, "i2", 0, t, {"payee": t}, CPAM, assure=NOUVELLE))
    p.dire("appel", "A2", appel("a2", "2026-04-10 09:00", assure=NOUVELLE))
    p.dire("appel", "A3", appel("a3", "2026-04-21 09:00", assure=NOUVELLE))
    assert p.lus("contact_induit") == {"ij": 2, AUCUN: 1}


@pytest.mark.parametrize(("repondu", "attendu"), [("2026-03-04 09:00", "tenu"), ("2026-03-04 09:01", "")])
def test_un_courriel_dit_s_il_a_eu_sa_reponse_en_48_heures_bornes_comprises(repondu: str, attendu: str) -> None:
    p = Personnes()
    t = ts(repondu)
    p.dire("courriel", "M1", ecrit("m1", "2026-03-02 09:00"))
    p.dire("courriel", "M1", Contenu(1, "m2", 0, t, {"repondu": t}))
    assert p.lus("reiteration", 5) == {attendu: 1}


def test_le_travail_d_une_autre_caisse_reste_attribue_des_deux_cotes() -> None:
    p = Personnes()
    p.dire("appel", "A1", appel("a1", "2026-03-02 09:00", productrice=PRENANTE))
    (etat,) = p.chaines().values()
    for _, dims, _ in p.calcul.contributions(list(etat.values())):
        assert dims[1:3] == (CPAM, PRENANTE)


def test_deux_contacts_au_meme_instant_dans_deux_caisses_touchent_les_deux_et_restent_tries() -> None:
    p = Personnes()
    p.dire("appel", "A1", appel("a1", "2026-03-02 09:00", caisse=CGSS))
    p.dire("appel", "A2", appel("a2", "2026-03-02 09:00"))
    (etat,) = p.chaines().values()
    contributions = p.calcul.contributions(list(etat.values()))
    assert contributions == sorted(contributions)
    assert {dims[1] for _, dims, _ in contributions} == {CPAM, CGSS}


def test_une_annonce_se_relit_comme_elle_est_dite_et_une_autre_ligne_est_refusee() -> None:
    p = Personnes()
    p.dire("appel", "A1", appel("a1", "2026-03-02 09:00"))
    p.dire("appel", "A1", Contenu(1, "a1", 2**31 - 1))
    lus = [LecteurPersonnes().lire(annoncer("contacts", d, 20_514, 2)[1]) for d in p.annonces]
    assert [lu.contenu for lu in lus] == [contenu for _, contenu in p.annonces]
    assert {(lu.process, lu.namespace, lu.subject, lu.cause) for lu in lus} == {("reiteration", "vigie", ANNE, 2)}
    sans_personne = annoncer("contacts", p.annonces[0], 20_514, 2)[1].replace(ANNE.encode(), b"")
    for ligne in (b"{}", b"rien", b'{"id":"x"}', sans_personne):
        with pytest.raises(Refus):
            LecteurPersonnes().lire(ligne)


# In any order. A story is a set of events; one dossier may be corrected, withdrawn, change person, caisse or motif.

INSTANTS = st.sampled_from(
    [ts(f"2026-03-{jour:02d} {heure}") for jour in (1, 2, 5, 9, 28) for heure in ("00:10", "23:50")]
)


@st.composite
def evenements(draw: st.DrawFn) -> tuple[str, str, Contenu]:
    process = draw(st.sampled_from(["appel", "courriel", "ij", "cmuc_acs"]))
    subject = draw(st.sampled_from(["1", "2", "3"]))
    id, revision = f"{process}{subject}-{draw(st.integers(0, 1))}", draw(st.integers(0, 2))
    if draw(st.integers(0, 9)) == 0:
        return process, subject, Contenu(1, id, revision)
    t, fin = draw(INSTANTS), draw(INSTANTS)
    jalons: dict[str, int | list[int]] = {
        "appel": {"presente": t, "decroche": t + 5}, "courriel": {"recu": t, "repondu": fin},
        "ij": {"aat_recu": t - 2_000_000, "dsij_recue": t - 2_000_000, "payee": fin},
        "cmuc_acs": {"recue": t - 2_600_000},
    }[process]  # fmt: skip
    for nom in draw(st.sets(st.sampled_from(sorted(jalons)), max_size=1)):
        del jalons[nom]
    motif = draw(st.sampled_from(["", "droits", "remboursement"]))
    return process, subject, Contenu(
        1, id, revision, t, jalons, draw(st.sampled_from([0, CPAM, CGSS])),
        attributs={"motif": motif} if motif and process in ("appel", "courriel") else {},
        assure=draw(st.sampled_from(["", ANNE, BRUNO, NOUVELLE, f"{NOUVELLE} {ANNE}", f"{ANNE} {NOUVELLE}"])),
    )  # fmt: skip


def naif(p: Personnes) -> Counter[tuple[str, ...]]:
    """The same cells, read at once off the final dossiers: nothing is announced, nothing merged."""
    regroupe = Personnes()
    regroupe.codes = p.codes
    regroupe.calcul = p.calcul
    for cle, etat in p.dossiers.items():
        derivation = Derivation(processus(cle.split("|")[0]), REGLES, lieux(), lambda code: "")
        regroupe.annonces += derivation.derives(cle, None, etat)
    return regroupe.cellules()


@settings(max_examples=150, deadline=None)
@given(st.lists(evenements(), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_tout_ordre_toute_repetition_des_evenements_et_des_annonces_donne_les_memes_cellules(suite, hasard) -> None:
    cellules = []
    for _ in range(3):
        p = Personnes()
        joue = suite + hasard.sample(suite, len(suite) // 2)
        hasard.shuffle(joue)
        for process, subject, contenu in joue:
            p.dire(process, subject, contenu)
        desordre = p.annonces + hasard.sample(p.annonces, len(p.annonces) // 2)
        hasard.shuffle(desordre)
        cellules.append(p.cellules(desordre))
        assert cellules[-1] == p.cellules() == naif(p)
    assert cellules[0] == cellules[1] == cellules[2]


@settings(max_examples=100, deadline=None)
@given(st.lists(evenements(), min_size=2, max_size=8))
def test_la_version_d_un_dossier_monte_a_chaque_changement(suite) -> None:
    etat: Etat = {}
    for _, _, contenu in suite:
        avant = version_de(etat)
        assert (version_de(etat) > avant) if joindre(etat, contenu) else (version_de(etat) == avant)


def test_une_strate_que_le_dictionnaire_ne_connait_pas_encore_est_redemandee() -> None:
    """The consumer computes once to learn which names are missing, then again: the first answer must not stay."""

    class Incomplet(Codes):
        pret = False

        def code(self, genre: str, valeur: str, /) -> int:
            return 0 if genre == "strate" and not self.pret else super().code(genre, valeur)

    codes = Incomplet()
    calcul = CalculChaine(REGLES, lieux(), codes)
    personnes = Personnes()
    personnes.dire("appel", "A1", appel("a1", "2026-03-02 09:00"))
    (chaine,) = personnes.chaines().values()
    rang = DIMENSIONS[FLUX].index("strate")
    assert {dims[rang] for _, dims, _ in calcul.contributions(list(chaine.values()))} == {0}
    codes.pret = True
    assert 0 not in {dims[rang] for _, dims, _ in calcul.contributions(list(chaine.values()))}
