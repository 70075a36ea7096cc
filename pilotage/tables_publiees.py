"""What the warehouse publishes, read from PostgreSQL's own catalogue: tables, columns, comments, keys."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

COLUMNS = """
SELECT n.nspname, c.relname, obj_description(c.oid, 'pg_class'), a.attname,
       format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(c.oid, a.attnum)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'm', 'v') AND NOT c.relispartition
ORDER BY n.nspname, c.relname, a.attnum
"""
UNIQUE_KEYS = """
SELECT n.nspname, c.relname, i.indisprimary,
       array_agg(a.attname::text ORDER BY k.rang), bool_and(a.attnotnull)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k(attnum, rang)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE n.nspname = ANY(%s) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
GROUP BY n.nspname, c.relname, i.indexrelid, i.indisprimary
ORDER BY n.nspname, c.relname, i.indisprimary, 4
"""
FOREIGN_KEYS = """
SELECT n.nspname, c.relname, rn.nspname, rc.relname,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(num, rang)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.rang),
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(num, rang)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY u.rang)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class rc ON rc.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = rc.relnamespace
WHERE k.contype = 'f' AND n.nspname = ANY(%s)
ORDER BY 1, 2, 5
"""
UNITS = {
    "pct": "%", "km": "km", "km2": "km²", "min": "min", "eur": "€", "m": "m", "m2": "m²", "jours": "jour",
    "ms": "ms", "s": "s", "ans": "an", "mbits": "Mbit/s", "octets": "octet",
}  # fmt: skip


@dataclass(frozen=True)
class ColonnePubliee:
    """One published column; `type_sql` as PostgreSQL's `format_type` writes it. genre_json: what its JSON values all
    are (array, object), `any` when they differ, None for another type."""

    nom: str
    type_sql: str
    description: str
    obligatoire: bool = False
    genre_json: str | None = None

    @property
    def unite(self) -> str | None:
        """Unit that the name itself carries (`distance_km`, `taux_pauvrete_pct`, `nb_sites`)."""
        if self.nom.startswith("nb_"):
            return "nombre"
        return UNITS.get(self.nom.rpartition("_")[2]) if "_" in self.nom else None

    @property
    def est_texte(self) -> bool:
        return re.match(r"text|character|varchar|name|uuid|citext|\"char\"", self.type_sql) is not None and not (
            self.type_sql.endswith("[]")
        )


@dataclass(frozen=True)
class CleEtrangere:
    """Columns of a table that point at another published table (`schema.table`)."""

    colonnes: tuple[str, ...]
    vers: str
    colonnes_vers: tuple[str, ...]


@dataclass(frozen=True)
class TablePubliee:
    """One published table. `schema` is the public name (commun), `schema_reel` where it stands now (commun__g…)."""

    schema: str
    schema_reel: str
    nom: str
    description: str
    colonnes: tuple[ColonnePubliee, ...]
    cle: tuple[str, ...] = ()
    cles_etrangeres: tuple[CleEtrangere, ...] = field(default=())

    @property
    def nom_complet(self) -> str:
        return f"{self.schema}.{self.nom}"

    @property
    def ordre(self) -> list[str]:
        """Columns that put the rows in one order only: the key, then everything when nothing is declared."""
        required = {c.nom for c in self.colonnes if c.obligatoire}
        if self.cle and required.issuperset(self.cle):
            return list(self.cle)
        return [*self.cle, *(c.nom for c in self.colonnes if c.nom not in self.cle)]

    def with_keys(self, cle: tuple[str, ...], cles_etrangeres: tuple[CleEtrangere, ...]) -> TablePubliee:
        """The same table, completed by keys declared elsewhere (dbt) where PostgreSQL has none."""
        names = {c.nom for c in self.colonnes}
        known = {(k.colonnes, k.vers) for k in self.cles_etrangeres}
        added = tuple(k for k in cles_etrangeres if (k.colonnes, k.vers) not in known and names.issuperset(k.colonnes))
        return replace(
            self,
            cle=self.cle or (cle if names.issuperset(cle) else ()),
            cles_etrangeres=self.cles_etrangeres + added,
        )


def read_tables(connection: Connection, schemas: dict[str, str]) -> list[TablePubliee]:
    """Published tables, by schema and name.

    Args:
        connection: open psycopg connection.
        schemas: public name of a schema -> its name in the database.
    """
    public = {real: name for name, real in schemas.items()}
    real_names = list(public)
    columns: dict[tuple[str, str], list[ColonnePubliee]] = {}
    comments: dict[tuple[str, str], str] = {}
    for schema, table, comment, column, kind, required, description in connection.execute(COLUMNS, [real_names]):
        comments[schema, table] = comment or ""
        columns.setdefault((schema, table), []).append(ColonnePubliee(column, kind, description or "", required))
    keys = _best_keys(connection, real_names)
    foreign: dict[tuple[str, str], list[CleEtrangere]] = {}
    for schema, table, other_schema, other, own, theirs in connection.execute(FOREIGN_KEYS, [real_names]):
        if other_schema in public:
            target = f"{public[other_schema]}.{other}"
            foreign.setdefault((schema, table), []).append(CleEtrangere(tuple(own), target, tuple(theirs)))
    return [
        TablePubliee(
            public[place[0]], place[0], place[1], comments[place], tuple(found), keys.get(place, ()),
            tuple(foreign.get(place, ())),
        )
        for place, found in sorted(columns.items(), key=lambda item: (public[item[0][0]], item[0][1]))
    ]  # fmt: skip


def settle_json(connection: Connection, table: TablePubliee) -> TablePubliee:
    """The same table, whose JSON columns say whether they hold lists or objects: Table Schema tells them apart."""
    names = [column.nom for column in table.colonnes if column.type_sql in ("json", "jsonb")]
    kinds = {}
    for name in names:
        place = f'"{table.schema_reel}"."{table.nom}"'
        found = connection.execute(f'SELECT DISTINCT jsonb_typeof("{name}"::jsonb) FROM {place}').fetchall()
        seen = {kind for (kind,) in found if kind is not None}
        kinds[name] = seen.pop() if len(seen) == 1 and seen <= {"array", "object"} else "any"
    columns = tuple(replace(column, genre_json=kinds.get(column.nom)) for column in table.colonnes)
    return replace(table, colonnes=columns)


def _best_keys(connection: Connection, schemas: list[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """The primary key of each table, else a unique index whose columns are never null."""
    best: dict[tuple[str, str], tuple[str, ...]] = {}
    for schema, table, is_primary, columns, never_null in connection.execute(UNIQUE_KEYS, [schemas]):
        if is_primary or (never_null and (schema, table) not in best):
            best[schema, table] = tuple(columns)
    return best
