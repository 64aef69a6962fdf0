"""What a value counts and what it leaves out, read from the same cells: one caisse or the network, one period."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.processus import tous_les_processus
from shared.dossiers.cellules import Cellier, Colonnes, Filtre, Selection, entre, strates_de
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.echeances import dans_les_temps, echus, premier_ouvert
from shared.dossiers.explication import comptes_derives as derives
from shared.dossiers.explication import comptes_releves as releves
from shared.dossiers.explication.modele import (
    ATTENTE_INCONNUE,
    AUTRE_VALEUR,
    CLOS_DEPUIS,
    CLOS_EN_RETARD,
    ENCORE_OUVERTS,
    HORS_POPULATION,
    OUVERTS_EN_RETARD,
    PAS_ECHUS,
    TROP_LONGS,
    Compte,
    Comptes,
    ParIssue,
    autres,
    non_nuls,
    total,
)
from shared.dossiers.valeurs import Demande
from shared.indicators.periodes import coupes
from shared.indicators.rangs import Entiers

Lecture = Callable[[Cellier, Dictionnaire, AsyncConnection, Demande, Filtre], Awaitable[Mapping[str, Entiers]]]

_DEBUT = -40_000
"""A day number before every cell (1860)."""


class Compteur:
    """Reads the counts behind one question: ``demande`` of one period."""

    def __init__(self, schema: str, dictionnaire: Dictionnaire, conn: AsyncConnection, demande: Demande) -> None:
        self._cellier, self.dictionnaire = Cellier(schema), dictionnaire
        self._conn, self.demande = conn, demande
        (self.periode,) = demande.periodes
        indicateur = demande.indicateur
        process = dictionnaire.connait("process", indicateur.process)
        strates = strates_de(dictionnaire, indicateur.population)
        self.filtre = Filtre(process or 0, demande.vue, strates, demande.caisse, demande.plateforme, demande.connu)

    async def compter(self) -> Comptes | None:
        """The counts; None for a kind of statistic whose parts are not told apart."""
        compter = _COMPTES.get(self.demande.indicateur.genre)
        return None if compter is None else await compter(self)

    async def par_issue(self, table: str, jour: str, filtre: Filtre | None = None) -> ParIssue:
        """Items of the period by outcome."""
        du, au = self.periode
        return await self.sommer(table, {"issue": "issue", "n": "n"}, entre(jour, du, au), filtre)

    async def sommer(self, table: str, colonnes: Colonnes, condition: str, filtre: Filtre | None = None) -> ParIssue:
        lues = await self._cellier.sommer(
            self._conn, filtre or self.filtre, [Selection(table, colonnes, condition)], ("n",)
        )
        sommes: dict[str, int] = {}
        for issue, n in zip(lues["issue"].tolist(), lues["n"].tolist(), strict=True):
            nom = self.dictionnaire.nom("issue", issue)
            sommes[nom] = sommes.get(nom, 0) + n
        return sommes

    async def lire(self, lecture: Lecture) -> Mapping[str, Entiers]:
        """What ``lecture`` reads of the cells that the question is about."""
        return await lecture(self._cellier, self.dictionnaire, self._conn, self.demande, self.filtre)

    async def _hors_population(self, table: str, jour: str, issues: Sequence[str]) -> list[Compte]:
        """Items of these outcomes outside the population of the indicator."""
        if not self.demande.indicateur.population:
            return []
        tous = await self.par_issue(table, jour, replace(self.filtre, strates=None))
        dedans = await self.par_issue(table, jour)
        return [Compte(HORS_POPULATION, total(tous, issues) - total(dedans, issues))]

    async def _encore_ouverts(self) -> list[Compte]:
        """Files open on the last evening: they are in no statistic of closed ones. Unknown from the other side."""
        if self.demande.executante:
            return []
        ouverts, clos = await self._stocks()
        return [Compte(ENCORE_OUVERTS, ouverts - clos)]

    async def _stocks(self) -> tuple[int, int]:
        """(opened, closed) since the first day known, to the last evening."""
        au = self.periode.au
        sans_issue = {"issue": "0", "n": "n"}
        ouverts = await self.sommer("ouverts", sans_issue, entre("jour", _DEBUT, au))
        clos = await self.sommer("clos", sans_issue, entre("jour_clos", _DEBUT, au))
        return sum(ouverts.values()), sum(clos.values())

    async def rapport(self) -> Comptes:
        p = self.demande.indicateur.parametres
        comptes = await self.par_issue("flux", "jour")
        hors = await self._hors_population("flux", "jour", p["denominateur"])
        return _part(comptes, p["numerateur"], p["denominateur"], hors)

    async def part_issue(self) -> Comptes:
        p = self.demande.indicateur.parametres
        comptes = await self.par_issue("clos", "jour_clos")
        hors = await self._hors_population("clos", "jour_clos", p["parmi"])
        return _part(comptes, p["issues"], p["parmi"], [*hors, *await self._encore_ouverts()])

    async def nombre(self) -> Comptes:
        issues = self.demande.indicateur.parametres["issues"]
        comptes = await self.par_issue("flux", "jour")
        hors = await self._hors_population("flux", "jour", issues)
        return Comptes(None, total(comptes, issues), (), non_nuls([*autres(comptes, issues), *hors]))

    async def part_strate(self) -> Comptes:
        p = self.demande.indicateur.parametres
        processus = tous_les_processus()[self.demande.indicateur.process]
        table, jour = ("clos", "jour_clos") if processus.forme == "dossiers" else ("flux", "jour")
        par_valeur = {
            valeur: total(await self.par_issue(table, jour, self._de_valeur(p["attribut"], valeur)), p["issues"])
            for valeur in processus.attributs[p["attribut"]]
        }
        comptes = await self.par_issue(table, jour)
        denominateur = sum(par_valeur.values())
        inconnues = Compte(AUTRE_VALEUR, total(comptes, p["issues"]) - denominateur)
        return Comptes(
            total(par_valeur, p["valeurs"]),
            denominateur,
            [Compte(f"{p['attribut']} {valeur}", n) for valeur, n in autres(par_valeur, p["valeurs"])],
            non_nuls([*autres(comptes, p["issues"]), inconnues]),
        )

    def _de_valeur(self, attribut: str, valeur: str) -> Filtre:
        """The cells of one value of an attribute; an attribute that no cell has yet has none."""
        voulue = {**self.demande.indicateur.population, attribut: valeur}
        return replace(self.filtre, strates=strates_de(self.dictionnaire, voulue))

    async def delais(self) -> Comptes:
        issues = self.demande.indicateur.parametres["issues"]
        comptes = await self.par_issue("clos", "jour_clos")
        hors = await self._hors_population("clos", "jour_clos", issues)
        return Comptes(
            None, total(comptes, issues), (), [*autres(comptes, issues), *hors, *await self._encore_ouverts()]
        )

    async def attentes(self) -> Comptes:
        p = self.demande.indicateur.parametres
        issues = p.get("denominateur", p["issues"])
        connues, presentes = await self.par_issue("attentes", "jour"), await self.par_issue("flux", "jour")
        inconnues = total(presentes, issues) - total(connues, issues)
        exclusions = [*autres(presentes, issues), Compte(ATTENTE_INCONNUE, inconnues)]
        if "secondes" not in p:
            return Comptes(None, total(connues, issues), (), exclusions)
        du, au = self.periode
        rapides = await self.sommer(
            "attentes",
            {"issue": "issue", "n": "n"},
            f"{entre('jour', du, au)} AND secondes <= {int(p['secondes'])}",
        )
        numerateur, servis = total(rapides, p["issues"]), total(connues, p["issues"])
        perdus = autres({i: connues.get(i, 0) for i in issues}, p["issues"])
        manques = [Compte(TROP_LONGS, servis - numerateur), *perdus]
        return Comptes(numerateur, total(connues, issues), manques, exclusions)

    async def stock(self) -> Comptes:
        ouverts, clos = await self._stocks()
        return Comptes(ouverts, ouverts - clos, [Compte(CLOS_DEPUIS, clos)], ())

    async def stock_age(self) -> Comptes:
        ouverts, clos = await self._stocks()
        return Comptes(None, ouverts - clos, (), ())

    async def echeance(self) -> Comptes:
        d, p = self.demande, self.demande.indicateur.parametres
        horloge, limite, jours = p["horloge"], int(p["limite"]), coupes(d.periodes)
        du, au = self.periode
        depuis = premier_ouvert(horloge, limite, du)
        echu = echus(horloge, limite, (depuis, au), jours, d.maintenant)
        clos_du, ouvert_du = echu("jour_ouvert", "heure_ouvert"), echu("jour", "heure")
        ouverts_le = entre("jour", depuis, au)
        dans_la_periode = f"{entre('jour_ouvert', depuis, au)} AND jour_clos >= {depuis} AND ({clos_du}) = {du}"
        par_issue = {"issue": "issue", "n": "n"}
        clos = await self.sommer("clos", par_issue, dans_la_periode)
        a_temps = await self.sommer(
            "clos", par_issue, f"{dans_la_periode} AND {dans_les_temps(horloge, limite, depuis, au)}"
        )
        sans_issue = {"issue": "0", "n": "n"}
        arrives, pas_echus = sum(clos.values()), 0
        if not d.executante:
            arrives = sum((await self.sommer("ouverts", sans_issue, f"{ouverts_le} AND ({ouvert_du}) = {du}")).values())
            apres = f"{entre('jour', du, au)} AND ({ouvert_du}) > {au}"
            pas_echus = sum((await self.sommer("ouverts", sans_issue, apres)).values())
        tenus = total(a_temps, p["tenues"])
        exclus = [Compte(i, n) for i, n in a_temps.items() if i in p["exclues"]]
        en_retard = sum(clos.values()) - sum(a_temps.values())
        manques = [
            *autres(a_temps, [*p["tenues"], *p["exclues"]]),
            Compte(CLOS_EN_RETARD, en_retard),
            Compte(OUVERTS_EN_RETARD, arrives - sum(clos.values())),
        ]
        denominateur = arrives - sum(n for _, n in exclus)
        return Comptes(tenus, denominateur, non_nuls(manques), non_nuls([*exclus, Compte(PAS_ECHUS, pas_echus)]))


_COMPTES: Mapping[str, Callable[[Compteur], Awaitable[Comptes]]] = {
    "rapport": Compteur.rapport,
    "part_issue": Compteur.part_issue,
    "delai_moyen": Compteur.delais,
    "delai_quantile": Compteur.delais,
    "attente_part": Compteur.attentes,
    "attente_moyenne": Compteur.attentes,
    "attente_quantile": Compteur.attentes,
    "stock": Compteur.stock,
    "stock_age_quantile": Compteur.stock_age,
    "echeance": Compteur.echeance,
    "nombre": Compteur.nombre,
    "part_strate": Compteur.part_strate,
    "part_chaine": derives.part_chaine,
    "part_nette": derives.part_nette,
    "echeance_nette": derives.echeance_nette,
    "releve_moyenne": releves.releve_moyenne,
    "releve_part": releves.releve_part,
    "ecart_sources": releves.ecart_sources,
}


def _part(comptes: ParIssue, num: Sequence[str], den: Sequence[str], exclusions: Sequence[Compte]) -> Comptes:
    manques = autres({issue: comptes.get(issue, 0) for issue in den}, num)
    return Comptes(total(comptes, num), total(comptes, den), manques, non_nuls([*autres(comptes, den), *exclusions]))
