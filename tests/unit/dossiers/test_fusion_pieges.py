"""The worked traps of the merge, one by one, with figures counted by hand."""

import dataclasses
from itertools import permutations

import pytest

from shared.catalogue.processus import processus
from shared.dossiers.contributions import DIMENSIONS, Calcul, DictionnaireIncomplet
from shared.dossiers.dictionnaire import PLATEFORMES_MAX, numeroter
from shared.dossiers.effets import fusionner
from shared.dossiers.etat import contenus_de, decoder_etat, encoder_contenus, joindre
from shared.events.contrat import REVISION_MAX, Contenu
from tests.unit.dossiers.atelier import (
    CGSS,
    CORRECTION,
    CPAM,
    NORMAL,
    PRENANTE,
    RETRAIT,
    TARDIF,
    Codes,
    Dit,
    Magasin,
    evenement,
    jouer,
    jour,
    lieux,
    seules,
    ts,
)

RECUE = Dit("r", {"recue": ts("2026-03-02 09:00")})


def dims(magasin: Magasin, genre: int) -> dict[str, int]:
    """Dimensions of the only contribution of a kind, by name."""
    (trouvee,) = [d for g, d, _ in seules(magasin) if g == genre]
    return dict(zip(DIMENSIONS[genre], trouvee, strict=True))


@pytest.mark.parametrize("ordre", list(permutations(range(3))))
def test_premier_gagne_puis_est_retire_le_second_compte_dans_les_six_ordres(ordre: tuple[int, ...]) -> None:
    trois = [
        Dit("A", {"recue": ts("2026-03-03 09:00")}),
        Dit("B", {"recue": ts("2026-03-05 09:00")}),
        Dit("A", retrait=True, revision=REVISION_MAX),
    ]
    magasin = jouer("cmuc_acs", [[trois[i]] for i in ordre])
    assert dims(magasin, 0)["jour"] == jour("2026-03-05")
    assert magasin.sommes() == magasin.gardees()
    assert sum(magasin.sommes().values()) == 1


@pytest.mark.parametrize("ordre", list(permutations(range(4))))
def test_deux_suspensions_du_5_au_15_et_du_20_au_30_font_vingt_jours_dans_tout_ordre(ordre: tuple[int, ...]) -> None:
    bascules = [
        Dit("i1", {"incomplete": [ts("2026-03-05 10:00")]}),
        Dit("c1", {"completee": [ts("2026-03-15 10:00")]}),
        Dit("i2", {"incomplete": [ts("2026-03-20 10:00")]}),
        Dit("c2", {"completee": [ts("2026-03-30 10:00")]}),
    ]
    fin = Dit("d", {"decidee_accord": ts("2026-04-10 09:00")})
    magasin = jouer("cmuc_acs", [[RECUE], [bascules[i] for i in ordre], [fin]])
    clos = dims(magasin, 1)
    assert clos["jour_clos"] - clos["jour_ouvert"] == 39
    assert clos["jours_hors_suspension"] == 39 - 20
    # 20 days of 24 h, less the hour lost on 29 March.
    assert seules(magasin)[1][2][2] == 20 * 86_400 - 3_600


def test_une_suspension_close_et_une_autre_ouverte_au_meme_instant_comptent_toutes_deux() -> None:
    jalons = {
        "recue": ts("2026-03-02 00:00"),
        "incomplete": [ts("2026-03-05 00:00"), ts("2026-03-15 00:00")],
        "completee": [ts("2026-03-15 00:00"), ts("2026-03-20 00:00")],
        "decidee_accord": ts("2026-03-25 00:00"),
    }
    assert dims(jouer("cmuc_acs", [[Dit("x", jalons)]]), 1)["jours_hors_suspension"] == 23 - 15


def test_une_suspension_jamais_levee_dure_jusqu_a_la_decision() -> None:
    jalons = {
        "recue": ts("2026-03-02 09:00"),
        "incomplete": [ts("2026-03-10 09:00")],
        "decidee_refus": ts("2026-03-25 09:00"),
    }
    assert dims(jouer("cmuc_acs", [[Dit("x", jalons)]]), 1)["jours_hors_suspension"] == 8


