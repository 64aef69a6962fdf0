"""What a pôle is said to be, checked the same whether it comes from the API or from a file. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from services.entraide.domain.activites import activites, libelles
from services.entraide.domain.poles import Pole
from shared.network.jours import jour_de
from shared.network.reseau import CaisseInconnue, charger

ETP_MAX = 1_000.0
LUNDI = 0


@dataclass(frozen=True, slots=True)
class Description:
    """A pôle as people give it. ``exceptions``: ETP of a week, by its Monday; ``productivites``: yearly volume per ETP.

    ``voies`` empty: those of its processes. ``montee`` None: the ramp-up of the settings.
    """

    cle: str
    caisse: str
    process: tuple[str, ...]
    etp: float
    voies: tuple[str, ...] = ()
    remises: tuple[str, ...] = ("fil_de_l_eau", "complexite")
    couloirs: tuple[str, ...] = ("general",)
    exceptions: Mapping[date, float] = field(default_factory=dict)
    productivites: Mapping[str, float] = field(default_factory=dict)
    montee: tuple[float, ...] | None = None
    hypothese: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Faute:
    """What is wrong in one field; ``raison`` is a French sentence."""

    champ: str
    raison: str


def fautes(d: Description) -> list[Faute]:
    """Everything that is wrong, in the order of the fields; empty when the pôle may be registered."""
    return list(_fautes(d))


def normaliser(d: Description) -> Description:
    """The same under the slug of its caisse, with the ways in of its processes when it gives none. Once checked."""
    voies = d.voies or tuple(sorted({a.voie for a in activites() if a.process in d.process}))
    return Description(**{**_champs(d), "caisse": charger().caisse(d.caisse).slug, "voies": voies})


def en_pole(d: Description) -> Pole:
    """The pôle of the domain; what it has given is for who allocates to say."""
    return Pole(
        cle=d.cle,
        caisse=d.caisse,
        process=frozenset(d.process),
        etp=d.etp,
        voies=frozenset(d.voies),
        remises=frozenset(d.remises),
        couloirs=frozenset(d.couloirs),
        exceptions={jour_de(lundi): etp for lundi, etp in d.exceptions.items()},
        productivites=dict(d.productivites),
        montee=d.montee,
    )


def en_clair(d: Description) -> dict[str, Any]:
    """Plain JSON values: what the API shows, and the history keeps."""
    exceptions = {lundi.isoformat(): etp for lundi, etp in sorted(d.exceptions.items())}
    return _champs(d) | {"exceptions": exceptions, "productivites": dict(sorted(d.productivites.items()))}


def depuis_le_clair(valeurs: Mapping[str, Any]) -> Description:
    """The opposite of ``en_clair``."""
    listes = {nom: tuple(valeurs[nom]) for nom in ("process", "voies", "remises", "couloirs")}
    montee = valeurs["montee"]
    return Description(
        **{
            **valeurs,
            **listes,
            "exceptions": {date.fromisoformat(lundi): etp for lundi, etp in valeurs["exceptions"].items()},
            "montee": None if montee is None else tuple(montee),
        }
    )


def _champs(d: Description) -> dict[str, Any]:
    return asdict(d)


def _fautes(d: Description) -> Iterator[Faute]:
    if not d.cle or len(d.cle) > 100 or any(c.isspace() or c in "/?#" for c in d.cle):
        yield Faute("cle", "une clé de 1 à 100 caractères, sans espace ni « / », « ? », « # ».")
    try:
        charger().caisse(d.caisse)
    except CaisseInconnue as exc:
        yield Faute("caisse", str(exc))
    connus = {a.process for a in activites()}
    yield from _inconnus("process", d.process, connus, "PHARE ne couvre pas")
    if not d.process:
        yield Faute("process", "au moins un process.")
    if not 0 <= d.etp <= ETP_MAX:
        yield Faute("etp", f"un nombre d'ETP de 0 à {ETP_MAX:.0f}.")
    yield from _inconnus("voies", d.voies, libelles()["voies"], "voie d'accès inconnue :")
    yield from _inconnus("remises", d.remises, libelles()["remises"], "remise de dossiers inconnue :")
    for nom in ("remises", "couloirs"):
        if not getattr(d, nom):
            yield Faute(nom, "au moins une valeur.")
    for lundi, etp in d.exceptions.items():
        if lundi.weekday() != LUNDI:
            yield Faute("exceptions", f"le {lundi:%d/%m/%Y} n'est pas un lundi.")
        if not 0 <= etp <= ETP_MAX:
            yield Faute("exceptions", f"le {lundi:%d/%m/%Y}, un nombre d'ETP de 0 à {ETP_MAX:.0f}.")
    for process, volume in d.productivites.items():
        if process not in d.process:
            yield Faute("productivites", f"« {process} » n'est pas un process du pôle.")
        if volume <= 0:
            yield Faute("productivites", f"« {process} » : un volume annuel par ETP au-dessus de zéro.")
    if d.montee is not None and not all(0 < part <= 1 for part in d.montee):
        yield Faute("montee", "des parts de la pleine productivité, au-dessus de 0 et jusqu'à 1.")


def _inconnus(champ: str, donnes: tuple[str, ...], connus: Any, dire: str) -> Iterator[Faute]:
    for nom in donnes:
        if nom not in connus:
            yield Faute(champ, f"{dire} « {nom} ». Connus : {', '.join(sorted(connus))}.")
