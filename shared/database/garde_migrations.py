"""What a migration may not do to a database in use: seen in the statements themselves, before they run anywhere.

A statement that rewrites or scans a large table under an exclusive lock stops every batch while it lasts; one that
takes away what the version before reads breaks the processes that have not been replaced yet.
"""

import importlib.util
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from shared.database.montee import versions

SANS_LECTEUR = "SANS_LECTEUR_DEPUIS"
"""Constant of a migration that takes something away: the version since which nothing reads it any more."""

PETITES = frozenset({"definitions", "chargements", "dictionnaire", "entretiens", "horizons", "version_du_schema"})
"""Tables of a few hundred rows at most, on which a lock is never long. All others are taken to be large."""


@dataclass(frozen=True, slots=True)
class Regle:
    """``motif`` on one statement, lower case, its blanks single; the group ``table``, where there is one, is exempt
    when the migration itself created the table, or it is a small one. ``retrait``: allowed with `SANS_LECTEUR`."""

    nom: str
    motif: "re.Pattern[str]"
    remede: str
    retrait: bool = False


@dataclass(frozen=True, slots=True)
class Ecart:
    """A statement that is refused."""

    version: str
    regle: str
    ordre: str
    remede: str

    def __str__(self) -> str:
        return f"{self.version} : {self.regle}\n  {self.ordre[:200]}\n  → {self.remede}"


_TABLE = r'(?:only )?(?:if exists )?(?:"?\w+"?\.)?"?(?P<table>\w+)"?'
_ALTER = rf"^alter table {_TABLE} .*"

REGLES: Sequence[Regle] = (
    Regle(
        "index fait sous verrou",
        re.compile(rf"^create (?:unique )?index (?!concurrently).* on {_TABLE}"),
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS, dans op.get_context().autocommit_block().",
    ),
    Regle(
        "colonne à valeur calculée ligne par ligne",
        re.compile(
            _ALTER + r"add (?:column )?.*(?:generated (?:always|by default)|"
            r"default [^,]*(?:random\(|clock_timestamp\(|nextval\(|gen_random_uuid\(|uuidv7\())"
        ),
        "Ajoutez la colonne sans valeur, remplissez-la par petits lots, puis donnez le défaut.",
    ),
    Regle(
        "colonne obligatoire sans valeur",
        re.compile(_ALTER + r"add (?:column )?(?!constraint)(?:(?!default).)*not null(?:(?!default).)*$"),
        "L'ancienne version n'écrit pas cette colonne : donnez un défaut constant, ou laissez-la vide.",
    ),
    Regle(
        "type changé",
        re.compile(rf"^alter (?:type|table(?=.* alter (?:column )?\S+ (?:set data )?type\b)) {_TABLE}"),
        "Ajoutez une colonne du nouveau type, écrivez les deux, recopiez par lots, retirez l'ancienne plus tard.",
    ),
    Regle(
        "contrainte vérifiée sous verrou",
        re.compile(_ALTER + r"add (?:constraint \S+ )?(?:check|foreign key)(?!.*not valid)"),
        "ADD CONSTRAINT … NOT VALID, puis VALIDATE CONSTRAINT dans une migration d'après.",
    ),
    Regle(
        "clé faite sous verrou",
        re.compile(_ALTER + r"add (?:constraint \S+ )?(?:unique|primary key|exclude)(?! using index)"),
        "Faites l'index unique CONCURRENTLY, puis ADD CONSTRAINT … USING INDEX.",
    ),
    Regle(
        "colonne rendue obligatoire",
        re.compile(_ALTER + r"alter (?:column )?\S+ set not null"),
        "CHECK (… IS NOT NULL) NOT VALID, VALIDATE, puis SET NOT NULL dans une migration d'après.",
    ),
    Regle(
        "table réécrite ou verrouillée",
        re.compile(
            rf"^(?:vacuum full|cluster|lock table|truncate|reindex (?:table|index)(?! concurrently)|"
            rf"refresh materialized view(?! concurrently)) {_TABLE}"
        ),
        "Rien de tel pendant que Vigie travaille : faites-le par lots, ou dans une partition neuve.",
    ),
    Regle(
        "lignes reprises dans la migration",
        re.compile(rf"^(?:update|delete from) {_TABLE}"),
        "Une étape de l'entretien, par lots bornés, qui peut être interrompue et reprise.",
    ),
    Regle(
        "retrait",
        re.compile(
            r"^(?:drop (?:table|view|index|function|schema)|alter table(?=.* (?:drop (?:column|constraint)|rename) )) "
            + _TABLE
        ),
        f"L'ancienne version lit peut-être encore : {SANS_LECTEUR} = « la version depuis laquelle plus rien ne lit ».",
        retrait=True,
    ),
)

_CREEE = re.compile(rf"^create (?:unlogged )?table (?:if not exists )?{_TABLE}")


def ecarts(emplacement: Path, schema: str, socle: str) -> list[Ecart]:
    """What the migrations found there that are newer than ``socle`` may not do. Blocking: it imports them."""
    toutes = versions(emplacement)
    nouvelles = toutes[toutes.index(socle) + 1 :]
    return [ecart for module in _modules(emplacement, nouvelles) for ecart in _examiner(module, schema)]


def _modules(emplacement: Path, nouvelles: Collection[str]) -> list[ModuleType]:
    modules = []
    for fichier in sorted(emplacement.glob("[0-9]*.py")):
        spec = importlib.util.spec_from_file_location(f"migration_{fichier.stem}", fichier)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if module.revision in nouvelles:
            modules.append(module)
    return modules


def _examiner(module: ModuleType, schema: str) -> list[Ecart]:
    ordres = [re.sub(r"\s+", " ", ordre).strip().lower() for ordre in _ordres(module, schema)]
    exemptes = PETITES | {m["table"] for ordre in ordres if (m := _CREEE.match(ordre))}
    retire = getattr(module, SANS_LECTEUR, None) is not None
    trouves = []
    for ordre in ordres:
        for regle in REGLES:
            vu = regle.motif.search(ordre)
            if vu is None or vu.groupdict().get("table") in exemptes or (regle.retrait and retire):
                continue
            trouves.append(Ecart(module.revision, regle.nom, ordre, regle.remede))
    return trouves


class _Recueil:
    """What Alembic would send, statement by statement."""

    def __init__(self) -> None:
        self.ordres: list[str] = []

    def write(self, texte: str) -> None:
        if propre := texte.strip().rstrip(";"):
            self.ordres.append(propre)

    def flush(self) -> None:
        return


def _ordres(module: ModuleType, schema: str) -> list[str]:
    recueil = _Recueil()
    contexte = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": cast("Any", recueil)}
    )
    with Operations.context(contexte):
        module.upgrade()
    return [ordre.replace(f"{schema}.", "") for ordre in recueil.ordres]
