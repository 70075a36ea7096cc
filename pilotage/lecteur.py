"""The role `lecteur`: what BI tools and the curious may read, and nothing else.

Rights are grants, checked by PostgreSQL itself. They follow the visible generation: the former one's are withdrawn in
the transaction of the switch. Limits (one minute a statement, read-only transactions) are the role's defaults: a
session can raise its own time limit, never its rights; the number of its connections is bounded.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sqlalchemy import Connection, make_url, text

from pilotage.config import Settings, get_settings, secure_url
from pilotage.database import get_engine
from pilotage.errors import ErreurConfiguration

ROLE = "lecteur"
CONNEXIONS = 60  # fifty readers at once, and a few who look at what they do
LIMITES = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "10s",
    "temp_file_limit": "2GB",
}
# A dashboard narrowed to a département joins rows that the planner believes to be one: it would loop over whole tables.
BOUCLES = f"ALTER ROLE {ROLE} SET enable_nestloop = off"
# What PostgreSQL gives to everyone and a reader has no use for: the advisory locks that publication takes, large
# objects (a way to write), temporary tables, and the other databases of the server.
INTERDITES = r"^(pg_(try_)?advisory_.*|lo_(creat|create|from_bytea|import|put|unlink|truncate|truncate64)|lowrite)$"
FONCTIONS = text(
    "SELECT oid::regprocedure::text FROM pg_proc WHERE proname ~ :noms AND pronamespace = 11 AND EXISTS "
    "(SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) a WHERE a.grantee = 0)"
)
BASES = text(
    "SELECT datname FROM pg_database WHERE EXISTS "
    "(SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) a WHERE a.grantee = 0)"
)
PEUT_CREER = text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
EXISTE = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
LIMITE = text("SELECT rolconnlimit FROM pg_roles WHERE rolname = :role")


def ensure_role(connection: Connection) -> bool:
    """Create the role with its limits, without a password, where this connection may; withdraw what everyone has.

    Returns:
        False when the role is absent and cannot be created here: an administrator does it (docker/postgres).
    """
    is_known = bool(connection.scalar(EXISTE, {"role": ROLE}))
    if not connection.scalar(PEUT_CREER):
        return is_known
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('pilotage.lecteur'))"))
    if not connection.scalar(EXISTE, {"role": ROLE}):
        connection.execute(text(f"CREATE ROLE {ROLE} LOGIN CONNECTION LIMIT {CONNEXIONS}"))
        for name, value in LIMITES.items():
            connection.execute(text(f"ALTER ROLE {ROLE} SET {name} = '{value}'"))
        connection.execute(text(BOUCLES))
    elif 0 <= connection.scalar(LIMITE, {"role": ROLE}) < CONNEXIONS:  # made by a former release
        connection.execute(text(f"ALTER ROLE {ROLE} CONNECTION LIMIT {CONNEXIONS}"))
        connection.execute(text(BOUCLES))
    if connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        _close_doors(connection)
    return True


def _close_doors(connection: Connection) -> None:
    quote = connection.dialect.identifier_preparer.quote
    for (name,) in connection.execute(BASES).all():
        connection.execute(text(f"REVOKE ALL ON DATABASE {quote(name)} FROM PUBLIC"))
    ours = connection.scalar(text("SELECT current_database()"))
    connection.execute(text(f"GRANT CONNECT ON DATABASE {quote(ours)} TO {ROLE}"))
    # A reader that crosses the switch is never the one that PostgreSQL ends: the switch gives way.
    connection.execute(text(f"ALTER ROLE {ROLE} SET deadlock_timeout = '15s'"))
    connection.execute(text("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    for (function,) in connection.execute(FONCTIONS, {"noms": INTERDITES}).all():
        connection.execute(text(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"))


def grant_visible(connection: Connection, visible: list[str], hidden: list[str]) -> None:
    """Let the role, where the server has it, read these schemas, and no longer those.

    Args:
        connection: in the transaction of the switch.
        visible: schemas of the generation that becomes visible.
        hidden: schemas of those that are kept aside.
    """
    from pilotage.roles import grant_references

    grant_references(connection, visible, hidden)
    if not connection.scalar(EXISTE, {"role": ROLE}):
        return
    quote = connection.dialect.identifier_preparer.quote
    for name in map(quote, hidden):
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA {name} FROM {ROLE}"))
        connection.execute(text(f"REVOKE ALL ON SCHEMA {name} FROM {ROLE}"))
    for name in map(quote, visible):
        connection.execute(text(f"GRANT USAGE ON SCHEMA {name} TO {ROLE}"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO {ROLE}"))


def ensure_reader(settings: Settings | None = None) -> str:
    """Give the role a password if it has none that we know, and say how to connect.

    The password is kept in `<home>/lecteur`, readable by its owner only. With PILOTAGE_LECTEUR_URL, an administrator
    has made the role and this address is the answer.

    Returns:
        SQLAlchemy URL (psycopg 3) of the warehouse as `lecteur`, password included.

    Raises:
        ErreurConfiguration: the role is absent and this connection may not create it.
    """
    settings = settings or get_settings()
    if given := os.environ.get("PILOTAGE_LECTEUR_URL"):
        return secure_url(given, "PILOTAGE_LECTEUR_URL")
    url = make_url(settings.database_url)
    password = draw_password(settings.home / ROLE)
    with get_engine(settings).begin() as connection:
        if not ensure_role(connection) or not connection.scalar(PEUT_CREER):
            raise ErreurConfiguration(
                f"le rôle {ROLE} est absent, ou son mot de passe n'est pas connu ici",
                conseil="le créer comme dans docker/postgres/10_roles.sql, puis donner PILOTAGE_LECTEUR_URL",
            )
        set_password(connection, ROLE, password)
        _grant_now(connection)
    return url.set(username=ROLE, password=password).render_as_string(hide_password=False)


def _grant_now(connection: Connection) -> None:
    from pilotage.generations import SCHEMAS

    found = connection.execute(text("SELECT nspname FROM pg_namespace WHERE nspname = ANY(:s)"), {"s": list(SCHEMAS)})
    aside = connection.execute(
        text("SELECT nspname FROM pg_namespace WHERE split_part(nspname, '__g', 1) = ANY(:s) AND nspname ~ '__g[0-9]'"),
        {"s": list(SCHEMAS)},
    )
    grant_visible(connection, [row[0] for row in found], [row[0] for row in aside])


def set_password(connection: Connection, role: str, password: str) -> None:
    """Give a role its password as a SCRAM verifier: the server, its log and its errors never see the word itself."""
    driver = connection.connection.driver_connection.pgconn
    verifier = driver.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.exec_driver_sql(f"ALTER ROLE {role} PASSWORD '{verifier}'")  # base64, $ and colons: nothing to quote


def draw_password(path: Path) -> str:
    """The password that a file keeps, drawn the first time; the file is its owner's alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
    return path.read_text().strip()
