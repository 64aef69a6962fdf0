"""What sources send and stop sending, as ``GET /v1/sources`` tells it and as figures built on them say it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.clock import SimulatedClock
from shared.dossiers.pliage import plier
from shared.dossiers.statistiques_reseau.sources import completude_de
from shared.indicators.periodes import Periode
from shared.network.calendrier import Calendrier
from shared.network.jours import date_de, jour_de
from tests.integration.api.conftest import Pile, instant

TELEPHONE, FICHIER, PETITE = (f"urn:vigie:source:{nom}" for nom in ("telephone", "fichier-de-nuit", "petite"))
CALENDRIER = Calendrier("Métropole")
LUNDI = date(2026, 5, 4)
"""A Monday, nine weeks after the tests begin."""


def appel(pile: Pile, source: str, jour: date, heure: str, caisse: str = "cpam-75") -> dict[str, Any]:
    return pile.dossier(
        "appel", {"presente": f"{jour} {heure}:00", "decroche": f"{jour} {heure}:20"}, source=source, caisse=caisse
    )


async def vivre(pile: Pile, jusqu_a: date, muettes: frozenset[date] = frozenset()) -> None:
    """Each working day until ``jusqu_a``, left out: 12 calls by telephone as they come, 8 in a file sent at two
    o'clock the next morning, 1 of a small source."""
    jour = date(2026, 3, 2)
    while jour < jusqu_a:
        if CALENDRIER.est_ouvre(jour_de(jour)):
            if jour not in muettes:
                pile.il_est(f"{jour} 08:31")
                await pile.compter(appel(pile, TELEPHONE, jour, "08:30"))
                pile.il_est(f"{jour} 18:00")
                await pile.compter(*(appel(pile, TELEPHONE, jour, f"{9 + i % 8:02d}:30") for i in range(11)))
            pile.il_est(f"{jour} 18:00")
            await pile.compter(appel(pile, PETITE, jour, "10:00", "cpam-31"))
            pile.il_est(f"{jour + timedelta(1)} 02:00")
            await pile.compter(*(appel(pile, FICHIER, jour, f"{9 + i % 8:02d}:15") for i in range(8)))
        jour += timedelta(1)


async def etats(pile: Pile, **options: str) -> dict[str, dict[str, Any]]:
    reponse = await pile.client.get("/v1/sources", params=options)
    assert reponse.status_code == 200, reponse.text
    return {s["source"]: s for s in reponse.json()["sources"]}


async def test_une_source_muette_en_heures_d_ouverture_le_dit_une_petite_ou_de_nuit_ne_s_y_trompe_pas(
    contacts: Pile,
) -> None:
    await vivre(contacts, LUNDI)
    contacts.il_est(f"{LUNDI} 08:00")
    matin = await etats(contacts)
    assert {s: e["etat"] for s, e in matin.items()} == dict.fromkeys((TELEPHONE, FICHIER, PETITE), "complete")
    telephone = matin[TELEPHONE]
    assert telephone["dernier_evenement"].startswith("2026-04-30T14:30:20"), "16:30 à Paris, veille du 1er mai"
    assert telephone["aujourdhui"] == {"recus": 0, "attendus": 0.0}, "elle n'est pas encore ouverte"
    assert telephone["sept_jours"]["recus"] == 4 * 12, "le 1er mai n'est pas attendu"
    assert telephone["sept_jours"]["taux"] == 1.0
    assert telephone["caisses"] == ["cpam-75"]
    assert "taux_decroche" in telephone["indicateurs"]
    assert matin[FICHIER]["retard_habituel_s"] == (24 + 2 - 8.5) * 3_600

    contacts.il_est(f"{LUNDI} 13:00")
    midi = await etats(contacts)
    journee, retard = 9 * 3_600, 60
    assert midi[TELEPHONE]["retard_habituel_s"] == retard
    assert midi[TELEPHONE]["aujourdhui"] == {
        "recus": 0, "attendus": pytest.approx(12 * (4.5 * 3_600 - retard) / journee),
    }  # fmt: skip
    assert midi[TELEPHONE]["etat"] == "complete", "sept appels peuvent manquer par hasard"
    # Since 16:30:20 on Thursday, what was left of that day, and all of Monday.
    contacts.il_est(f"{LUNDI} 17:30")
    soir = await etats(contacts)
    assert soir[TELEPHONE]["etat"] == "silencieuse"
    assert soir[TELEPHONE]["attendus_depuis_le_dernier"] == pytest.approx(
        12 * ((3_600 - 20) + (journee - retard)) / journee
    )
    assert soir[TELEPHONE]["silencieuse_depuis"] == soir[TELEPHONE]["dernier_evenement"]
    assert next(iter(soir)) == TELEPHONE, "les silencieuses d'abord"
    assert soir[PETITE]["etat"] == soir[FICHIER]["etat"] == "complete"
    assert set(await etats(contacts, caisse="cpam-31")) == {PETITE}


