"""Allocation problems for tests: drawn at random, or built small by hand."""

from dataclasses import replace

from hypothesis import strategies as st

from services.entraide.domain.allocation.modele import Demande, Offreur, Paire, Probleme, Regles, Surete

SEMAINES = 6
PROCESS = ("appel", "ij", "fsp")


@st.composite
def problemes(tirer: st.DrawFn) -> Probleme:
    """A few needs and pôles, with holidays, ramp-ups, margins, running pairs and forbidden pairs."""
    semaines = st.lists(st.integers(0, 400), min_size=SEMAINES, max_size=SEMAINES)
    demandes = []
    for i in range(tirer(st.integers(1, 5))):
        socle, plus = tirer(semaines), tirer(semaines)
        process, premiere = tirer(st.sampled_from(PROCESS)), tirer(st.integers(0, 3))
        demandes.append(
            Demande(
                f"b{i}", f"c{i}", process, process != "appel", tuple(socle),
                tuple(a + b for a, b in zip(socle, plus, strict=True)),
                premiere, tirer(st.integers(premiere, SEMAINES - 1)), tirer(st.integers(1, 3)),
            )
        )  # fmt: skip
    offreurs, suretes = [], {}
    for i in range(tirer(st.integers(1, 5))):
        caisse = f"c{i + 3}"
        capacite = tuple(tirer(st.lists(st.integers(0, 350), min_size=SEMAINES, max_size=SEMAINES)))
        jours = tuple(tirer(st.lists(st.integers(0, 5), min_size=SEMAINES, max_size=SEMAINES)))
        montee = tirer(st.sampled_from([(), (0.5,), (0.5, 0.75)]))
        offreurs.append(
            Offreur(f"p{i}", caisse, capacite, jours, montee, dict.fromkeys(PROCESS, 0.9), tirer(st.integers(-50, 500)))
        )
        for process in PROCESS:
            limite = st.one_of(st.none(), st.integers(0, 600))
            serie = st.lists(limite, min_size=SEMAINES, max_size=SEMAINES)
            if tirer(st.booleans()):
                suretes[caisse, process] = Surete(tuple(tirer(serie)), tuple(tirer(serie)))
    paires = [
        Paire(o.cle, d.cle, tirer(st.sampled_from([0, 0, 0, 2])))
        for o in offreurs
        for d in demandes
        if o.caisse != d.caisse and tirer(st.integers(0, 4))
    ]
    regles = Regles(50, tirer(st.integers(1, 2)), tirer(st.integers(2, SEMAINES)))
    return Probleme(SEMAINES, tuple(demandes), tuple(offreurs), tuple(paires), suretes, regles=regles)


SANS_LIMITE = Surete((None,) * SEMAINES, (None,) * SEMAINES)


def demande(
    cle: str = "b", manque: int = 200, *, cumulatif: bool = True, process: str = "ij", **champs: object
) -> Demande:
    """A need of ``manque`` hundredths every week, on socle as on objectif."""
    serie = (manque,) * SEMAINES
    return replace(Demande(cle, f"aidee-{cle}", process, cumulatif, serie, serie, 0, SEMAINES - 1), **champs)  # type: ignore[arg-type]


def offreur(cle: str = "p", etp: int = 200, **champs: object) -> Offreur:
    """A pôle of ``etp`` hundredths, without ramp-up or holidays, with a share it never uses up."""
    pole = Offreur(cle, f"aidante-{cle}", (etp,) * SEMAINES, (5,) * SEMAINES, (), dict.fromkeys(PROCESS, 1.0), 100_000)
    return replace(pole, **champs)  # type: ignore[arg-type]


def probleme(demandes: list[Demande], offreurs: list[Offreur], **champs: object) -> Probleme:
    """Every pair eligible, no margin that binds."""
    suretes = {(o.caisse, d.process): SANS_LIMITE for o in offreurs for d in demandes}
    paires = tuple(Paire(o.cle, d.cle) for o in offreurs for d in demandes)
    return replace(Probleme(SEMAINES, tuple(demandes), tuple(offreurs), paires, suretes), **champs)  # type: ignore[arg-type]
