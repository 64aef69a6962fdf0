"""What one process of the experiment plays: a seed under every policy, or the injected crisis."""

from importlib.resources import files

import yaml

from simulator.jumeau.monde import creer
from simulator.jumeau.scenario import verifier
from vigie.experience.campagne import Resultat, jouer, monde_de
from vigie.experience.politiques import POLITIQUES
from vigie.experience.rapport import AIDES, REGLES
from vigie.experience.reglages import debuts_de_mois, reglages

MOIS_DE_CRISE = 8


def graine(numero: int, mois: int) -> list[Resultat]:
    """Every policy of one seed, under both rules: under a minute."""
    monde = monde_de(numero, mois)
    joues = [jouer(monde, "sans_aide", mois)]
    return joues + [jouer(monde, p, mois, regle) for regle in REGLES for p in AIDES]


def crise(mois: int = MOIS_DE_CRISE) -> list[Resultat]:
    """The injected crisis, nothing else going wrong, under the three policies."""
    texte = (files("simulator.jumeau") / "donnees" / "scenarios" / "crise.yaml").read_text(encoding="utf-8")
    debut = reglages().debut
    jours = (debuts_de_mois(debut, mois)[-1] - debut).days
    monde = creer(1, debut, jours, verifier(yaml.safe_load(texte), "crise.yaml"), ordinaire=False)
    return [jouer(monde, p, mois) for p in POLITIQUES]
