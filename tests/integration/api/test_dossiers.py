"""``GET /v1/dossiers``: the milestones of one dossier, and the sentence that says how it counts."""

from typing import Any

import pytest

from shared.service.identite import Principal
from tests.integration.api.conftest import SOURCE, Pile


async def lire(pile: Pile, process: str, id: str, **options: str) -> list[dict[str, Any]]:
    reponse = await pile.client.get(f"/v1/dossiers/{process}/{id}", params=options)
    assert reponse.status_code == 200, reponse.text
    return reponse.json()["dossiers"]


async def test_un_dossier_montre_ses_jalons_a_l_heure_de_sa_caisse_et_comment_il_compte(claims: Pile) -> None:
    await claims.compter(
        claims.dossier("cmuc_acs", {"recue": "2026-02-02 10:00"}, subject="D/1", id="a", support="courrier"),
        claims.dossier("cmuc_acs", {"decidee_accord": "2026-02-12 09:30"}, subject="D/1", id="b"),
    )
    (dossier,) = await lire(claims, "cmuc_acs", "D/1")
    assert {c: dossier[c] for c in ("process", "namespace", "id", "caisse", "productrice", "nombre", "attributs")} == {
        "process": "cmuc_acs", "namespace": SOURCE, "id": "D/1", "caisse": "cpam-75", "productrice": None,
        "nombre": 1, "attributs": {"support": "courrier"},
    }  # fmt: skip
    assert list(dossier["jalons"].items()) == [
        ("recue", "2026-02-02T10:00:00+01:00"),
        ("decidee_accord", "2026-02-12T09:30:00+01:00"),
    ]
    assert dossier["compte"] == (
        "Compte comme ouvert le 02/02/2026 et clos le 12/02/2026 (10 jours après), issue « accord »."
    )
    assert [c["cellule"] for c in dossier["contributions"]] == ["ouverts", "clos"]
    clos = dossier["contributions"][1]
    assert (clos["jour_ouvert"], clos["jour_clos"], clos["montants"]["n"]) == ("2026-02-02", "2026-02-12", 1)
    assert [(e["id"], e["revision"], e["retire"]) for e in dossier["evenements"]] == [("a", 0, False), ("b", 0, False)]


async def test_une_heure_est_celle_de_la_reunion_pour_un_dossier_de_la_reunion(contacts: Pile) -> None:
    await contacts.compter(
        contacts.dossier(
            "appel",
            {"presente": "2026-03-02 08:00:00", "decroche": "2026-03-02 08:00:44"},
            "Indian/Reunion",
            caisse="cgss-974",
            subject="R-1",
        )
    )
    (dossier,) = await lire(contacts, "appel", "R-1")
    assert dossier["jalons"]["presente"] == "2026-03-02T08:00:00+04:00"
    assert dossier["compte"] == "Compte comme arrivé le 02/03/2026 à 8 h, issue « decroche », après 44 s d'attente."


@pytest.mark.parametrize(
    ("process", "jalons", "autres", "phrase"),
    [
        ("courriel", {"recu": "2026-03-01 08:00"}, {}, "Compte comme ouvert depuis le 01/03/2026, dans le stock."),
        (
            "courriel",
            {"recu": "2026-03-01 08:00", "repondu": "2026-02-27 08:00"},
            {},
            "Compte comme ouvert depuis le 01/03/2026, dans le stock : repondu est daté d'un jour antérieur à "
            "l'ouverture, à corriger.",
        ),
        (
            "courriel",
            {"repondu": "2026-02-27 08:00"},
            {},
            "Ne compte pas encore : il manque recu pour que l'horloge parte.",
        ),
        (
            "courriel",
            {"recu": "2026-03-01 08:00"},
            {"caisse": None},
            "Ne compte pas encore : aucun événement ne dit de quelle caisse il relève.",
        ),
        (
            "courriel",
            {"recu": "2026-03-01 08:00", "repondu": "2026-03-01 09:00"},
            {"productrice": "cpam-59-flandres", "nombre": 12},
            "Compte comme ouvert le 01/03/2026 et clos le 01/03/2026 (le jour même), issue « repondu ». Relève de "
            "cpam-75, traité par cpam-59-flandres. Compte pour 12.",
        ),
        (
            "appel",
            {"presente": "2026-03-01 08:00"},
            {},
            "Compte comme arrivé le 01/03/2026 à 8 h, sans issue encore : il n'entre dans aucun taux.",
        ),
        (
            "appel",
            {"decroche": "2026-03-01 08:00"},
            {},
            "Compte comme arrivé le 01/03/2026 à 8 h, issue « decroche » ; son attente n'est pas connue.",
        ),
    ],
)
async def test_la_phrase_dit_comment_il_compte(
    contacts: Pile, process: str, jalons: dict[str, str], autres: dict[str, Any], phrase: str
) -> None:
    await contacts.compter(contacts.dossier(process, jalons, subject="X", **autres))
    (dossier,) = await lire(contacts, process, "X")
    assert dossier["compte"] == phrase


