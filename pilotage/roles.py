"""Who may do what in the warehouse: the owner, the loader (`chargeur`) and the reader (`lecteur`).

The owner migrates, builds and switches. The loader writes what ingestion writes and nothing else: it owns the tables of
`raw`, `raw_candidats` and `quarantaine`, whose partitions it attaches and drops, and has a few rights on the journal.
The owner is a member of the loader, never the reverse: it reads and maintains what the loader owns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, make_url, text

from pilotage.config import EN_CHARGEUR, Settings, get_settings, secure_url
from pilotage.database import get_engine
from pilotage.errors import ErreurConfiguration
from pilotage.lecteur import EXISTE, PEUT_CREER, draw_password, ensure_role, set_password

CHARGEUR = "chargeur"
CONNEXIONS = 20
SCHEMAS_CHARGES = ("raw", "raw_candidats", "quarantaine")
JOURNAL = {
    "livraisons": "SELECT, INSERT, UPDATE",
    "etapes": "SELECT, INSERT, UPDATE",
    "controles": "SELECT, INSERT",
    "reglages": "SELECT, INSERT",
    "oppositions": "SELECT",
}
REFERENCES = "dim_territoires"  # the codes of the territory's own files are checked against the visible generation
LIMITES = {"lock_timeout": "10min", "idle_in_transaction_session_timeout": "1h"}
# A view of the loader over a function of the loader would run that function as whoever reads it: the owner, at night.
# Without a language nobody writes functions; what PostgreSQL and its extensions bring goes on working.
LANGAGES = ("sql", "plpgsql")
VERROUS = text(
    "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 11 AND proname ~ '^pg_(try_)?advisory_'"
)
EST_SUPER = text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
A_DONNER = text(
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p') AND c.relowner <> CAST(:role AS regrole) "
    "ORDER BY c.relkind DESC, 1"
)


@dataclass(frozen=True)
class Droits:
    """What one role may do, as the database's catalogues tell."""

    role: str
    existe: bool
    super: bool = False
    cree_bases_ou_roles: bool = False
    schemas: tuple[str, ...] = ()
    lit: tuple[str, ...] = ()
    ecrit: tuple[str, ...] = ()
    possede: tuple[str, ...] = ()
    cree_fonctions: bool = False
    connexions: int | None = None


@contextmanager
def as_loader() -> Iterator[None]:
    """Within, the warehouse is reached by PILOTAGE_CHARGEUR_URL when it is given; otherwise as always."""
    mark = EN_CHARGEUR.set(True)
    try:
        yield
    finally:
        EN_CHARGEUR.reset(mark)


def ensure_loader_role(connection: Connection) -> bool:
    """Create the role, without a password, where this connection may, and give it its rights.

    Returns:
        False when the role is absent and cannot be created here: an administrator does it (docker/postgres).
    """
    if not connection.scalar(EXISTE, {"role": CHARGEUR}):
        if not connection.scalar(PEUT_CREER):
            return False
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('pilotage.chargeur'))"))
        connection.execute(text(f"CREATE ROLE {CHARGEUR} LOGIN NOINHERIT CONNECTION LIMIT {CONNEXIONS}"))
        for name, value in LIMITES.items():
            connection.execute(text(f"ALTER ROLE {CHARGEUR} SET {name} = '{value}'"))
        if not connection.scalar(EST_SUPER):
            connection.execute(text(f"GRANT {CHARGEUR} TO current_user"))
    if connection.scalar(EST_SUPER):
        _close_languages(connection)
    grant_loader(connection)
    return True


def grant_loader(connection: Connection) -> None:
    """Give the role, where the server has it, its rights on the journal and what ingestion writes; idempotent."""
    if not connection.scalar(EXISTE, {"role": CHARGEUR}):
        return
    quote = connection.dialect.identifier_preparer.quote
    if connection.scalar(EST_SUPER):
        base = quote(connection.scalar(text("SELECT current_database()")))
        connection.execute(text(f"GRANT CONNECT ON DATABASE {base} TO {CHARGEUR}"))
        for (function,) in connection.execute(VERROUS).all():
            connection.execute(text(f"GRANT EXECUTE ON FUNCTION {function} TO {CHARGEUR}"))
    for name in SCHEMAS_CHARGES:
        connection.execute(text(f"GRANT USAGE, CREATE ON SCHEMA {name} TO {CHARGEUR}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA pilotage TO {CHARGEUR}"))
    for table, rights in JOURNAL.items():
        if connection.scalar(text("SELECT to_regclass(:t)"), {"t": f"pilotage.{table}"}):
            connection.execute(text(f"GRANT {rights} ON pilotage.{table} TO {CHARGEUR}"))
    give_loaded(connection)
    grant_references(connection, ["commun"], [])


