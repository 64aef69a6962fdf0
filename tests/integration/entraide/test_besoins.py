"""Needs: from the comité and from the caisses, in the unit of their process, once each, and never dropped."""

from collections.abc import AsyncIterator
from itertools import accumulate

import pytest

from services.entraide.besoins.consumers import TYPE_DECIDES, TYPE_PROVISOIRES
from tests.integration.api.conftest import instant
from tests.integration.entraide.atelier_plans import (
    Entraide,
    Proprietaires,
    crise_ij,
    demande,
    lundi,
    ouvrir_entraide,
)


@pytest.fixture
async def entraide(postgres_url: str) -> AsyncIterator[Entraide]:
    async with ouvrir_entraide(postgres_url, Proprietaires(crise_ij(), {"cpam-31": (16_000, 70.0)})) as ouvert:
        yield ouvert


async def test_un_besoin_du_comite_est_ecrit_une_fois_et_dimensionne_dans_l_unite_du_process(
    entraide: Entraide,
) -> None:
    for _ in range(3):
        await entraide.entendre(TYPE_DECIDES, "2026-10", demande("2026-10|cpam-75|ij"))
    await entraide.dimensionner()
    (besoin,) = await entraide.besoins()
    dim = besoin["dimensionnement"]
    assert (besoin["motif"], besoin["etat"], dim["unite"]) == ("decision_comite", "ouvert", "demande")
    # 4,600 demands an ETP and a year of 251 working days (IGAS 2017, tome II, L2846; tome I [64]).
    assert dim["etp_semaines"] == pytest.approx(besoin["volume"] / (4_600 / 251 * 5), rel=1e-3)
    # The run-off by hand: what is due by the end of each week at 20 days (25 less a fifth in reserve), less
    # what was worked; oldest first.
    ages = [rang * 20 / 20 + 3 for rang in range(20)]
    fait, ajoute = 0.0, []
    for semaine in range(12):
        fin = 7 * (semaine + 1)
        dus = sum(45.0 for age in ages if age + fin >= 20)
        dus += sum(400 * min(1.0, max(0.0, (fin - 7 * r - 20) / 7)) for r in range(semaine + 1))
        fait = min(900 + 400 * (semaine + 1), fait + 320)
        ajoute.append(max(0.0, dus - fait))
        fait += ajoute[-1]
    assert dim["par_semaine"] == pytest.approx(ajoute, abs=0.01)
    assert besoin["volume"] == pytest.approx(list(accumulate(ajoute))[-1], abs=0.01)


async def test_au_telephone_le_besoin_est_ce_qui_manque_d_etp_et_se_dit_suppose(entraide: Entraide) -> None:
    await entraide.entendre(TYPE_DECIDES, "2026-10", demande("2026-10|cpam-31|appel", "cpam-31", "appel"))
    await entraide.dimensionner()
    (besoin,) = await entraide.besoins()
    dim = besoin["dimensionnement"]
    assert dim["unite"] == "appel"
    assert dim["etp_presents_hypothese"] is True
    assert min(dim["etp_par_semaine"]) > 0
    assert dim["decroche"][0] == pytest.approx(0.70, abs=0.01), "l'effectif lu explique le taux observé"


async def test_un_process_que_rien_ne_convertit_reste_avec_sa_raison(entraide: Entraide) -> None:
    autre = demande("2026-10|cpam-75|reclamation", process="reclamation")
    await entraide.entendre(TYPE_DECIDES, "2026-10", autre, demande("2026-10|cpam-13|ij", "cpam-13"))
    await entraide.dimensionner()
    par_process = {b["process"]: b for b in await entraide.besoins()}
    assert {b["etat"] for b in par_process.values()} == {"non_dimensionne"}
    assert "reclamation" in par_process["reclamation"]["phrase"]
    assert "cpam-13 n'a pas assez d'histoire" in par_process["ij"]["phrase"]


async def test_un_service_muet_remet_le_dimensionnement_sans_rien_perdre(entraide: Entraide) -> None:
    entraide.proprietaires.muets.add("claims")
    await entraide.entendre(TYPE_DECIDES, "2026-10", demande("2026-10|cpam-75|ij"))
    await entraide.dimensionner()
    (besoin,) = await entraide.besoins()
    assert besoin["etat"] == "a_dimensionner"
    assert "claims ne répond pas" in besoin["phrase"]
    entraide.proprietaires.muets.clear()
    await entraide.dimensionner()
    assert (await entraide.besoins())[0]["etat"] == "ouvert"