async def test_une_source_partie_depuis_des_mois_reste_silencieuse_et_une_rare_ne_l_est_pas(contacts: Pile) -> None:
    await vivre(contacts, date(2026, 4, 6))
    contacts.il_est("2026-09-01 12:00")
    await contacts.compter(appel(contacts, FICHIER, date(2026, 9, 1), "09:00"))
    longtemps = await etats(contacts)
    assert longtemps[TELEPHONE]["etat"] == "silencieuse"
    assert longtemps[TELEPHONE]["silencieuse_depuis"].startswith("2026-04-03")
    assert longtemps[FICHIER]["etat"] == "inconnue", "elle vient de revenir"
    await contacts.compter(
        contacts.dossier("reclamation", {"recue": "2026-03-10 09:00"}, source="urn:vigie:source:rare"),
    )
    assert (await etats(contacts))["urn:vigie:source:rare"]["etat"] == "inconnue"
    async with contacts.service.moteur.connect() as conn:
        aout = Periode(jour_de(date(2026, 8, 1)), jour_de(date(2026, 8, 31)))
        dit = await completude_de(
            conn, "contacts", contacts.service.dictionnaire, "appel", 751, aout, int(contacts.clock.now().timestamp())
        )
    assert dit is not None
    assert not dit["complet"]
    assert [s["source"] for s in dit["sources_incompletes"] if s["silencieuse"]] == [TELEPHONE]


async def test_ce_qui_arrive_en_retard_complete_le_jour_qui_manquait_et_le_chiffre_le_dit(contacts: Pile) -> None:
    muette = date(2026, 4, 28)
    await vivre(contacts, LUNDI, muettes=frozenset({muette}))
    contacts.il_est(f"{LUNDI} 08:00")
    periode = Periode(jour_de(date(2026, 4, 27)), jour_de(date(2026, 4, 30)))

    async def dit(caisse: str | None = "cpam-75") -> dict[str, Any] | None:
        code = {"cpam-75": 751, "cpam-31": 311, "cpam-67": 671}.get(caisse or "")
        async with contacts.service.moteur.connect() as conn:
            await contacts.service.dictionnaire.actualiser(conn)
            maintenant = int(contacts.clock.now().timestamp())
            return await completude_de(
                conn, "contacts", contacts.service.dictionnaire, "appel", code, periode, maintenant
            )

    avant = await dit()
    assert avant is not None
    assert avant["taux"] == pytest.approx((3 * 12 + 4 * 8) / (4 * 12 + 4 * 8))
    assert (avant["complet"], avant["jours_silencieux"], avant["sources"]) == (False, [muette], 2)
    assert [s["source"] for s in avant["sources_incompletes"]] == [TELEPHONE]
    ailleurs, personne = await dit("cpam-31"), await dit("cpam-67")
    assert ailleurs is not None
    assert ailleurs["complet"], "une autre caisse n'en sait rien"
    assert personne is None, "aucune source n'en a jamais parlé"

    await contacts.compter(*(appel(contacts, TELEPHONE, muette, "11:00") for _ in range(12)))
    apres = await dit()
    assert apres is not None
    assert (apres["taux"], apres["complet"], apres["sources_incompletes"]) == (1.0, True, [])
    etat = (await etats(contacts))[TELEPHONE]
    assert etat["etat"] == "complete"
    assert etat["dernier_evenement"].startswith("2026-04-30"), "un événement ancien n'est pas le dernier"


async def test_les_comptes_sont_ceux_des_evenements_et_le_pliage_n_y_change_rien(contacts: Pile) -> None:
    envois = [appel(contacts, TELEPHONE, date(2026, 2, 23) + timedelta(i % 4), "10:00") for i in range(40)]
    await contacts.compter(*envois)
    await contacts.compter(*envois[:5])
    requete = (
        "SELECT jour, sum(n)::int AS n, max(dernier) AS dernier FROM contacts.receptions GROUP BY jour ORDER BY jour"
    )

    async def lus() -> list[tuple[date, int, datetime]]:
        lignes = await contacts.service.pool.fetch(requete)
        return [(date_de(li["jour"]), li["n"], datetime.fromtimestamp(li["dernier"], UTC)) for li in lignes]

    attendus = [
        (jour, 10 + renvois, instant(f"{jour} 10:00:20").astimezone(UTC))
        for jour, renvois in ((date(2026, 2, 23) + timedelta(i), 2 if i == 0 else 1) for i in range(4))
    ]
    assert await lus() == attendus, "un renvoi a été reçu deux fois"
    assert isinstance(contacts.clock, SimulatedClock)
    avant = await contacts.service.pool.fetchval("SELECT count(*) FROM contacts.receptions")
    await plier(contacts.service.pool, "contacts", contacts.clock)
    assert await lus() == attendus
    assert await contacts.service.pool.fetchval("SELECT count(*) FROM contacts.receptions") == 4 < avant