async def test_un_dossier_retire_reste_visible_et_dit_qu_il_ne_compte_plus(contacts: Pile) -> None:
    evenement = contacts.dossier("courriel", {"recu": "2026-03-01 08:00"}, subject="X", id="e")
    await contacts.compter(evenement)
    await contacts.compter(evenement | {"type": "vigie.courriel.retrait.v1", "id": "r", "data": {"cible": "e"}})
    (dossier,) = await lire(contacts, "courriel", "X")
    assert dossier["compte"].startswith("Ne compte pas : tous ses événements ont été retirés")
    assert (dossier["contributions"], dossier["jalons"]) == ([], {})
    assert [e["retire"] for e in dossier["evenements"]] == [True]


async def test_un_meme_numero_dans_deux_numerotations_donne_deux_dossiers(contacts: Pile) -> None:
    await contacts.compter(
        contacts.dossier("courriel", {"recu": "2026-03-01 08:00"}, subject="7", source="urn:a", id="1"),
        contacts.dossier("courriel", {"recu": "2026-03-01 08:00"}, subject="7", namespace="urn:b", id="2"),
    )
    assert {d["namespace"] for d in await lire(contacts, "courriel", "7")} == {"urn:a", "urn:b"}
    assert [d["namespace"] for d in await lire(contacts, "courriel", "7", namespace="urn:b")] == ["urn:b"]
    assert (await contacts.client.get("/v1/dossiers/courriel/7?namespace=urn:c")).status_code == 404


@pytest.mark.parametrize("chemin", ["courriel/inconnu", "fse/1", "nimporte/1"])
async def test_un_dossier_inconnu_est_introuvable_avec_ce_qu_il_faut_verifier(contacts: Pile, chemin: str) -> None:
    reponse = await contacts.client.get(f"/v1/dossiers/{chemin}")
    assert reponse.status_code == 404, reponse.text
    assert reponse.json()["type"] == "urn:vigie:probleme:introuvable"
    assert reponse.json()["detail"].endswith(".")


async def test_une_caisse_lit_ses_dossiers_et_pas_ceux_des_autres(claims: Pile) -> None:
    await claims.compter(claims.dossier("cmuc_acs", {"recue": "2026-02-02 10:00"}, subject="D/1", id="a"))

    class Porteur:
        async def identifier(self, entetes: Any) -> Principal:
            return Principal("essai", "Essai", frozenset({entetes["role"]}))

    claims.app.state.identite = Porteur()
    statuts = {
        (role, id): (await claims.client.get(f"/v1/dossiers/cmuc_acs/{id}", headers={"role": role})).status_code
        for role in ("caisse:cpam-75", "caisse:cpam-31", "auditeur", "source")
        for id in ("D/1", "D/2")
    }
    assert statuts == {
        ("caisse:cpam-75", "D/1"): 200, ("caisse:cpam-75", "D/2"): 403,
        ("caisse:cpam-31", "D/1"): 403, ("caisse:cpam-31", "D/2"): 403,
        ("auditeur", "D/1"): 200, ("auditeur", "D/2"): 404,
        ("source", "D/1"): 403, ("source", "D/2"): 403,
    }, "on ne dit pas à une caisse quels numéros existent ailleurs"  # fmt: skip