def test_un_retrait_venu_avant_sa_cible_est_garde_et_l_annule() -> None:
    magasin = jouer("cmuc_acs", [[Dit("A", retrait=True, revision=REVISION_MAX)]])
    assert seules(magasin) == []
    assert magasin.sommes() == {}
    magasin.lot([Dit("A", {"recue": ts("2026-03-03 09:00")})])
    magasin.lot([Dit("A", {"recue": ts("2026-03-04 09:00")}, revision=7)])
    assert seules(magasin) == []
    assert magasin.sommes() == {}


def test_un_retrait_numerote_laisse_revivre_une_revision_plus_haute() -> None:
    magasin = jouer(
        "cmuc_acs",
        [[dataclasses.replace(RECUE, revision=2), Dit("r", retrait=True, revision=1), RECUE]],
    )
    assert len(seules(magasin)) == 1


def test_un_retrait_n_atteint_que_l_evenement_de_sa_propre_source() -> None:
    magasin = jouer("cmuc_acs", [[RECUE, Dit("r", retrait=True, revision=REVISION_MAX, source="b")]])
    assert len(seules(magasin)) == 1


@pytest.mark.parametrize("ordre", list(permutations(range(2))))
def test_la_premiere_ij_part_de_la_seconde_piece_dans_les_deux_ordres(ordre: tuple[int, ...]) -> None:
    pieces = [Dit("a", {"aat_recu": ts("2026-03-02 09:00")}), Dit("d", {"dsij_recue": ts("2026-03-10 08:00")})]
    magasin = Magasin("ij")
    magasin.lot([pieces[ordre[0]]])
    assert seules(magasin) == []
    magasin.lot([pieces[ordre[1]]])
    magasin.lot([Dit("p", {"payee": ts("2026-03-12 08:00")})])
    assert dims(magasin, 0)["jour"] == jour("2026-03-10")
    assert seules(magasin)[1][2] == (1, 2 * 86_400, 0, 0, 7 * 86_400 + 23 * 3_600, 0, 2 * 86_400, 0)


def test_48_h_30_n_est_pas_en_48_h_et_48_h_l_est() -> None:
    for minutes, heures in ((0, 48), (30, 49)):
        jalons = {"recu": ts("2026-03-02 09:00"), "repondu": ts(f"2026-03-04 09:{minutes:02d}")}
        assert dims(jouer("courriel", [[Dit("x", jalons)]]), 1)["heures"] == heures


def test_un_arret_venu_avant_son_depart_attend_et_n_est_pas_une_erreur() -> None:
    magasin = jouer("fse", [[Dit("p", {"payee": ts("2026-03-09 10:00")})]])
    assert seules(magasin) == []
    magasin.lot([Dit("r", {"recue": ts("2026-03-02 10:00")})])
    assert [g for g, _, _ in seules(magasin)] == [0, 1]


def test_un_arret_date_de_la_veille_du_depart_ne_clot_pas_et_du_meme_jour_clot_en_zero_jour() -> None:
    for fin, kinds in (("2026-03-01 23:59", [0]), ("2026-03-02 08:00", [0, 1])):
        magasin = jouer("fse", [[Dit("x", {"recue": ts("2026-03-02 10:00"), "payee": ts(fin)})]])
        assert [g for g, _, _ in seules(magasin)] == kinds
    # The seconds stay those the source says, so that sums of seconds, and means, are exact.
    assert seules(magasin)[1][2][:2] == (1, -2 * 3_600)
    assert dims(magasin, 1)["jour_ouvert"] == dims(magasin, 1)["jour_clos"]


def test_un_courriel_repondu_le_meme_jour_avant_son_arrivee_l_est_en_zero_heure() -> None:
    magasin = jouer("courriel", [[Dit("x", {"recu": ts("2026-03-02 12:00"), "repondu": ts("2026-03-02 08:00")})]])
    assert (dims(magasin, 1)["heures"], dims(magasin, 1)["heures_ouvrees"]) == (0, 0)


def test_un_appel_decroche_avant_d_etre_presente_n_a_pas_d_attente_negative() -> None:
    magasin = jouer("appel", [[Dit("x", {"presente": ts("2026-03-02 12:00"), "decroche": ts("2026-03-02 11:59")})]])
    assert dims(magasin, 3)["secondes"] == 0


