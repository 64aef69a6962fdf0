"""Continuity through the real APIs: a source that goes quiet, a stock that explodes, and what both keep from saying."""

from datetime import date, timedelta

from tests.integration.alerts.conftest import Reseau
from tests.integration.alerts.test_vie_d_une_alerte import appels


def ouvres(du: date, au: date) -> list[date]:
    return [d for n in range((au - du).days + 1) if (d := du + timedelta(days=n)).weekday() < 5]


async def appels_reguliers(reseau: Reseau, du: date, au: date, par_jour: int = 30) -> None:
    """Thirty calls of Toulouse each working day, from a source of its own, four out of five lost."""
    assert reseau.contacts is not None
    evenements = []
    for jour in ouvres(du, au):
        for n in range(par_jour):
            heure = f"{jour} {9 + n // 5:02d}:{n % 5 * 12:02d}"
            fin = {"decroche" if n % 5 == 0 else "abandonne": heure}
            evenements.append(
                reseau.contacts.dossier(
                    "appel", {"presente": heure} | fin, caisse="cpam-31", source="urn:vigie:source:pabx"
                )
            )
    await reseau.contacts.compter(*evenements)


async def test_une_source_qui_se_tait_est_une_alerte_et_fige_les_indicateurs_batis_dessus(reseau: Reseau) -> None:
    reseau.il_est("2026-04-10 18:00")
    await appels_reguliers(reseau, date(2026, 3, 2), date(2026, 4, 10))
    await reseau.evaluer()
    (avant,) = await reseau.alertes(genre="performance")
    assert (avant["caisse"], avant["etat"]) == ("cpam-31", "en_observation")

    reseau.il_est("2026-04-17 18:00")
    await reseau.evaluer()
    (muette,) = await reseau.alertes(genre="source_muette")
    assert (muette["caisse"], muette["etat"]) == ("cpam-31", "ouverte")
    assert "urn:vigie:source:pabx" in muette["constat"]
    (figee,) = await reseau.alertes(genre="performance")
    assert figee["etat"] == "en_observation", "une semaine a passé, mais rien n'était vu"
    assert "pabx" in figee["inhibee_par"]

    await appels_reguliers(reseau, date(2026, 4, 13), date(2026, 4, 17))
    reseau.il_est("2026-04-17 18:10")
    await reseau.evaluer()
    assert await reseau.alertes(genre="source_muette") == []
    (rendue,) = await reseau.alertes(genre="performance")
    assert rendue["inhibee_par"] is None


async def test_une_source_qui_n_envoie_qu_une_part_de_ses_appels_n_ouvre_pas_d_alerte(reseau: Reseau) -> None:
    """Five calls of thirty each day: not silent, and far too little to judge."""
    reseau.il_est("2026-04-10 18:00")
    await appels_reguliers(reseau, date(2026, 3, 2), date(2026, 4, 10))
    await reseau.evaluer()
    reseau.il_est("2026-05-08 18:00")
    await appels_reguliers(reseau, date(2026, 4, 13), date(2026, 5, 8), par_jour=5)
    await reseau.evaluer()
    reseau.il_est("2026-05-08 18:30")
    await reseau.evaluer()
    assert await reseau.alertes(genre="source_muette") == []
    (vue,) = await reseau.alertes(genre="performance")
    assert (vue["etat"], vue["valeur"]) == ("en_observation", None), "un mois a passé, mais rien n'était mesuré"
    assert "non mesuré du 11/04/2026 au 08/05/2026, source incomplète" in vue["constat"]
    assert "des événements attendus" in vue["constat"]


async def test_une_neutralisation_eteint_l_alerte_de_sa_plateforme_et_pas_les_autres(reseau: Reseau) -> None:
    for caisse in ("cpam-75", "cpam-31"):
        await appels(reseau, "2026-03-02", decroches=100, abandons=900, caisse=caisse)
    await reseau.evaluer()
    assert len(await reseau.alertes()) == 2
    await reseau.poster(
        "/v1/neutralisations",
        {
            "du": "2026-03-02",
            "au": "2026-03-02",
            "indicateurs": ["taux_decroche"],
            "plateforme": "pfs-idf",
            "motif": "Panne de l'opérateur",
        },
    )
    await reseau.evaluer()
    assert [a["caisse"] for a in await reseau.alertes()] == ["cpam-31"]
    (eteinte,) = await reseau.alertes(etat="neutralisee")
    assert "Panne de l'opérateur" in (await reseau.lire(f"/v1/alertes/{eteinte['id']}"))["historique"][-1]["motif"]
    reseau.il_est("2026-03-30 12:00")
    await appels(reseau, "2026-03-30", decroches=100, abandons=900)
    await reseau.evaluer()
    nouvelles = await reseau.alertes(caisse="cpam-75")
    assert [a["etat"] for a in nouvelles] == ["en_observation"], "les 28 jours n'ont plus de jour neutralisé"


async def test_un_stock_qui_explose_est_une_alerte_de_continuite(reseau: Reseau) -> None:
    assert reseau.claims is not None
    dossier = reseau.claims.dossier
    await reseau.claims.compter(
        dossier("cmuc_acs", {"recue": "2026-01-12 09:00"}, caisse="cpam-33", nombre=100),
        dossier("cmuc_acs", {"recue": "2026-03-02 08:00"}, caisse="cpam-33", nombre=60),
        dossier("cmuc_acs", {"recue": "2026-01-12 09:00"}, caisse="cpam-31", nombre=100),
    )
    await reseau.evaluer()
    (stock,) = await reseau.alertes(genre="stock")
    assert (stock["caisse"], stock["objet"], stock["etat"], stock["valeur"]) == (
        "cpam-33", "stock_cmuc_acs", "ouverte", 160,
    )  # fmt: skip
    assert "pour 100 d'ordinaire" in stock["constat"]
