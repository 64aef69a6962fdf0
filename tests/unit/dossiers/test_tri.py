"""A batch in columns does what the same events do one by one, whatever has come before and whatever comes twice."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalogue.processus import processus
from shared.dossiers.contributions import MESURES
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.effets import Cle, Effets, Existant, fusionner
from shared.dossiers.etat import encoder_contenus
from shared.dossiers.receptions import Compte, compter
from shared.dossiers.store import Depot
from shared.dossiers.traitement import TraitementDossiers
from shared.dossiers.tri import grouper, trier
from shared.events.lecture_en_lot import LecteurEnLot
from shared.log.rejets import Rejet
from shared.log.types import Enregistrement
from tests.unit.dossiers.atelier import CGSS, CPAM, PRENANTE, CalculEnColonnes, Codes, Dit, lieux
from tests.unit.dossiers.test_fusion_proprietes import COUPES, JALONS, couper, dits

SLUGS = {CPAM: "cpam-75", CGSS: "cgss-974", PRENANTE: "cpam-59-flandres"}


class LecteurEnColonnes(LecteurEnLot):
    LOT_MIN = 1


class LecteurUnParUn(LecteurEnLot):
    LOT_MIN = 10**9


class CodesNotes:
    """Names asked of a dictionary that others share."""

    def __init__(self, communs: Codes) -> None:
        self._communs = communs
        self.demandes: set[tuple[str, str]] = set()

    def code(self, genre: str, valeur: str, /) -> int:
        self.demandes.add((genre, valeur))
        return self._communs.code(genre, valeur)

    def nom(self, genre: str, code: int, /) -> str:
        return self._communs.nom(genre, code)


class UnService:
    """The handler without its database: rows and cells in memory."""

    def __init__(
        self, process: str, lecteur: type[LecteurEnLot], calcul: type[CalculEnLot], reseau: Any, codes: Codes
    ) -> None:
        definition, self.codes = processus(process), CodesNotes(codes)
        self.traitement = TraitementDossiers(
            Depot("essai"),
            lecteur([definition], {slug: code for code, slug in SLUGS.items()}),
            {process: calcul(definition, reseau, self.codes)},
            self.codes,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            1,
        )
        self.lignes: dict[Cle, tuple] = {}
        self.cellules: Counter[tuple] = Counter()
        self.receptions: list[Compte] = []
        self.rejets: list[Rejet] = []
        self.neufs = 0

    async def lot(self, lignes: Sequence[bytes], limites: Mapping[str, int]) -> None:
        records = [Enregistrement("t", 0, rang, b"", ligne, 0) for rang, ligne in enumerate(lignes)]
        lot = self.traitement.preparer(records)
        tranches, seules = await self.traitement._numeroter(lot)
        cles = {cle for tranche in tranches for cle in tranche.cles} | {dite.cle for dite in seules}
        existants: dict[Cle, Existant] = {c: (li[2], li[3], li[7]) for c, li in self.lignes.items() if c in cles}
        neufs, dites = trier(tranches, seules, existants, limites)
        groupes = grouper(dites)
        self.rejets += lot.rejets
        self.rejets += self.traitement._ecarter(groupes, existants, limites, dites, records)
        effets = fusionner(groupes, existants, neufs)
        self.receptions.append(compter(self.traitement._recus(lot, tranches)))
        self.neufs += sum(len(n.colonnes) for n in neufs)
        self.ecrire(effets)

    def ecrire(self, effets: Effets) -> None:
        for ligne in (*effets.nouvelles, *effets.changees):
            self.lignes[ligne[1], ligne[0]] = ligne
        for genre, lignes in effets.cellules.items():
            for *cle, montant in (
                (genre, rang, *ligne[: -len(MESURES[genre])], ligne[rang - len(MESURES[genre])])
                for ligne in lignes.tolist()
                for rang in range(len(MESURES[genre]))
            ):
                self.cellules[tuple(cle)] += montant


def ligne_de(dit: Dit, process: str) -> bytes:
    """The event as a source would send it, all its milestones in one."""

    def date(instant: int) -> str:
        return datetime.fromtimestamp(instant, UTC).isoformat()

    data: dict[str, Any] = {"caisse": SLUGS[dit.caisse]} if dit.caisse else {}
    if dit.retrait:
        data["cible"] = dit.id
    else:
        data["jalons"] = {n: date(v) if isinstance(v, int) else list(map(date, v)) for n, v in dit.jalons.items()}
        data |= {nom: int(v) if v.isdecimal() else v for nom, v in dit.attributs.items()}
        data |= {"productrice": SLUGS[dit.productrice]} if dit.productrice else {}
        data |= {"plateforme": dit.plateforme} if dit.plateforme else {}
        data |= {"nombre": dit.nombre} if dit.nombre else {}
    corps = {
        "specversion": "1.0",
        "id": f"{dit.id}-r" if dit.retrait else dit.id,
        "source": dit.source,
        "namespace": "ns",
        "type": f"vigie.{process}.{'retrait' if dit.retrait else 'dossier'}.v1",
        "subject": dit.subject,
        "recordedtime": date(dit.enregistre * 86_400 + 12 * 3_600),
        "revision": dit.revision,
        "data": data,
    }
    return json.dumps(corps).encode()


ABIMES = [
    ("source", "a\x00b"),
    ("namespace", "1850578006084"),
    ("subject", "jean.dupont@example.fr"),
    ("id", "y" * 300),
    ("data", {"caisse": "cpam-999"}),
    ("data", {"plateforme": "jean.dupont@example.fr", "jalons": {}}),
    ("recordedtime", "hier"),
]


def abimee(ligne: bytes, champ: str, valeur: Any) -> bytes:
    """The same event with a field that is refused."""
    corps = json.loads(ligne)
    corps[champ] = corps["data"] | valeur if champ == "data" else valeur
    return json.dumps(corps).encode()


@pytest.mark.parametrize("process", JALONS)
@pytest.mark.parametrize("prenantes", [{}, {CPAM: PRENANTE}])
@given(donnees=st.data())
@settings(deadline=None)
async def test_en_colonnes_comme_un_par_un(process: str, prenantes: dict[int, int], donnees: st.DataObject) -> None:
    sujets = st.sampled_from(("D1", "D2", "D3", "D4", "D5"))
    journal = donnees.draw(st.lists(st.tuples(dits(process), sujets), min_size=1, max_size=12))
    lignes = [ligne_de(Dit(**{**vars(dit), "subject": sujet}), process) for dit, sujet in journal]
    for rang in donnees.draw(st.sets(st.integers(0, len(lignes) - 1), max_size=2)):
        lignes[rang] = abimee(lignes[rang], *donnees.draw(st.sampled_from(ABIMES)))
    limites = donnees.draw(st.sampled_from(({}, {process: journal[0][0].enregistre * 86_400 - 30 * 86_400})))
    reseau, codes = lieux(prenantes), Codes()
    colonnes = UnService(process, LecteurEnColonnes, CalculEnColonnes, reseau, codes)
    un_par_un = UnService(process, LecteurUnParUn, CalculEnLot, reseau, codes)
    for lot in couper(lignes, donnees.draw(COUPES)):
        await colonnes.lot(lot, limites)
        await un_par_un.lot(lot, limites)
    assert un_par_un.neufs == 0
    assert colonnes.lignes == un_par_un.lignes
    assert {c: n for c, n in colonnes.cellules.items() if n} == {c: n for c, n in un_par_un.cellules.items() if n}
    assert colonnes.receptions == un_par_un.receptions
    assert colonnes.rejets == un_par_un.rejets
    assert colonnes.codes.demandes == un_par_un.codes.demandes


def bonne(subject: str, jalons: Mapping[str, int], id: str = "1") -> bytes:
    return ligne_de(Dit(id, jalons, subject=subject, attributs={"beneficiaire": "ps"}, enregistre=20_565), "fse")


RECUE, PAYEE = 1_776_000_000, 1_776_500_000


async def test_ce_qui_est_ordinaire_reste_en_colonnes_et_le_reste_en_sort() -> None:
    codes = Codes()
    service = UnService("fse", LecteurEnColonnes, CalculEnColonnes, lieux(), codes)
    seuls = [bonne(f"S{rang}", {"recue": RECUE, "payee": PAYEE}) for rang in range(3)]
    deux = [bonne("D1", {"recue": RECUE}, "1"), bonne("D1", {"payee": PAYEE}, "2")]
    await service.lot([*seuls, *deux], {})
    assert service.neufs == 3
    await service.lot([bonne("S0", {"payee": PAYEE + 60}, "2"), bonne("S4", {"recue": RECUE})], {})
    assert service.neufs == 4
    await service.lot([bonne("S5", {"recue": RECUE}), bonne("S6", {"recue": RECUE - 86_400})], {"fse": RECUE})
    assert service.neufs == 5
    assert ("S6", codes.code("serie", "fse|ns")) not in service.lignes
    assert len(service.lignes) == 6


async def test_rien_de_ce_qui_est_refuse_n_est_nomme() -> None:
    service = UnService("fse", LecteurEnColonnes, CalculEnColonnes, lieux(), Codes())
    bons = [bonne(f"S{rang}", {"recue": RECUE, "payee": PAYEE}) for rang in range(3)]
    refusees = [abimee(bonne("S9", {"recue": RECUE}), champ, valeur) for champ, valeur in ABIMES]
    await service.lot([*refusees, *bons], {})
    assert [rejet.offset for rejet in service.rejets] == list(range(len(ABIMES)))
    noms = {valeur for genre, valeur in service.codes.demandes if genre in ("source", "serie", "plateforme")}
    assert noms == {"a", "fse|ns"}


@given(st.lists(st.tuples(dits("fse"), st.sampled_from(("D1", "D2"))), min_size=1, max_size=8))
@settings(deadline=None)
def test_ce_qui_est_garde_d_une_ligne_est_ce_qui_serait_garde_de_son_contenu(journal: Sequence[tuple]) -> None:
    lignes = [
        ligne_de(Dit(**{**vars(dit), "retrait": False, "jalons": dit.jalons or {"recue": RECUE}}), "fse")
        for dit, _ in journal
    ]
    lecteur = LecteurEnColonnes([processus("fse")], {slug: code for code, slug in SLUGS.items()})
    (colonnes,) = lecteur.lire_lot(lignes, [0] * len(lignes)).colonnes
    sources = list(range(len(colonnes)))
    gardes = [encoder_contenus([champs]) for champs in colonnes.a_garder(sources)]
    assert gardes == [encoder_contenus([contenu]) for contenu in colonnes.contenus(sources)]
