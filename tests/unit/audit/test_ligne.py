"""The digest of a row, against bytes written by hand."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.service.audit.ligne import MASQUE, ORIGINE, Acte, Ligne, empreinte, sans_personne

ACTE = Acte(
    datetime(2026, 11, 22, 11, 2, 44, 123456, ZoneInfo("Europe/Paris")),
    "a1b2",
    ("auditeur", "caisse:cpam-75"),
    "GET",
    "/v1/dossiers/{process}/{id}",
    "lu",
    200,
    {"process": "fse", "id": "É-1"},
    requete="r-1",
)
ECRIT = (
    '["vigie.audit.v1","claims",7,"2026-11-22T10:02:44.123456Z","a1b2",["auditeur","caisse:cpam-75"],"GET",'
    '"/v1/dossiers/{process}/{id}",{"id":"É-1","process":"fse"},null,"lu",200,"r-1",null,"' + "0" * 64 + '"]'
)


def test_l_empreinte_est_celle_des_octets_que_la_documentation_dit() -> None:
    assert empreinte("claims", 7, ACTE, ORIGINE) == hashlib.sha256(ECRIT.encode()).digest()


def test_changer_quoi_que_ce_soit_d_une_ligne_se_voit() -> None:
    ligne = Ligne("claims", 7, ACTE, ORIGINE, empreinte("claims", 7, ACTE, ORIGINE))
    assert ligne.intacte()
    changes = {
        "instant": datetime(2026, 11, 22, tzinfo=UTC), "sujet": None, "roles": (), "methode": "PUT", "route": "/",
        "issue": "refuse", "statut": 404, "objet": {}, "caisse": "cpam-75", "requete": None, "corps": b"x",
    }  # fmt: skip
    for nom, valeur in changes.items():
        assert not replace(ligne, acte=replace(ACTE, **{nom: valeur})).intacte(), nom
    assert not replace(ligne, service="contacts").intacte()
    assert not replace(ligne, numero=8).intacte()
    assert not replace(ligne, precedente=bytes([1]) * 32).intacte()


@pytest.mark.parametrize("valeur", ["2 99 01 99 999 999", "2990199999999", "nom@exemple.fr", "a" * 201, "x\x00y"])
def test_ce_qui_pourrait_etre_une_personne_est_masque(valeur: str) -> None:
    assert sans_personne(valeur) == MASQUE


@pytest.mark.parametrize("valeur", ["APPEL-20261103-000123", "0123456789", "2026-11", "cpam-75"])
def test_un_numero_ou_un_nom_du_reseau_est_garde(valeur: str) -> None:
    assert sans_personne(valeur) == valeur