async def test_la_decision_clot_les_besoins_provisoires_et_remplace_celui_du_mois_d_avant(entraide: Entraide) -> None:
    await entraide.entendre(TYPE_DECIDES, "2026-09", demande("2026-09|cpam-75|ij"))
    await entraide.entendre(TYPE_PROVISOIRES, "2026-10", demande("2026-10|cpam-75|ij"))
    assert {b["provisoire"] for b in await entraide.besoins()} == {True, False}
    await entraide.entendre(TYPE_DECIDES, "2026-10", demande("2026-10|cpam-75|ij"))
    (vivant,) = await entraide.besoins()
    assert (vivant["cle"], vivant["provisoire"]) == ("2026-10|cpam-75|ij", False)
    clos = {b["cle"]: b["id"] for b in await entraide.besoins(etat="clos")}
    histoire = (await entraide.lire(f"/v1/besoins/{clos['2026-09|cpam-75|ij']}/historique"))["historique"]
    assert histoire[-1]["motif"] == "Remplacé par 2026-10|cpam-75|ij."


async def test_une_caisse_demande_elle_meme_un_adossement_sans_personnel(entraide: Entraide) -> None:
    corps = {
        "caisse": "cpam-61", "process": "ij", "motif": "adossement", "debut": lundi(0), "fin": lundi(11),
        "arrivees_en_plus": {lundi(rang): 150 for rang in range(4)},
    }  # fmt: skip
    numero = (await entraide.poster("/v1/besoins", corps))["id"]
    await entraide.dimensionner()
    besoin = await entraide.lire(f"/v1/besoins/{numero}")
    assert besoin["dimensionnement"]["arrivees"] == [350.0] * 4 + [200.0] * 8
    assert 0 < besoin["volume"] < 600
    refus = await entraide.envoyer("POST", "/v1/besoins", corps)
    assert (refus.status_code, str(numero) in refus.json()["detail"]) == (409, True)
    for champ, valeur in (("process", "carte_vitale"), ("fin", "2026-11-01"), ("arrivees_en_plus", {"2026-11-10": 5})):
        fautif = await entraide.envoyer("POST", "/v1/besoins", corps | {"caisse": "cpam-75", champ: valeur})
        assert fautif.status_code == 422
        assert champ in fautif.text


async def test_un_amendement_dit_pourquoi_et_sa_valeur_tient(entraide: Entraide) -> None:
    await entraide.entendre(TYPE_DECIDES, "2026-10", demande("2026-10|cpam-75|ij"))
    await entraide.dimensionner()
    (besoin,) = await entraide.besoins()
    chemin = f"/v1/besoins/{besoin['id']}"
    vu = await entraide.etag(chemin)
    change = {"volume": 120, "obstacles": ["smg"]}
    assert (await entraide.envoyer("POST", f"{chemin}/amendement", change, if_match=vu)).status_code == 422
    await entraide.poster(f"{chemin}/amendement", change | {"motif": "Le reste est au SMG"}, 200, if_match=vu)
    await entraide.dimensionner()
    amende = await entraide.lire(chemin)
    assert (amende["etat"], amende["volume"], amende["obstacles"]) == ("ouvert", 120.0, ["smg"])
    assert (await entraide.envoyer("POST", f"{chemin}/cloture", {"motif": "Fini"}, if_match=vu)).status_code == 412
    trace = (await entraide.lire(f"{chemin}/historique"))["historique"][2]
    assert (trace["action"], trace["motif"]) == ("amendement", "Le reste est au SMG")
    assert trace["changements"]["volume"] == {"avant": besoin["volume"], "apres": 120.0}


async def test_un_besoin_est_redimensionne_chaque_lundi_l_aide_convenue_comptee(entraide: Entraide) -> None:
    await entraide.entendre(TYPE_DECIDES, "2026-10", demande("2026-10|cpam-75|ij"))
    await entraide.dimensionner()
    await entraide.allouer()
    (avant,) = await entraide.besoins()
    assert avant["couvert"] > 0
    assert await entraide.dimensionner() == 0, "la semaine n'est pas finie"
    entraide.clock.advance_to(instant("2026-11-09 09:00"))
    assert await entraide.dimensionner() == 1
    assert await entraide.dimensionner() == 0
    (meme,) = await entraide.besoins()
    # One week more is looked at, in which 400 demands come and 320 are worked.
    assert avant["reste"] <= meme["reste"] <= avant["reste"] + 2 * 80

    paris = entraide.proprietaires.charges["stock_ij_premiere_non_subrogee"]
    entraide.proprietaires.charges["stock_ij_premiere_non_subrogee"] = {**paris, "cpam-75": (400.0, 460.0, 400.0, 7)}
    entraide.clock.advance_to(instant("2026-11-16 09:00"))
    assert await entraide.dimensionner() == 1
    (retablie,) = await entraide.besoins()
    assert retablie["reste"] == 0, "elle tient seule : plus rien n'est à allouer"
    assert retablie["volume"] == retablie["couvert"]


async def test_un_volume_donne_n_est_pas_redimensionne(entraide: Entraide) -> None:
    corps = {"caisse": "cpam-75", "process": "ij", "motif": "accumulation", "debut": lundi(0), "fin": lundi(8)}
    await entraide.poster("/v1/besoins", corps | {"volume": 321})
    await entraide.dimensionner()
    entraide.clock.advance_to(instant("2026-11-16 09:00"))
    assert await entraide.dimensionner() == 0
    assert [b["volume"] for b in await entraide.besoins()] == [321]
