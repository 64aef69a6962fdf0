"""The register of pôles: what enters, what is refused and why, and what stays of every change."""

from collections.abc import AsyncIterator

import pytest

from services.entraide.domain.semaines import Horizon
from services.entraide.poles import store
from services.entraide.poles.importation import REGISTRE as REGISTRE_LIVRE
from services.entraide.poles.lecture_csv import lire_csv
from shared.network.jours import jour_de
from tests.integration.entraide.atelier_plans import LUNDI, Entraide, Proprietaires, lundi, ouvrir_entraide


@pytest.fixture
async def entraide(postgres_url: str) -> AsyncIterator[Entraide]:
    async with ouvrir_entraide(postgres_url, Proprietaires(), registre=None) as ouvert:
        yield ouvert


async def test_une_ligne_fautive_est_refusee_avec_sa_place_et_sa_raison_les_autres_entrent(entraide: Entraide) -> None:
    fichier = (
        "cle;caisse;process;etp;exceptions\n"
        "a;CPAM de Paris;ij|cmuc_acs;2,5;2026-12-21=0\n"
        "b;cpam-13;carte_vitale;1;\n"
        "c;cpam-13;ij;deux;\n"
        "d;cpam-13;ij;1;2026-12-22=0\n"
        "a;cpam-13;ij;1;\n"
        "e;cpam-13;ij\n"
        "f;cpam-59-lille;ij;1;\n"
    )
    bilan = await entraide.poster("/v1/poles/import", fichier, 200)
    assert (bilan["crees"], bilan["modifies"], bilan["inchanges"]) == (1, 0, 0)
    places = [(r["ligne"], r["colonne"]) for r in bilan["refusees"]]
    assert places == [(3, "process"), (4, "etp"), (5, "exceptions"), (6, "cle"), (7, None), (8, "caisse")]
    assert "carte_vitale" in bilan["refusees"][0]["raison"], "PHARE ne couvre pas la carte Vitale"
    pole = await entraide.lire("/v1/poles/a")
    assert (pole["caisse"], pole["etp"], pole["exceptions"]) == ("cpam-75", 2.5, {"2026-12-21": 0.0})
    assert pole["voies"] == ["corbeille_diademe"], "la voie d'accès est celle de ses process"
    assert (await entraide.poster("/v1/poles/import", fichier, 200))["inchanges"] == 1


async def test_un_changement_demande_ce_qui_a_ete_lu_et_laisse_sa_trace(entraide: Entraide) -> None:
    donne = {"caisse": "cpam-41", "process": ["ij"], "etp": 2, "productivites": {"ij": 5000}}
    await entraide.poster("/v1/poles", {"cle": "loir", **donne})
    assert (await entraide.envoyer("POST", "/v1/poles", {"cle": "loir", **donne})).status_code == 409
    vu = await entraide.etag("/v1/poles/loir")
    assert (await entraide.envoyer("PUT", "/v1/poles/loir", donne)).status_code == 428
    change = await entraide.envoyer("PUT", "/v1/poles/loir?motif=Un+départ", donne | {"etp": 1}, if_match=vu)
    assert change.status_code == 200
    assert change.headers["etag"] == await entraide.etag("/v1/poles/loir")
    assert (await entraide.envoyer("PUT", "/v1/poles/loir", donne, if_match=vu)).status_code == 412
    vu = await entraide.etag("/v1/poles/loir")
    assert (await entraide.envoyer("DELETE", "/v1/poles/loir?motif=Fermé", if_match=vu)).status_code == 200
    assert (await entraide.lire("/v1/poles"))["poles"] == []
    histoire = (await entraide.lire("/v1/poles/loir/historique"))["historique"]
    assert [(t["action"], t["motif"]) for t in histoire] == [
        ("creation", None), ("modification", "Un départ"), ("retrait", "Fermé"),
    ]  # fmt: skip
    assert (histoire[1]["avant"]["etp"], histoire[1]["apres"]["etp"]) == (2.0, 1.0)


async def test_une_offre_ajoute_ses_etp_aux_semaines_qu_elle_couvre_en_entier(entraide: Entraide) -> None:
    await entraide.poster("/v1/poles", {"cle": "loir", "caisse": "cpam-41", "process": ["ij"], "etp": 2})
    corps = {"pole": "loir", "process": "fsp", "etp": 1.5, "du": "2026-11-11", "au": "2026-11-27"}
    assert (await entraide.envoyer("POST", "/v1/offres", corps | {"pole": "rien"})).status_code == 422
    numero = (await entraide.poster("/v1/offres", corps))["id"]
    horizon = Horizon(jour_de(LUNDI), 4)

    async def etp() -> tuple[float, ...]:
        async with entraide.service.moteur.connect() as conn:
            (pole,) = await store.poles_allouables(conn, horizon)
        return pole.etp_par_semaine(horizon)

    assert await etp() == (2.0, 3.5, 3.5, 2.0)
    vu = await entraide.etag(f"/v1/offres/{numero}")
    assert (await entraide.envoyer("DELETE", f"/v1/offres/{numero}", if_match=vu)).status_code == 200
    assert await etp() == (2.0,) * 4
    assert lundi(0) == "2026-11-09"


def test_le_registre_livre_a_le_total_et_les_parts_des_sources_et_se_dit_suppose() -> None:
    """IGAS 2017, tome I [64]: 140 ETP, 35 % on platforms, 25 % on CMU-C/ACS, 15 % on IJ."""
    lues, refusees = lire_csv(REGISTRE_LIVRE.read_text(encoding="utf-8"))
    poles = [ligne.pole for ligne in lues]
    assert refusees == []
    assert all(p.hypothese and p.source for p in poles)
    etp = {process: sum(p.etp for p in poles if process in p.process) for process in ("appel", "cmuc_acs", "ij")}
    assert sum(p.etp for p in poles) == 140
    assert etp == {"appel": 0.35 * 140, "cmuc_acs": 0.25 * 140, "ij": 0.15 * 140}
