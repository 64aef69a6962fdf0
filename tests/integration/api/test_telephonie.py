"""``GET /v1/telephonie/direct``: who waits, since when, and who is there to answer."""

from typing import Any

from tests.integration.api.conftest import Pile

A_9H = "2026-03-02 09:00"


async def lire(pile: Pile) -> dict[str, Any]:
    reponse = await pile.client.get("/v1/telephonie/direct")
    assert reponse.status_code == 200, reponse.text
    return reponse.json()


def appel(pile: Pile, heure: str, fin: dict[str, str] | None = None, **autres: Any) -> dict[str, Any]:
    """A call that came at that hour of the day of the tests. ``autres``: ``plateforme`` and the rest."""
    dates = {"presente": f"2026-03-02 {heure}"} | {nom: f"2026-03-02 {h}" for nom, h in (fin or {}).items()}
    return pile.dossier("appel", dates, **({"plateforme": "pfs-idf"} | autres))


async def test_seuls_les_appels_sans_issue_attendent_et_le_plus_ancien_donne_l_attente(contacts: Pile) -> None:
    await contacts.compter(
        appel(contacts, "08:58"),
        appel(contacts, "08:57", nombre=2),
        appel(contacts, "08:50", {"decroche": "08:51"}),
        appel(contacts, "08:40", {"abandonne": "08:45"}),
        appel(contacts, "08:59", plateforme="pfs-nord"),
        contacts.dossier("appel", {"decroche": "2026-03-02 08:00"}, plateforme="pfs-idf"),
    )
    document = await lire(contacts)
    assert document["a"] == "2026-03-02T09:00:00+01:00"
    champs = ("plateforme", "appels_en_attente", "plus_longue_attente_secondes")
    assert [tuple(p[champ] for champ in champs) for p in document["plateformes"]] == [
        ("pfs-idf", 3, 180),
        ("pfs-nord", 1, 60),
    ]


async def test_un_appel_decroche_cesse_d_attendre(contacts: Pile) -> None:
    premier = appel(contacts, "08:58")
    await contacts.compter(premier)
    assert (await lire(contacts))["plateformes"][0]["appels_en_attente"] == 1
    suite = {"presente": "2026-03-02T08:58:00+01:00", "decroche": "2026-03-02T08:59:30+01:00"}
    await contacts.compter(premier | {"id": "suite", "data": premier["data"] | {"jalons": suite}})
    assert (await lire(contacts))["plateformes"] == []


async def test_un_appel_sans_issue_depuis_plus_d_une_heure_est_perdu_et_se_dit(contacts: Pile) -> None:
    await contacts.compter(appel(contacts, "07:59"), appel(contacts, "08:00"))
    document = await lire(contacts)
    assert document["sans_nouvelles"] == 1
    assert [p["plus_longue_attente_secondes"] for p in document["plateformes"]] == [3600]


async def test_un_appel_dont_la_plateforme_n_est_pas_dite_attend_quand_meme(contacts: Pile) -> None:
    await contacts.compter(contacts.dossier("appel", {"presente": "2026-03-02 08:59"}))
    (ligne,) = (await lire(contacts))["plateformes"]
    assert (ligne["plateforme"], ligne["appels_en_attente"]) == (None, 1)


async def test_l_effectif_est_le_dernier_releve_de_la_demi_heure(contacts: Pile) -> None:
    def releve(heure: str, plateforme: str, **dit: int) -> dict[str, Any]:
        return contacts.dossier("effectif", {"releve": f"2026-03-02 {heure}"}, plateforme=plateforme, **dit)

    await contacts.compter(
        releve("08:45", "pfs-idf", connectes=40, disponibles=9),
        releve("08:30", "pfs-idf", connectes=12, disponibles=1),
        releve("08:29", "pfs-nord", connectes=7, disponibles=2),
        releve("09:00", "pfs-sud", connectes=5),
        appel(contacts, "08:58"),
    )
    lignes = {p["plateforme"]: p for p in (await lire(contacts))["plateformes"]}
    assert set(lignes) == {"pfs-idf", "pfs-sud"}, "le relevé du nord est trop ancien"
    assert lignes["pfs-idf"] == {
        "plateforme": "pfs-idf", "appels_en_attente": 1, "plus_longue_attente_secondes": 120,
        "connectes": 40, "disponibles": 9, "releve_le": "2026-03-02T08:45:00+01:00",
    }  # fmt: skip
    assert (lignes["pfs-sud"]["connectes"], lignes["pfs-sud"]["disponibles"]) == (5, None)


async def test_la_reunion_attend_a_son_heure(contacts: Pile) -> None:
    await contacts.compter(
        contacts.dossier(
            "appel", {"presente": "2026-03-02 11:58"}, zone="Indian/Reunion", caisse="cgss-974", plateforme="pfs-974"
        )
    )
    (ligne,) = (await lire(contacts))["plateformes"]
    assert ligne["plus_longue_attente_secondes"] == 120


async def test_le_service_des_dossiers_n_a_pas_de_telephone(claims: Pile) -> None:
    assert (await claims.client.get("/v1/telephonie/direct")).status_code == 404
