"""The network: its caisses, the names they go by, and the hierarchies that group them.

A caisse has a ``code`` (its SNDS organism code read as an integer), which names it in database rows, and a
``slug``, which names it in events. Both are stable. Everything here is immutable.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from shared.network.lecture import lire_donnees
from shared.network.noms import clef_entiere, clef_sans_genre

_PROCHES_MAX = 4

REGIME = "general"
"""The regime of the network, and of each of its caisses that says no other."""


@dataclass(frozen=True, slots=True)
class Caisse:
    """One organism. ``zone`` names its public holidays, ``fuseau`` its IANA time zone.

    ``type`` is CPAM, CCSS, CGSS or CSSM. ``region`` is its group in the hierarchy of that name. ``regime``: whose
    convention binds it.
    """

    code: int
    slug: str
    nom: str
    type: str
    departement: str
    departement_nom: str
    region: str
    region_nom: str
    zone: str
    fuseau: str
    aliases: tuple[str, ...]
    regime: str = REGIME


@dataclass(frozen=True, slots=True)
class Groupe:
    """A group of caisses within a hierarchy; ``caisses`` are organism codes, ascending."""

    code: str
    nom: str
    caisses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hierarchie:
    """One way of grouping caisses. A caisse is in one group at most; hierarchies do not nest."""

    nom: str
    libelle: str
    groupes: Mapping[str, Groupe]


class CaisseInconnue(LookupError):
    """No caisse goes by this name. The message is a French sentence; ``proches`` are slugs to suggest."""

    def __init__(self, demande: str, message: str, proches: tuple[str, ...]) -> None:
        super().__init__(message)
        self.demande = demande
        self.proches = proches


class CaisseAmbigue(CaisseInconnue):
    """Several caisses go by this name; ``proches`` names them all."""


class Reseau:
    """All caisses, by code, by slug, and by any name they are known under."""

    def __init__(self, caisses: Iterable[Caisse], hierarchies: Iterable[Hierarchie]) -> None:
        self.caisses = tuple(caisses)
        self.par_code: Mapping[int, Caisse] = MappingProxyType({c.code: c for c in self.caisses})
        self.par_slug: Mapping[str, Caisse] = MappingProxyType({c.slug: c for c in self.caisses})
        self.hierarchies: Mapping[str, Hierarchie] = MappingProxyType({h.nom: h for h in hierarchies})
        if not len(self.caisses) == len(self.par_code) == len(self.par_slug):
            raise ValueError("Deux caisses portent le même code d'organisme ou le même slug.")
        noms: defaultdict[str, set[str]] = defaultdict(set)
        for caisse in self.caisses:
            for nom in _noms(caisse):
                noms[clef_entiere(nom)].add(caisse.slug)
                noms[clef_sans_genre(nom)].add(caisse.slug)
        self._noms = {clef: tuple(sorted(slugs)) for clef, slugs in noms.items() if clef}

    def caisse(self, nom_ou_slug: str) -> Caisse:
        """The caisse of this slug, name, department, town or former name.

        Case, accents and punctuation are indifferent. Raises CaisseAmbigue when several caisses go by it,
        CaisseInconnue when none does.
        """
        exacte = self.par_slug.get(nom_ou_slug)
        if exacte is not None:
            return exacte
        slugs: tuple[str, ...] = ()
        for clef in (clef_entiere(nom_ou_slug), clef_sans_genre(nom_ou_slug)):
            slugs = self._noms.get(clef, ())
            if len(slugs) == 1:
                return self.par_slug[slugs[0]]
        if slugs:
            raise CaisseAmbigue(
                nom_ou_slug,
                f"« {nom_ou_slug} » désigne plusieurs caisses : {self._citer(slugs)}. Précisez laquelle.",
                slugs,
            )
        proches = self._proches(nom_ou_slug)
        suite = f"Vouliez-vous dire : {self._citer(proches)} ?" if proches else "Aucun nom n'en est proche."
        raise CaisseInconnue(nom_ou_slug, f"Aucune caisse ne se nomme « {nom_ou_slug} ». {suite}", proches)

    def _proches(self, nom: str) -> tuple[str, ...]:
        clefs = get_close_matches(clef_sans_genre(nom), self._noms, n=_PROCHES_MAX, cutoff=0.7)
        return tuple(dict.fromkeys(slug for clef in clefs for slug in self._noms[clef]))[:_PROCHES_MAX]

    def _citer(self, slugs: tuple[str, ...]) -> str:
        return ", ".join(f"{self.par_slug[slug].nom} ({slug})" for slug in slugs)


def _noms(caisse: Caisse) -> tuple[str, ...]:
    """Every name of a caisse: what its row says, and what follows from its code and department."""
    du_departement = (caisse.departement, caisse.departement_nom)
    return (caisse.slug, caisse.nom, f"{caisse.code:03d}", *du_departement, *caisse.aliases)


@lru_cache(maxsize=1)
def charger() -> Reseau:
    """The network packaged with Vigie, read once."""
    return reseau_de(lire_donnees("organismes.yaml"), lire_donnees("hierarchies.yaml"))


def reseau_de(organismes: Mapping[str, Any], hierarchies: Mapping[str, Any]) -> Reseau:
    """Build a network from the content of ``organismes.yaml`` and ``hierarchies.yaml``.

    Raises ValueError when a hierarchy names an unknown caisse, or one twice, or when a caisse has no region.
    """
    lignes = [organismes["defauts"] | ligne for ligne in organismes["caisses"]]
    codes = {ligne["slug"]: int(ligne["code"]) for ligne in lignes}
    construites = [_hierarchie(nom, contenu, codes) for nom, contenu in hierarchies.items()]
    regions = {
        code: groupe
        for hierarchie in construites
        if hierarchie.nom == "region"
        for groupe in hierarchie.groupes.values()
        for code in groupe.caisses
    }
    orphelines = sorted(slug for slug, code in codes.items() if code not in regions)
    if orphelines:
        raise ValueError(f"Caisses sans région : {', '.join(orphelines)}.")
    return Reseau((_caisse(ligne, regions[int(ligne["code"])]) for ligne in lignes), construites)


def _caisse(ligne: Mapping[str, Any], region: Groupe) -> Caisse:
    return Caisse(
        code=int(ligne["code"]),
        region=region.code,
        region_nom=region.nom,
        aliases=tuple(ligne["aliases"]),
        regime=ligne.get("regime", REGIME),
        **{c: ligne[c] for c in ("slug", "nom", "type", "departement", "departement_nom", "zone", "fuseau")},
    )


def _hierarchie(nom: str, contenu: Mapping[str, Any], codes: Mapping[str, int]) -> Hierarchie:
    vues: set[str] = set()
    groupes = {}
    for ligne in contenu["groupes"]:
        for slug in ligne["caisses"]:
            if slug not in codes or slug in vues:
                defaut = "deux fois" if slug in vues else "qui n'existe pas"
                raise ValueError(f"Hiérarchie « {nom} », groupe {ligne['code']} : caisse {slug} {defaut}.")
            vues.add(slug)
        membres = tuple(sorted(codes[slug] for slug in ligne["caisses"]))
        groupes[ligne["code"]] = Groupe(ligne["code"], ligne["nom"], membres)
    return Hierarchie(nom, contenu["libelle"], MappingProxyType(groupes))
