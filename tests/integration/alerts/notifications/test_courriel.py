"""E-mail on a real SMTP server: what arrives, what comes back, what is given up."""

import ssl
import subprocess
from pathlib import Path

import pytest

from tests.integration.alerts.notifications.conftest import OuvrirPoste, Poste

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")


async def test_a_message_arrives_with_its_link_and_is_said_to_be_with_the_relay(poste: Poste) -> None:
    await poste.declarer("direction@caisse.test")
    identifiant = await poste.publier("a", texte="Seuil franchi : 41 jours")
    assert (await poste.detail(identifiant))["etat"] == "a_envoyer"
    await poste.facteur().tour()
    (message,) = poste.courrier.recus
    assert message["To"] == "direction@caisse.test"
    assert message["Message-ID"] == f"<{identifiant}.courriel.1.0@vigie.invalid>"
    corps = message.get_content()
    assert "Seuil franchi\u00a0: 41 jours" in corps
    assert "/accuse/" in corps
    detail = await poste.detail(identifiant)
    assert detail["etat"] == "envoyee"
    assert [e["issue"] for e in detail["livraisons"][0]["essais"]] == ["envoyee"]


async def test_a_relay_down_for_a_day_delays_and_loses_nothing(poste: Poste) -> None:
    await poste.declarer("direction@caisse.test")
    await poste.courrier.fermer()
    identifiants = [await poste.publier(f"jour-{i}", accuse_attendu=False) for i in range(5)]
    await poste.passer(24)
    detail = await poste.detail(identifiants[0])
    assert detail["etat"] == "a_envoyer"
    assert 5 < detail["livraisons"][0]["tentatives"] < 12
    await poste.courrier.ouvrir()
    await poste.passer(11)
    arrives = [m["Message-ID"] for m in poste.courrier.recus]
    assert sorted(arrives) == sorted(f"<{i}.courriel.1.0@vigie.invalid>" for i in identifiants)


@pytest.mark.parametrize("reponse", ["451 plus tard", None])
async def test_a_relay_that_says_later_or_hangs_up_is_asked_again_with_the_same_message(
    poste: Poste, reponse: str | None
) -> None:
    await poste.declarer("direction@caisse.test")
    poste.courrier.reponse = reponse
    identifiant = await poste.publier("a")
    await poste.facteur().tour()
    assert (await poste.detail(identifiant))["livraisons"][0]["etat"] == "a_envoyer"
    poste.courrier.reponse = "250 pris"
    await poste.passer(1, pas_minutes=1)
    (message,) = poste.courrier.recus
    assert message["Message-ID"] == f"<{identifiant}.courriel.1.0@vigie.invalid>"


async def test_an_address_refused_for_good_ends_there_and_the_second_contact_is_told_at_once(poste: Poste) -> None:
    await poste.declarer("parti@caisse.test", "adjoint@caisse.test")
    poste.courrier.refuses["parti@caisse.test"] = "550 inconnu ici"
    identifiant = await poste.publier("a")
    await poste.facteur().tour()
    assert [m["To"] for m in poste.courrier.recus] == ["adjoint@caisse.test"]
    detail = await poste.detail(identifiant)
    assert {(li["rang"], li["etat"]) for li in detail["livraisons"]} == {(1, "echec"), (2, "envoyee")}
    assert "550" in detail["livraisons"][0]["detail"]


async def test_after_the_last_try_it_is_a_dead_letter_that_a_person_can_send_again(poste: Poste) -> None:
    await poste.declarer("direction@caisse.test")
    await poste.courrier.fermer()
    identifiant = await poste.publier("a", accuse_attendu=False)
    await poste.passer(100, pas_minutes=120)
    detail = await poste.detail(identifiant)
    assert detail["etat"] == "echec"
    assert detail["livraisons"][0]["tentatives"] == 16
    await poste.courrier.ouvrir()
    reponse = await poste.reseau.envoyer("POST", f"/v1/notifications/{identifiant}/renvoi", {})
    assert reponse.status_code == 202
    await poste.facteur().tour()
    assert [m["Message-ID"] for m in poste.courrier.recus] == [f"<{identifiant}.courriel.1.0@vigie.invalid>"]


async def test_an_address_given_later_gets_what_waited(poste: Poste) -> None:
    identifiant = await poste.publier("a", accuse_attendu=False)
    await poste.facteur().tour()
    assert "adresse" in (await poste.detail(identifiant))["livraisons"][0]["detail"]
    await poste.declarer("direction@caisse.test")
    await poste.passer(1, pas_minutes=1)
    assert [m["To"] for m in poste.courrier.recus] == ["direction@caisse.test"]


async def test_nothing_is_said_if_the_transaction_is_rolled_back_and_once_under_one_key(poste: Poste) -> None:
    await poste.declarer("direction@caisse.test")
    with pytest.raises(ValueError, match="nowhere"):
        await poste.publier("a", caisse="nowhere")
    un, deux = await poste.publier("a"), await poste.publier("a")
    assert un == deux
    await poste.facteur().tour()
    assert len(poste.courrier.recus) == 1


async def test_without_a_relay_the_mailbox_is_a_folder_with_one_file_a_message(ouvrir_poste: OuvrirPoste) -> None:
    async with ouvrir_poste(smtp_hote="") as poste:
        identifiant = await poste.publier("a")
        await poste.facteur().tour()
        (fichier,) = (f for f in (poste.dossier / "courrier").rglob("*") if f.is_file())
        assert fichier.name == f"cpam-31-essai-{identifiant}.courriel.1.0.eml"
        assert b"contact1@cpam-31.invalid" in fichier.read_bytes()
        assert (await poste.detail(identifiant))["etat"] == "remise"


def _certificat(dossier: Path) -> tuple[Path, Path]:
    certificat, cle = dossier / "relais.pem", dossier / "relais.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(cle), "-out", str(certificat),
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificat, cle


async def test_starttls_is_used_and_a_relay_nobody_vouches_for_gets_nothing(
    ouvrir_poste: OuvrirPoste, tmp_path: Path
) -> None:
    certificat, cle = _certificat(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificat, cle)
    async with ouvrir_poste(tls=tls, smtp_tls="starttls", smtp_ca=str(certificat)) as poste:
        await poste.declarer("direction@caisse.test")
        await poste.publier("a", accuse_attendu=False)
        await poste.facteur().tour()
        assert len(poste.courrier.recus) == 1
    async with ouvrir_poste(tls=tls, smtp_tls="starttls") as poste:
        identifiant = await poste.publier("b", accuse_attendu=False)
        await poste.facteur().tour()
        assert not poste.courrier.recus
        assert (await poste.detail(identifiant))["livraisons"][0]["etat"] == "a_envoyer"
