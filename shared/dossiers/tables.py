"""Tables of a dossier service: the dictionary, the dossiers, and the five kinds of cell."""

from collections.abc import Sequence

from shared.dossiers.contributions import ATTENTE, CLOS, DIMENSIONS, FLUX, MESURES, OUVERT, RELEVE

TABLE = {OUVERT: "ouverts", CLOS: "clos", FLUX: "flux", ATTENTE: "attentes", RELEVE: "releves"}
"""Table of each kind of cell."""

VERSION = ("enregistre", "cause", "shard")
"""What every cell row carries beside its dimensions: the Paris day its deltas were recorded, why, and by which
log partition. Readers sum over all three; two consumers never touch one row."""

RECONSTRUIT = -1
"""Shard of the deltas a reconstruction makes."""

SCELLE = -2
"""Shard of the contributions of purged dossiers."""

PLIE = -3
"""Shard into which the others are folded (all but SCELLE) once their recorded day is past."""

_TYPES = {
    "process": "smallint", "caisse": "smallint", "productrice": "smallint", "plateforme": "smallint",
    "strate": "smallint", "issue": "smallint", "heure": "smallint", "heure_ouvert": "smallint",
    "heures": "smallint", "heures_ouvrees": "smallint", "jours_hors_suspension": "smallint",
    "jours_ouvres_hors_suspension": "smallint", "secondes": "integer",
    "grandeur": "smallint", "valeur": "integer",
    "jour": "integer", "jour_ouvert": "integer", "jour_clos": "integer",
    "enregistre": "integer", "cause": "smallint", "shard": "smallint",
}  # fmt: skip

ORDRE_CLE = {
    OUVERT: ("jour", "process", "caisse", "strate", "heure"),
    CLOS: (
        "jour_clos", "process", "caisse", "jour_ouvert", "issue", "strate", "productrice", "plateforme",
        "heure_ouvert", "heures", "heures_ouvrees", "jours_hors_suspension", "jours_ouvres_hors_suspension",
    ),
    FLUX: ("jour", "process", "caisse", "heure", "issue", "strate", "productrice", "plateforme"),
    ATTENTE: ("jour", "process", "caisse", "issue", "secondes", "productrice", "plateforme"),
    RELEVE: ("jour", "process", "caisse", "grandeur", "strate", "productrice", "plateforme", "valeur"),
}  # fmt: skip
"""Key order: by day first, so that a period is one range and today's rows stay together."""


def colonnes(genre: int) -> tuple[str, ...]:
    """Columns of a kind's table: dimensions, version, measures."""
    return (*DIMENSIONS[genre], *VERSION, *MESURES[genre])


def type_de(colonne: str, genre: int) -> str:
    """SQL type of a column; measures are bigint, dimensions small."""
    return "bigint" if colonne in MESURES[genre] else _TYPES[colonne]


def ddl(schema: str) -> Sequence[str]:
    """Statements that create the tables of dossiers and cells in ``schema``."""
    return [
        f"""CREATE TABLE {schema}.dictionnaire (
            genre text NOT NULL, code integer NOT NULL, valeur text NOT NULL,
            PRIMARY KEY (genre, code), UNIQUE (genre, valeur))""",
        f"""CREATE TABLE {schema}.dossiers (
            serie integer NOT NULL, subject text COLLATE "C" NOT NULL,
            etat bytea NOT NULL, contributions bytea NOT NULL,
            caisse smallint NOT NULL, jour_ouvert integer, jour_clos integer, enregistre integer NOT NULL,
            PRIMARY KEY (subject, serie)) WITH (fillfactor = 85)""",
        f"COMMENT ON TABLE {schema}.dossiers IS 'State and kept contributions; serie: process|namespace'",
        f"CREATE INDEX dossiers_jours ON {schema}.dossiers USING brin (jour_clos, jour_ouvert)",
        f"""CREATE TABLE {schema}.horizons (
            process text PRIMARY KEY, avant integer NOT NULL, maj timestamptz NOT NULL DEFAULT now())""",
        *(_cellules(schema, genre) for genre in TABLE),
        f"""CREATE TABLE {schema}.receptions (
            jour integer NOT NULL, source integer NOT NULL, process smallint NOT NULL, shard smallint NOT NULL,
            n bigint NOT NULL, premier bigint NOT NULL, dernier bigint NOT NULL,
            PRIMARY KEY (jour, source, process, shard)) WITH (fillfactor = 80)""",
        f"""CREATE TABLE {schema}.provenances (
            source integer NOT NULL, process smallint NOT NULL, caisse smallint NOT NULL, shard smallint NOT NULL,
            PRIMARY KEY (source, process, caisse, shard))""",
    ]


def index_des_sources(schema: str) -> str:
    """A source that has been silent for months is found without reading the others' days. Outside a transaction."""
    return f"CREATE INDEX CONCURRENTLY IF NOT EXISTS receptions_sources ON {schema}.receptions (source, process, jour)"


def index_des_jours(schema: str) -> Sequence[str]:
    """Dossiers of some days are found without reading the others', even where retention has made room in old pages for
    new days: several intervals of days a range of pages, for one would hold all days between the two. New pages are
    indexed by autovacuum within minutes. Outside a transaction."""
    jours = ", ".join(f"{jour} int4_minmax_multi_ops" for jour in ("jour_clos", "jour_ouvert"))
    return [
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS dossiers_par_jour ON {schema}.dossiers USING brin ({jours}) "
        "WITH (autosummarize = on, pages_per_range = 512)",
        f"DROP INDEX CONCURRENTLY IF EXISTS {schema}.dossiers_jours",
    ]


def _cellules(schema: str, genre: int) -> str:
    champs = ", ".join(f"{c} {type_de(c, genre)} NOT NULL" for c in colonnes(genre))
    cle = ", ".join((*ORDRE_CLE[genre], *VERSION))
    return f"CREATE TABLE {schema}.{TABLE[genre]} ({champs}, PRIMARY KEY ({cle})) WITH (fillfactor = 80)"
