"""The chain of one person: its contacts in order, each counted with its gap and with the file that was late.

A chain is a dossier of the process *reiteration*: its state is merged as any other's, and what it puts into the cells
is a pure function of that state. Each contact makes one cell of *contact_induit*, and one of *reiteration* when its
motif is known; a witness (``fiches.TEMOIN``) makes none, and is only what others follow. They are sorted, so that
equal chains keep equal bytes.
"""

from collections.abc import Iterable, Mapping, Sequence

from shared.catalogue.derives import AUCUN, CONTACT_INDUIT, ECART_MAX, REITERATION, Limite, Regles
from shared.catalogue.processus import AUTRE, charger_derives
from shared.dossiers.contributions import EN_COURS, FLUX, Calcul, Codes, Contribution, Lieu, nom_strate
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.derives.fiches import CLOS, CONTACT, OUVERT, TEMOIN
from shared.events.contrat import Contenu

_SANS_HEURE = -1


class CalculChaine(CalculEnLot):
    """Contributions of the chains. Reusable; holds no state but caches of the dictionary."""

    def __init__(self, regles: Regles, lieux: Mapping[int, Lieu], codes: Codes) -> None:
        """Raises DictionnaireIncomplet."""
        super().__init__(charger_derives()[REITERATION], lieux, codes)
        self._induit = Calcul(charger_derives()[CONTACT_INDUIT], lieux, codes)._process
        self._limites = regles.limites

    def contributions(self, contenus: Sequence[Contenu]) -> list[Contribution]:
        """What this chain puts into the cells of both derived processes; empty while it has no contact."""
        contacts = sorted((c for c in contenus if CONTACT in c.jalons), key=lambda c: (c.temps, c.id))
        dossiers = [c for c in contenus if OUVERT in c.jalons]
        faites: list[Contribution] = []
        derniers: dict[str, int] = {}
        for contact in contacts:
            lieu = self._lieux.get(contact.caisse)
            if lieu is None:
                continue
            jour, motif = lieu.fuseau.jour(contact.temps), contact.attributs.get("motif", "")
            if TEMOIN in contact.attributs:
                derniers[motif] = jour
                continue
            retard = dossier_en_retard(contact.temps, dossiers, self._limites, self._lieux) if dossiers else AUCUN
            faites.append(self._cellule(self._induit, contact, lieu, jour, ("retard", retard)))
            if motif and motif != AUTRE:
                ecart, delai = _ecart(derniers.get(motif), jour), contact.attributs.get("delai", "")
                faites.append(self._cellule(self._process, contact, lieu, jour, ("ecart", ecart, "delai", delai)))
                derniers[motif] = jour
        return sorted(faites)

    def _cellule(self, process: int, contact: Contenu, lieu: Lieu, jour: int, en_plus: tuple[str, ...]) -> Contribution:
        """``en_plus``: names and values of the stratum after its channel and motif."""
        canal = contact.attributs["canal"]
        executante = contact.productrice or lieu.prenante(canal, jour) or contact.caisse
        plateforme = self._codes.code("plateforme", contact.plateforme) if contact.plateforme else 0
        issue = self._issues[contact.attributs.get("issue", EN_COURS)]
        code = self._strate_de(("canal", canal, "motif", contact.attributs.get("motif", ""), *en_plus))
        return FLUX, (process, contact.caisse, executante, plateforme, code, jour, _SANS_HEURE, issue), (1,)

    def _strate_de(self, dit: tuple[str, ...]) -> int:
        """Code of a stratum; 0, asked again the next time, while the dictionary has none."""
        code = self._strates.get(dit)
        if not code:
            valeurs = dict(zip(dit[::2], dit[1::2], strict=True))
            code = self._strates[dit] = self._codes.code("strate", nom_strate(valeurs))
        return code


def _ecart(dernier: int | None, jour: int) -> str:
    """Days since the last contact on the motif. Local days of two caisses may cross: never less than none."""
    ecart = ECART_MAX + 1 if dernier is None else max(0, jour - dernier)
    return str(ecart) if ecart <= ECART_MAX else AUCUN


def dossier_en_retard(
    instant: int, dossiers: Iterable[Contenu], limites: Mapping[str, Limite], lieux: Mapping[int, Lieu]
) -> str:
    """The process of the file that is open at ``instant`` and longest beyond its limit on that day; ``aucun``."""
    retards: Sequence[tuple[int, str]] = [
        (-retard, process)
        for dossier in dossiers
        if (retard := _retard(instant, dossier, process := dossier.attributs["dossier"], limites, lieux)) > 0
    ]
    return min(retards)[1] if retards else AUCUN


def _retard(
    instant: int, dossier: Contenu, process: str, limites: Mapping[str, Limite], lieux: Mapping[int, Lieu]
) -> int:
    """Days beyond the limit, counted where the file is; 0 when it is not late, not open then, or has no limit."""
    ouvert, clos, limite = dossier.jalons[OUVERT], dossier.jalons.get(CLOS), limites.get(process)
    lieu = lieux.get(dossier.caisse)
    if limite is None or lieu is None or not isinstance(ouvert, int) or (isinstance(clos, int) and clos <= instant):
        return 0
    return max(0, lieu.fuseau.jour(instant) - lieu.fuseau.jour(ouvert) - limite.jours)
