"""A month nothing was sent of, through the real services."""

from tests.integration.alerts.conftest import Reseau, reseau

__all__ = ["reseau"]


async def test_un_mois_sans_un_evenement_est_non_mesure_et_n_ecrit_a_personne(reseau: Reseau) -> None:
    reseau.il_est("2026-03-06 09:00")
    prepare = await reseau.poster("/v1/comites", {"mois": "2026-02"})
    assert (prepare["franchissements"], prepare["mesures"], prepare["manques"]) == (0, [], [])
    chemin = "/v1/comites/2026-02"
    instantane = await reseau.lire(f"{chemin}/instantane")
    assert len(instantane["lignes"]) == 1_070
    assert {(li["verdict"], li["valeur"], li["franchi"]) for li in instantane["lignes"]} == {("non_mesure", None, None)}
    membres = [{"identifiant": m, "nom": m} for m in ("local", "b", "c")]
    for acte, corps in (("ouverture", {"president": "local", "membres": membres}), ("cloture", None)):
        vu = (await reseau.client.get(chemin)).headers["etag"]
        assert (await reseau.envoyer("POST", f"{chemin}/{acte}", corps, if_match=vu)).status_code == 200
    destinataires = await reseau.service.pool.fetch("SELECT caisse FROM alerts.notifications")
    assert [d["caisse"] for d in destinataires] == ["comite"], "le procès-verbal seul"
    await reseau.evaluer()
    assert await reseau.alertes() == []