def test_un_arret_trop_ancien_ne_cache_pas_celui_qui_clot() -> None:
    jalons = {"recue": ts("2026-03-02 10:00"), "payee": ts("2026-02-20 10:00"), "rejetee": ts("2026-03-05 10:00")}
    magasin = jouer("fse", [[Dit("x", jalons)]])
    assert magasin.codes.nom("issue", dims(magasin, 1)["issue"]) == "rejet"


def test_quand_un_dossier_change_de_caisse_la_nouvelle_porte_toute_son_histoire() -> None:
    lundi, mardi = jour("2026-03-09"), jour("2026-03-10")
    plein = Dit("x", {"recue": ts("2026-03-02 01:00"), "payee": ts("2026-03-09 09:00")}, enregistre=lundi)
    magasin = jouer("fse", [[plein]])
    avant = magasin.sommes()
    magasin.lot(
        [dataclasses.replace(plein, caisse=CGSS, revision=1, enregistre=mardi, cause=CORRECTION)],
    )
    assert {cle[1][1] for cle in magasin.sommes()} == {CGSS}
    assert magasin.sommes() == magasin.gardees()
    assert magasin.sommes(lundi) == avant  # as known on Monday, still the former
    # 01:00 in Paris on 2 March is 04:00 on La Réunion the same day; 23:00 the day before would be 2 March there.
    assert dims(magasin, 0)["jour"] == jour("2026-03-02")
    tard = jouer("fse", [[Dit("y", {"recue": ts("2026-03-01 23:00")}, caisse=CGSS)]])
    assert dims(tard, 0)["jour"] == jour("2026-03-02")


def test_deux_sources_d_un_meme_numero_font_un_seul_dossier() -> None:
    magasin = jouer(
        "fse",
        [
            [Dit("1", {"recue": ts("2026-03-03 10:00")}, source="gestion")],
            [Dit("1", {"recue": ts("2026-03-02 10:00"), "payee": ts("2026-03-06 10:00")}, source="paie", caisse=0)],
        ],
    )
    assert dims(magasin, 0)["jour"] == jour("2026-03-02")
    assert dims(magasin, 1)["caisse"] == CPAM
    assert len(magasin.dossiers()) == 1


def test_a_revision_egale_le_plus_grand_condense_gagne_quel_que_soit_l_ordre() -> None:
    deux = [Contenu(1, "x", 3, 10, {"recue": 10}, CPAM), Contenu(1, "x", 3, 20, {"recue": 20}, CGSS)]
    fins = []
    for suite in (deux, deux[::-1], [*deux, *deux]):
        etat: dict = {}
        for contenu in suite:
            joindre(etat, contenu)
        fins.append(encoder_contenus(contenus_de(etat)))
    assert fins[0] == fins[1] == fins[2]


def test_deux_etats_egaux_sont_les_memes_octets_quel_que_soit_l_ordre_des_champs() -> None:
    un = Contenu(1, "x", 0, 10, {"recue": 10, "payee": 20}, CPAM, 0, "", 0, {"b": "1", "a": "2"})
    autre = Contenu(1, "x", 0, 10, {"payee": 20, "recue": 10}, CPAM, 0, "", 0, {"a": "2", "b": "1"})
    assert encoder_contenus([un]) == encoder_contenus([autre])
    assert decoder_etat(encoder_contenus([un])) == {(1, "x"): autre}
    assert not joindre({(1, "x"): un}, autre)


def test_les_attributs_sont_les_derniers_dits_par_date_puis_source_puis_id() -> None:
    def support(*dits: Dit) -> str:
        magasin = jouer("cmuc_acs", [dits], codes=Codes(("source", "z"), ("source", "a")))
        return magasin.codes.nom("strate", dims(magasin, 0)["strate"])

    def dit(id_: str, source: str, valeur: str, temps: int) -> Dit:
        return Dit(id_, {"recue": 1_000_000_000}, source=source, attributs={"support": valeur}, temps=temps)

    assert support(dit("1", "a", "courrier", 5), dit("2", "a", "accueil", 4)) == "support=courrier"
    assert support(dit("2", "a", "courrier", 5), dit("1", "z", "accueil", 5)) == "support=accueil"
    assert support(dit("2", "a", "courrier", 5), dit("1", "a", "accueil", 5)) == "support=courrier"


