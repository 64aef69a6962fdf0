"""Secrets at rest: sealed for one caisse, opened by two keys, and never by what is in the database alone."""

import base64
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.alerts.notifications.coffre import Coffre, SecretIllisible
from services.alerts.notifications.reglages import ReglagesNotifications
from shared.service.reglages import ReglagesInvalides

UNE, AUTRE = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def coffre(cle: str | None, precedente: str | None = None, **autres: str) -> Coffre:
    donnees = {"cle_secrets": cle, "cle_secrets_precedente": precedente}
    cles = {nom: SecretStr(texte) for nom, texte in donnees.items() if texte is not None}
    return ReglagesNotifications(**cles, mode="production", **autres).coffre()  # type: ignore[arg-type]


def test_un_secret_scelle_ne_se_lit_pas_et_s_ouvre_pour_sa_caisse() -> None:
    scelle = coffre(UNE).sceller("whsec_abc", "cpam-31")
    assert "abc" not in scelle
    assert scelle != coffre(UNE).sceller("whsec_abc", "cpam-31"), "jamais deux fois le même"
    assert coffre(UNE).ouvrir(scelle, "cpam-31") == "whsec_abc"
    with pytest.raises(SecretIllisible):
        coffre(UNE).ouvrir(scelle, "cpam-75")
    with pytest.raises(SecretIllisible):
        coffre(UNE).ouvrir(scelle[:-4] + "AAA=", "cpam-31")


def test_a_la_rotation_les_deux_cles_ouvrent_et_la_nouvelle_seule_scelle() -> None:
    ancien = coffre(UNE).sceller("whsec_abc", "cpam-31")
    pendant = coffre(AUTRE, UNE)
    assert pendant.ouvrir(ancien, "cpam-31") == "whsec_abc"
    assert (pendant.est_courant(ancien), pendant.est_courant(pendant.sceller("x", "c"))) == (False, True)
    with pytest.raises(SecretIllisible, match="clé que ce service n'a pas"):
        coffre(AUTRE).ouvrir(ancien, "cpam-31")


def test_en_production_sans_cle_rien_ne_se_scelle() -> None:
    with pytest.raises(SecretIllisible, match="VIGIE_CLE_SECRETS"):
        coffre(None).sceller("whsec_abc", "cpam-31")


@pytest.mark.parametrize("texte", ["court", base64.b64encode(b"x" * 16).decode(), "é" * 44])
def test_une_cle_qui_n_en_est_pas_une_est_refusee_sans_etre_redite(texte: str) -> None:
    with pytest.raises(ReglagesInvalides, match="openssl rand") as refus:
        coffre(texte)
    assert texte not in str(refus.value)


def test_embarque_la_cle_est_un_fichier_de_son_seul_proprietaire_et_elle_reste(tmp_path: Path) -> None:
    reglages = ReglagesNotifications(home=tmp_path)
    scelle = reglages.coffre().sceller("whsec_abc", "cpam-31")
    assert ReglagesNotifications(home=tmp_path).coffre().ouvrir(scelle, "cpam-31") == "whsec_abc"
    (fichier,) = tmp_path.iterdir()
    assert fichier.stat().st_mode & 0o077 == 0
