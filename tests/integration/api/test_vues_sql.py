"""``indicateur_mois`` and ``indicateur_jour``: what SQL reads is what the API answers, for every kind of indicator."""

import random
from datetime import date

import asyncpg

from shared.catalogue.indicateurs import Genre, indicateurs_du_service
from shared.dossiers.entrees import ENTREES
from shared.dossiers.entretien_valeurs import mettre_a_jour, periodes_gardees
from shared.network.jours import date_de
from tests.integration.api.conftest import Pile
from tests.integration.api.test_valeurs_gardees import hasard
from tests.support.attente import attendre


async def tour(pile: Pile, budget: float = 60) -> int:
    """A round of our own, when the service is not at one."""
    faits: list[int | None] = []

    async def fait() -> bool:
        faits.append(await mettre_a_jour(pile.service, budget))
        return faits[-1] is not None

    await attendre(fait, 30, "le service ne finit pas son tour")
    return faits[-1] or 0


def test_chaque_sorte_d_indicateur_dit_ce_qu_elle_lit() -> None:
    assert set(ENTREES) == set(Genre.__args__)  # type: ignore[attr-defined]


async def test_les_vues_disent_ce_que_dit_l_api_pour_chaque_indicateur(
    contacts: Pile, claims: Pile, postgres_url: str
) -> None:
    tirage = random.Random(3)
    for pile in (contacts, claims):
        await pile.compter(*(hasard(pile, tirage) for _ in range(60)))
        assert await tour(pile) > 0
        assert await tour(pile) == 0
        await comparer(pile, postgres_url)


async def comparer(pile: Pile, url: str) -> None:
    nom = pile.service.definition.nom
    conn = await asyncpg.connect(url)
    vus = set()
    for vue, du, au, pas in (
        ("indicateur_mois", date(2025, 9, 1), date(2026, 3, 31), "mois"),
        ("indicateur_jour", date(2026, 2, 1), date(2026, 3, 2), "jour"),
    ):
        lignes = await conn.fetch(f"SELECT * FROM {nom}.{vue} WHERE date BETWEEN $1 AND $2", du, au)
        trouvees = {(li["indicateur"], li["caisse"], li["date"]): (li["valeur"], li["n"]) for li in lignes}
        attendues = {}
        for indicateur in indicateurs_du_service(nom):
            options = {"du": str(du), "au": str(au), "pas": pas}
            for v in await pile.valeurs(indicateur.code, **options):
                if v["valeur"] is not None:
                    cle = (indicateur.code, v["caisse"], date.fromisoformat(v["du"]))
                    attendues[cle] = (v["valeur"], v["n"])
                    vus.add(indicateur.genre)
        assert trouvees == attendues
    assert {"rapport", "attente_quantile", "echeance"} <= vus or {"delai_moyen", "delai_quantile", "stock"} <= vus
    noms = await conn.fetchrow(f"SELECT libelle, unite, version, nom FROM {nom}.indicateur_mois LIMIT 1")
    assert all(noms.values())
    await conn.close()


async def test_une_vue_suit_ce_qui_change_au_tour_d_apres(contacts: Pile, postgres_url: str) -> None:
    requete = "SELECT n FROM contacts.indicateur_mois WHERE indicateur = 'taux_decroche' AND caisse = 'reseau'"
    conn = await asyncpg.connect(postgres_url)
    for attendu in (1, 2):
        appel = {"presente": "2026-03-02 08:00", "decroche": "2026-03-02 08:01"}
        await contacts.compter(contacts.dossier("appel", appel))
        await tour(contacts)
        assert await conn.fetchval(f"{requete} AND date = '2026-03-01'") == attendu
    await conn.close()


async def test_un_tour_sans_temps_ne_fait_rien_et_le_suivant_commence_par_le_plus_recent(contacts: Pile) -> None:
    await contacts.compter(contacts.dossier("appel", {"presente": "2026-03-02 08:00", "decroche": "2026-03-02 08:01"}))
    assert await tour(contacts, budget=0) == 0
    periodes = periodes_gardees(int(contacts.clock.now().timestamp()))
    assert date_de(periodes[0].au) == date(2026, 3, 31)
    assert date_de(periodes[-1].du) == date(2023, 4, 1)
