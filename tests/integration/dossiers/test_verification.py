"""``verify``: agrees when all is well, and names what is not."""

import dataclasses
from datetime import UTC, datetime

import pytest

from shared.clock import SimulatedClock
from shared.dossiers.gardees import encoder_contributions
from shared.dossiers.pliage import plier
from shared.dossiers.reconstruction import reconstruire
from shared.dossiers.retention import des_clos, oublier
from shared.dossiers.verification import verifier
from shared.dossiers.verification_journal import JournalElague, RapportJournal, verifier_journal
from tests.integration.dossiers.conftest import FABRIQUE, SCHEMA, TOPIC, Service, evenement, histoire, sans_suspension
from tests.integration.dossiers.test_entretien import AVRIL, NOUVELLES


@pytest.fixture(autouse=True)
def trimestres_de_trois_jours(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that every history spans several."""
    monkeypatch.setattr("shared.dossiers.verification.TRIMESTRE", 3)


async def par_le_journal(service: Service, fabrique=FABRIQUE) -> RapportJournal:
    return await verifier_journal(service.url, SCHEMA, SCHEMA, TOPIC, service.journal, service.lecteur, fabrique)


async def test_tout_concorde_apres_une_histoire_melee(service: Service) -> None:
    await service.envoyer(*histoire(80))
    rapport = await verifier(service.url, SCHEMA, FABRIQUE)
    assert rapport.ok
    assert rapport.dossiers == 80
    assert rapport.cellules > 50
    assert list(rapport.lignes())[-1] == "Tout concorde."


async def test_un_service_vide_concorde(service: Service) -> None:
    assert (await verifier(service.url, SCHEMA, FABRIQUE)).ok
    assert (await par_le_journal(service)).ok


async def test_une_cellule_falsifiee_est_trouvee_et_nommee(service: Service) -> None:
    await service.envoyer(*histoire(40))
    faux = evenement("fse", "FX", {"recue": "2026-03-28 10:00"}, "2026-03-28 12:00", beneficiaire="ps")
    await service.envoyer(faux)
    strate = service.dictionnaire.connait("strate", "beneficiaire=ps")
    await service.pool.execute(f"UPDATE {SCHEMA}.ouverts SET n = n + 5 WHERE strate = {strate}")
    rapport = await verifier(service.url, SCHEMA, FABRIQUE)
    assert not rapport.ok
    assert not rapport.a_reconstruire
    (ecart,) = rapport.ecarts.exemples
    assert (ecart.table, dict(ecart.attendu), dict(ecart.trouve)) == ("ouverts", {"n": 1}, {"n": 6})
    assert {c: v for c, v in ecart.dims.items() if v} == {
        "process": "fse", "caisse": "cpam-75", "strate": "beneficiaire=ps", "jour": "2026-03-28",
    }  # fmt: skip
    assert "attendu 1, trouvé 6" in "\n".join(rapport.lignes())


async def test_une_cellule_disparue_et_une_cellule_inventee_sont_trouvees(service: Service) -> None:
    await service.envoyer(*histoire(40))
    await service.pool.execute(
        f"DELETE FROM {SCHEMA}.clos WHERE ctid = (SELECT max(ctid) FROM {SCHEMA}.clos WHERE n > 0)"
    )
    await service.pool.execute(f"INSERT INTO {SCHEMA}.flux SELECT 1, 751, 751, 0, 1, 20000, 9, 1, 20000, 0, 0, 3")
    rapport = await verifier(service.url, SCHEMA, FABRIQUE)
    assert {e.table for e in rapport.ecarts.exemples} == {"clos", "flux"}
    assert next(e for e in rapport.ecarts.exemples if e.table == "flux").attendu == {"n": 0}


async def test_ce_que_garde_un_dossier_falsifie_est_trouve_des_deux_cotes(service: Service) -> None:
    await service.envoyer(*histoire(20))
    await service.pool.execute(
        f"UPDATE {SCHEMA}.dossiers SET contributions = $1 WHERE subject = $2",
        encoder_contributions([]),
        await service.pool.fetchval(f"SELECT min(subject) FROM {SCHEMA}.dossiers WHERE jour_clos IS NOT NULL"),
    )
    rapport = await verifier(service.url, SCHEMA, FABRIQUE)
    assert rapport.ecarts.nombre >= 1
    assert sum(rapport.perimes.values()) == 1
    assert not rapport.a_reconstruire


async def test_une_regle_changee_depuis_est_a_reconstruire_et_n_est_pas_un_ecart(service: Service) -> None:
    await service.envoyer(*histoire(20))
    rapport = await verifier(service.url, SCHEMA, sans_suspension)
    assert rapport.a_reconstruire
    assert list(rapport.perimes) == ["cmuc_acs"]
    assert not rapport.ecarts.nombre
    assert "vigie reconstruire cmuc_acs" in "\n".join(rapport.lignes())


async def test_plusieurs_processus_trouvent_ce_que_trouve_un_seul(service: Service) -> None:
    await service.envoyer(*histoire(120))
    await service.pool.execute(f"UPDATE {SCHEMA}.ouverts SET n = n + 1 WHERE jour % 2 = 0")
    seul = await verifier(service.url, SCHEMA, FABRIQUE)
    deux = await verifier(service.url, SCHEMA, FABRIQUE, processus=2)
    assert seul.ecarts.nombre > 1
    assert dataclasses.replace(deux, duree=0) == dataclasses.replace(seul, duree=0)


async def test_le_journal_redonne_les_dossiers_et_les_cellules_jusqu_au_jour_et_a_la_cause(service: Service) -> None:
    await service.envoyer(*histoire(60), lot=9)
    service.journal.ajouter(b"{", 1)
    await service.consommer()
    service.journal.ajouter(evenement("fse", "pas-lu", {"recue": "2026-03-02 10:00"}, "2026-03-02 12:00"))
    rapport = await par_le_journal(service)
    assert rapport.ok, list(rapport.lignes())
    assert rapport.dossiers == 60
    assert rapport.partage_compare
    assert await service.pool.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname = 'claims_rejeu'") == 0


async def test_le_journal_montre_une_cause_ou_un_dossier_falsifie_que_les_sommes_ne_montrent_pas(
    service: Service,
) -> None:
    await service.envoyer(*histoire(40))
    une = f"SELECT ctid FROM {SCHEMA}.ouverts WHERE cause = 0 AND n > 0 LIMIT 1"
    await service.pool.execute(f"UPDATE {SCHEMA}.ouverts SET cause = 1 WHERE ctid = ({une})")
    assert (await verifier(service.url, SCHEMA, FABRIQUE)).ok
    rapport = await par_le_journal(service)
    assert rapport.ecarts.nombre == 2
    assert {e.dims["cause"] for e in rapport.ecarts.exemples} == {"normal", "tardif"}
    await service.pool.execute(f"UPDATE {SCHEMA}.dossiers SET enregistre = enregistre + 1 WHERE subject = 'C0'")
    rapport = await par_le_journal(service)
    assert rapport.exemples == ["cmuc_acs|urn:vigie:numeros:essai|C0 (enregistre différent)"]


async def test_le_journal_concorde_encore_apres_purge_et_pliage(service: Service) -> None:
    suite = histoire(60)
    await service.envoyer(*suite)
    await oublier(service.pool, SCHEMA, [des_clos("fse", AVRIL - 15)])
    await plier(service.pool, SCHEMA, service.clock)
    await service.envoyer(*[e for e in suite if e["subject"].startswith("F") and "retrait" not in e["type"]])
    assert await service.pool.fetchval(f"SELECT count(*) FROM {SCHEMA}.rejets WHERE raison = 'hors_horizon'") > 0
    rapport = await par_le_journal(service)
    assert rapport.ok, list(rapport.lignes())


async def test_le_journal_concorde_encore_quand_les_jours_ont_ete_plies_au_mois(service: Service) -> None:
    await service.envoyer(*histoire(60))
    fait = await plier(service.pool, SCHEMA, SimulatedClock(datetime(2028, 6, 1, 12, tzinfo=UTC)))
    assert fait.au_mois > 0
    rapport = await par_le_journal(service)
    assert rapport.ok, list(rapport.lignes())
    assert rapport.partage_compare


async def test_apres_une_reconstruction_le_journal_compare_les_sommes_et_le_dit(service: Service) -> None:
    await service.envoyer(*histoire(40))
    calculs = service.redefinir(NOUVELLES)
    await reconstruire(service.pool, SCHEMA, "cmuc_acs", calculs, service.dictionnaire, service.clock)
    rapport = await par_le_journal(service, sans_suspension)
    assert rapport.ok, list(rapport.lignes())
    assert not rapport.partage_compare
    assert any("reconstruction" in ligne for ligne in rapport.lignes())


async def test_un_journal_elague_est_refuse_avec_une_phrase(service: Service) -> None:
    await service.envoyer(*histoire(10))
    service.journal.debut = 3
    with pytest.raises(JournalElague, match="élagués"):
        await par_le_journal(service)