def test_un_envoi_de_n_dossiers_compte_n_fois_jusqu_aux_secondes() -> None:
    magasin = jouer("fse", [[Dit("x", {"recue": ts("2026-03-02 10:00"), "payee": ts("2026-03-02 11:00")}, nombre=40)]])
    assert seules(magasin)[0][2] == (40,)
    assert seules(magasin)[1][2] == (40, 40 * 3_600, 0, 0, 0, 0, 40 * 3_600, 0)


def test_ce_que_tient_la_caisse_est_a_la_prenante_quand_le_registre_le_dit() -> None:
    plein = Dit("x", {"recue": ts("2026-03-02 10:00"), "payee": ts("2026-03-02 11:00")})
    magasin = jouer("fse", [[plein]], reseau=lieux({CPAM: PRENANTE}))
    assert (dims(magasin, 1)["caisse"], dims(magasin, 1)["productrice"]) == (CPAM, PRENANTE)
    assert seules(magasin)[1][2] == (1, 3_600, 0, 0, 0, 0, 0, 3_600)
    dite = dataclasses.replace(plein, productrice=CGSS)
    assert dims(jouer("fse", [[dite]], reseau=lieux({CPAM: PRENANTE})), 1)["productrice"] == CGSS


def test_une_demande_decidee_a_l_instant_de_son_arrivee_est_close_en_zero_seconde() -> None:
    instant = ts("2026-03-02 10:00")
    magasin = jouer("cmuc_acs", [[Dit("x", {"recue": instant, "decidee_accord": instant})]])
    assert seules(magasin)[1][2] == (1, 0, 0, 0, 0, 0, 0, 0)


def test_une_correction_qui_change_les_jalons_deplace_les_cellules_sous_sa_cause() -> None:
    mardi = jour("2026-03-10")
    avant = Dit("x", {"recue": ts("2026-03-02 10:00")}, enregistre=mardi)
    apres = Dit("x", {"recue": ts("2026-03-03 10:00")}, revision=1, enregistre=mardi, cause=CORRECTION)
    magasin = jouer("fse", [[avant, apres]])
    assert {(c[3], c[1][3], n) for c, n in magasin.versions().items()} == {
        (NORMAL, jour("2026-03-02"), 1),
        (CORRECTION, jour("2026-03-02"), -1),
        (CORRECTION, jour("2026-03-03"), 1),
    }


def test_chaque_cause_garde_ce_qui_a_bouge_par_elle() -> None:
    recue = Dit("r", {"recue": ts("2026-03-02 10:00")}, enregistre=10)
    payee = Dit("p", {"payee": ts("2026-03-04 10:00")}, enregistre=11, cause=TARDIF)
    retrait = Dit("p", retrait=True, revision=9, enregistre=12, cause=RETRAIT)
    magasin = jouer("fse", [[recue, payee, retrait]])
    assert {(c[0], c[2], c[3], n) for c, n in magasin.versions().items() if c[4] == 0} == {
        (0, 10, NORMAL, 1),
        (1, 11, TARDIF, 1),
        (1, 12, RETRAIT, -1),
    }


def test_un_double_ou_une_revision_depassee_ne_change_rien_et_n_ecrit_pas_la_ligne() -> None:
    codes = Codes()
    magasin = Magasin("fse", codes)
    corrige = Dit("x", {"recue": ts("2026-03-02 10:00")}, revision=3)
    magasin.lot([corrige])
    suite = [((99, 0), evenement(d, codes, "fse").contenu) for d in (corrige, dataclasses.replace(corrige, revision=2))]
    ligne = magasin.lignes["D1", 1]
    effets = fusionner({("D1", 1): (magasin.calcul, suite)}, {("D1", 1): (ligne[2], ligne[3], ligne[7])})
    assert (effets.nouvelles, effets.changees, effets.cellules, effets.sans_effet) == ([], [], {}, 2)


def test_un_evenement_enregistre_la_veille_de_celui_qu_il_corrige_compte_le_meme_jour_que_lui() -> None:
    recue = Dit("x", {"recue": ts("2026-03-02 10:00")}, enregistre=20)
    ailleurs = dataclasses.replace(recue, caisse=CGSS, revision=1, enregistre=19, cause=CORRECTION)
    magasin = jouer("fse", [[recue], [ailleurs]])
    assert magasin.sommes(19) == {}
    assert {c[1][1]: n for c, n in magasin.sommes(20).items()} == {CGSS: 1}