def give_loaded(connection: Connection) -> None:
    """Make the loader, where the server has it, the owner of every loaded table that somebody else made."""
    if not connection.scalar(EXISTE, {"role": CHARGEUR}):
        return
    names = {"schemas": list(SCHEMAS_CHARGES), "role": CHARGEUR}
    for (table,) in connection.execute(A_DONNER, names).all():
        connection.execute(text(f"ALTER TABLE {table} OWNER TO {CHARGEUR}"))


def grant_references(connection: Connection, visible: list[str], hidden: list[str]) -> None:
    """Let the loader read the codes of territories of the visible generation, and no other's."""
    if not connection.scalar(EXISTE, {"role": CHARGEUR}):
        return
    quote = connection.dialect.identifier_preparer.quote
    for name in (n for n in hidden if n.partition("__")[0] == "commun"):
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA {quote(name)} FROM {CHARGEUR}"))
        connection.execute(text(f"REVOKE ALL ON SCHEMA {quote(name)} FROM {CHARGEUR}"))
    if "commun" in visible and connection.scalar(text("SELECT to_regclass(:t)"), {"t": f"commun.{REFERENCES}"}):
        connection.execute(text(f"GRANT USAGE ON SCHEMA commun TO {CHARGEUR}"))
        connection.execute(text(f"GRANT SELECT ON commun.{REFERENCES} TO {CHARGEUR}"))


def ensure_loader(settings: Settings | None = None) -> str:
    """Create both roles with their rights, give the loader its password, and say how it connects; idempotent.

    The password is kept in `<home>/chargeur`, readable by its owner only. With PILOTAGE_CHARGEUR_URL, an administrator
    has made the role and this address is the answer.

    Returns:
        SQLAlchemy URL (psycopg 3) of the warehouse as `chargeur`, password included.

    Raises:
        ErreurConfiguration: the role is absent and this connection may not create it.
    """
    settings = settings or get_settings()
    given = os.environ.get("PILOTAGE_CHARGEUR_URL")
    url = make_url(settings.database_url)
    with get_engine(settings).begin() as connection:
        ensure_role(connection)
        if not ensure_loader_role(connection) or not (given or connection.scalar(PEUT_CREER)):
            raise ErreurConfiguration(
                f"le rôle {CHARGEUR} est absent, ou son mot de passe n'est pas connu ici",
                conseil="le créer comme dans docker/postgres/10_roles.sql, puis donner PILOTAGE_CHARGEUR_URL",
            )
        if given:
            return secure_url(given, "PILOTAGE_CHARGEUR_URL")
        password = draw_password(settings.home / CHARGEUR)
        set_password(connection, CHARGEUR, password)
    return url.set(username=CHARGEUR, password=password).render_as_string(hide_password=False)


def read_rights(connection: Connection, role: str) -> Droits:
    """What a role may do in this database, read from the catalogues; rights that PUBLIC has count."""
    known = connection.execute(
        text("SELECT rolsuper, rolcreaterole OR rolcreatedb, rolconnlimit FROM pg_roles WHERE rolname = :r"),
        {"r": role},
    ).one_or_none()
    if known is None:
        return Droits(role, False)

    def ask(sql: str) -> tuple[str, ...]:
        return tuple(connection.scalars(text(sql), {"r": role}))

    relations = (
        "SELECT DISTINCT CASE WHEN n.nspname = 'pilotage' THEN n.nspname || '.' || c.relname ELSE n.nspname END AS nom "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm') "
        "AND n.nspname !~ '^(pg_|information_schema)' AND has_schema_privilege(:r, n.oid, 'USAGE') AND {} ORDER BY nom"
    )
    schemas = (
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)' "
        "AND has_schema_privilege(:r, oid, 'CREATE') ORDER BY nspname"
    )
    languages = (
        "SELECT lanname FROM pg_language WHERE lanpltrusted AND has_language_privilege(:r, oid, 'USAGE') AND EXISTS "
        "(SELECT FROM pg_namespace WHERE has_schema_privilege(:r, oid, 'CREATE'))"
    )
    write = "has_table_privilege(:r, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')"
    return Droits(
        role, True, known[0], known[1], ask(schemas), ask(relations.format("has_table_privilege(:r, c.oid, 'SELECT')")),
        ask(relations.format(write)), ask(relations.format("pg_get_userbyid(c.relowner) = :r")),
        bool(ask(languages)), None if known[2] < 0 else known[2],
    )  # fmt: skip


def _close_languages(connection: Connection) -> None:
    for language in LANGAGES:
        connection.execute(text(f"REVOKE USAGE ON LANGUAGE {language} FROM PUBLIC"))
