"""What the figures read beside a derived process count and leave out: the repeated contacts, and the induced ones.

The same cells and the same days as ``shared.dossiers.derives.lecture``, of one period.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.catalogue.derives import REITERATION, TENU, charger_regles
from shared.catalogue.processus import charger_processus
from shared.dossiers.cellules import entre, liste
from shared.dossiers.contributions import EN_COURS
from shared.dossiers.derives.lecture import cellules_otees, dernier_echu, strates_parmi
from shared.dossiers.echeances import dans_les_temps
from shared.dossiers.explication.modele import (
    CLOS_EN_RETARD,
    OUVERTS_EN_RETARD,
    PAS_ECHUS,
    PAS_REPETES,
    SANS_ASSURE,
    SANS_ASSURE_NI_MOTIF,
    SANS_ISSUE,
    SANS_RETARD,
    Compte,
    Comptes,
    ParIssue,
    autres,
    non_nuls,
    total,
)

if TYPE_CHECKING:
    from shared.dossiers.explication.comptes import Compteur

_PAR_ISSUE: Mapping[str, str] = {"issue": "issue", "n": "n"}
_ENSEMBLE: Mapping[str, str] = {"issue": "0", "n": "n"}


async def part_chaine(compteur: "Compteur") -> Comptes:
    """Contacts of known persons; left out: those that no chain could take, for want of a person or of a motif."""
    d, du_au = compteur.demande, entre("jour", *compteur.periode)
    p = d.indicateur.parametres
    strates = liste(strates_parmi(compteur.dictionnaire, p["attribut"], p["valeurs"]))
    suivis = sum((await compteur.sommer("flux", _ENSEMBLE, du_au)).values())
    comptes = sum((await compteur.sommer("flux", _ENSEMBLE, f"{du_au} AND strate = ANY({strates})")).values())
    repetes = d.indicateur.process == REITERATION
    manques = [Compte(PAS_REPETES if repetes else SANS_RETARD, suivis - comptes)]
    exclus = [Compte(SANS_ASSURE_NI_MOTIF if repetes else SANS_ASSURE, max(0, await _venus(compteur) - suivis))]
    return Comptes(comptes, suivis, non_nuls(manques), non_nuls([] if d.executante else exclus))


async def _venus(compteur: "Compteur") -> int:
    """All contacts of the channels counted, known persons or not."""
    voulu = compteur.demande.indicateur.population.get("canal")
    somme = 0
    for canal in (voulu,) if voulu else charger_regles().contacts:
        code = compteur.dictionnaire.connait("process", canal)
        if code is None:
            continue
        table = "flux" if charger_processus()[canal].forme == "flux" else "ouverts"
        tous = replace(compteur.filtre, process=code, strates=None)
        lus = await compteur.sommer(table, _ENSEMBLE, entre("jour", *compteur.periode), tous)
        somme += sum(lus.values())
    return somme


async def part_nette(compteur: "Compteur") -> Comptes:
    """What came less what is taken out; of files, whatever became of those that came in the period."""
    d = compteur.demande
    p, derive = d.indicateur.parametres, cellules_otees(compteur.dictionnaire, d, compteur.filtre)
    otes = await compteur.sommer("flux", _PAR_ISSUE, entre("jour", *compteur.periode), derive)
    nom = p["sans"]["process"]
    if "denominateur" in p:
        venus = await compteur.par_issue("flux", "jour")
        nets = _moins(venus, otes, p["denominateur"])
        exclus = [Compte(nom, total(otes, p["denominateur"])), *autres(venus, p["denominateur"])]
        return Comptes(
            total(nets, p["numerateur"]), sum(nets.values()), autres(nets, p["numerateur"]), non_nuls(exclus)
        )
    issues = charger_processus()[d.indicateur.process].issues
    clos = await compteur.sommer("clos", _PAR_ISSUE, entre("jour_ouvert", *compteur.periode))
    nets = _moins(clos, otes, issues)
    denominateur, otes_n = sum(nets.values()), total(otes, issues)
    if not d.executante:
        ouverts = await compteur.sommer("ouverts", _ENSEMBLE, entre("jour", *compteur.periode))
        otes_n = sum(otes.values())
        denominateur = max(0, sum(ouverts.values()) - otes_n)
    manques = [*autres(nets, p["numerateur"]), Compte(SANS_ISSUE, denominateur - sum(nets.values()))]
    return Comptes(total(nets, p["numerateur"]), denominateur, non_nuls(manques), non_nuls([Compte(nom, otes_n)]))


async def echeance_nette(compteur: "Compteur") -> Comptes:
    """What came on days that are due, less what is taken out: closed late, and late still."""
    d, (du, au) = compteur.demande, compteur.periode
    p, derive = d.indicateur.parametres, cellules_otees(compteur.dictionnaire, d, compteur.filtre)
    echus = min(au, dernier_echu(d.maintenant))
    clos_le = entre("jour_ouvert", du, echus)
    clos = await compteur.sommer("clos", _PAR_ISSUE, clos_le)
    rapides = await compteur.sommer(
        "clos", _PAR_ISSUE, f"{clos_le} AND {dans_les_temps(p['horloge'], int(p['limite']), du, au)}"
    )
    otes = await compteur.sommer("flux", _PAR_ISSUE, entre("jour", du, echus), derive)
    tenus = liste(strates_parmi(compteur.dictionnaire, "delai", [TENU]))
    otes_a_temps = await compteur.sommer(
        "flux", _PAR_ISSUE, f"{entre('jour', du, echus)} AND strate = ANY({tenus})", derive
    )
    fermes = sum(clos.values()) - sum(n for issue, n in otes.items() if issue != EN_COURS)
    numerateur = max(0, total(rapides, p["tenues"]) - total(otes_a_temps, p["tenues"]))
    denominateur, otes_n, a_venir = fermes, sum(otes.values()) - otes.get(EN_COURS, 0), 0
    if not d.executante:
        arrives = sum((await compteur.sommer("ouverts", _ENSEMBLE, entre("jour", du, echus))).values())
        a_venir = sum((await compteur.sommer("ouverts", _ENSEMBLE, entre("jour", echus + 1, au))).values())
        otes_n = sum(otes.values())
        denominateur = max(0, arrives - otes_n)
    manques = [Compte(CLOS_EN_RETARD, fermes - numerateur), Compte(OUVERTS_EN_RETARD, denominateur - fermes)]
    exclus = [Compte(p["sans"]["process"], otes_n), Compte(PAS_ECHUS, a_venir)]
    return Comptes(numerateur, denominateur, non_nuls(manques), non_nuls(exclus))


def _moins(venus: ParIssue, otes: ParIssue, issues: tuple[str, ...] | list[str]) -> dict[str, int]:
    """Net of these outcomes; read one after the other, the two may disagree for a moment: never below none."""
    return {issue: max(0, venus.get(issue, 0) - otes.get(issue, 0)) for issue in issues}