def test_un_jalon_a_venir_compte_a_son_jour() -> None:
    magasin = jouer("fse", [[Dit("x", {"recue": ts("2027-01-04 10:00")}, enregistre=jour("2026-03-02"))]])
    assert dims(magasin, 0)["jour"] == jour("2027-01-04")


def test_un_dossier_sans_caisse_attend_qu_on_la_dise() -> None:
    magasin = jouer("fse", [[Dit("r", {"recue": ts("2026-03-02 10:00")}, caisse=0)]])
    assert seules(magasin) == []
    magasin.lot([Dit("q", {"numerisee": ts("2026-03-02 12:00")})])
    assert dims(magasin, 0)["caisse"] == CPAM


@pytest.mark.parametrize(
    ("attente", "issue"), [(0, "abandon_court"), (5, "abandon_court"), (6, "abandon"), (4_000, "abandon")]
)
def test_un_abandon_est_court_jusqu_a_cinq_secondes_et_son_attente_est_bornee_a_une_heure(
    attente: int, issue: str
) -> None:
    debut = ts("2026-03-02 09:30")
    magasin = jouer("appel", [[Dit("x", {"presente": debut, "abandonne": debut + attente})]])
    assert magasin.codes.nom("issue", dims(magasin, 2)["issue"]) == issue
    assert dims(magasin, 2)["heure"] == 9
    assert dims(magasin, 3)["secondes"] == min(attente, 3_600)


def test_un_appel_dont_on_ne_connait_que_la_fin_compte_a_sa_fin_puis_a_son_arrivee() -> None:
    magasin = jouer("appel", [[Dit("f", {"decroche": ts("2026-03-02 10:00") + 20})]])
    assert dims(magasin, 2)["heure"] == 10
    magasin.lot([Dit("d", {"presente": ts("2026-03-02 09:59")})])
    assert (dims(magasin, 2)["heure"], dims(magasin, 3)["secondes"]) == (9, 80)


def test_un_appel_arrive_et_pas_fini_est_en_cours() -> None:
    magasin = jouer("appel", [[Dit("d", {"presente": ts("2026-03-02 09:59")})]])
    assert magasin.codes.nom("issue", dims(magasin, 2)["issue"]) == "en_cours"


def test_un_jalon_qui_n_est_plus_multiple_compte_pour_sa_premiere_ou_sa_derniere_date() -> None:
    deux = {"recue": ts("2026-03-01 10:00"), "decidee_accord": ts("2026-04-01 10:00")}
    for regle, attendu in (("premier", "2026-03-05"), ("dernier", "2026-03-09")):
        ancien = processus("cmuc_acs")
        nouveau = dataclasses.replace(ancien, depart=("incomplete",), jalons={**ancien.jalons, "incomplete": regle})
        jalons = {**deux, "incomplete": [ts("2026-03-05 10:00"), ts("2026-03-09 10:00")]}
        assert dims(jouer(nouveau, [[Dit("x", jalons)]]), 0)["jour"] == jour(attendu)


def test_une_reclamation_repondue_deux_fois_est_close_a_sa_derniere_reponse() -> None:
    reponses = [Dit(str(j), {"repondue": ts(f"2026-03-{j:02d} 10:00")}) for j in (20, 10)]
    magasin = jouer("reclamation", [[RECUE], [reponses[0]], [reponses[1]]])
    assert dims(magasin, 1)["jour_clos"] == jour("2026-03-20")


def test_un_calcul_ne_se_fait_pas_sous_le_numero_zero() -> None:
    class SansCode(Codes):
        def code(self, genre: str, valeur: str, /) -> int:
            return 0 if valeur == "rejet" else super().code(genre, valeur)

    with pytest.raises(DictionnaireIncomplet, match="rejet"):
        Calcul(processus("fse"), lieux(), SansCode())


def test_les_plateformes_en_trop_ne_debordent_pas_de_leur_colonne() -> None:
    pris = [("plateforme", code) for code in range(1, PLATEFORMES_MAX)]
    lignes = numeroter([("plateforme", "a"), ("plateforme", "b"), ("serie", "s")], pris)
    assert lignes == [("plateforme", PLATEFORMES_MAX, "a"), ("serie", 1, "s")]
