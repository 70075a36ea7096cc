"""The version of the schema `pilotage`: what this release knows, and what is kept before it changes anything."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, text

from pilotage import __version__
from pilotage.config import Settings
from pilotage.errors import ErreurConfiguration

MIGRATIONS = Path(__file__).parent / "migrations"
GARDEES = 5


@lru_cache(maxsize=1)
def known_revisions() -> tuple[str, ...]:
    """Revisions that this release can read, oldest first."""
    from alembic.script import ScriptDirectory

    return tuple(reversed([script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]))


def read_revision(connection: Connection) -> str | None:
    """Revision of a warehouse; None for a database that has none yet."""
    if not connection.scalar(text("SELECT to_regclass('pilotage.version_alembic')")):
        return None
    return connection.scalar(text("SELECT version_num FROM pilotage.version_alembic"))


def refuse_newer(revision: str | None) -> None:
    """Refuse a warehouse that a later release has changed: what it wrote could be misread or lost.

    Raises:
        ErreurConfiguration: names both versions.
    """
    known = known_revisions()
    if revision is not None and revision not in known:
        raise ErreurConfiguration(
            f"cette base est au schéma {revision}, plus récent que Pilotage {__version__} (schéma {known[-1]})",
            attendu=f"un schéma de {known[0]} à {known[-1]}",
            conseil="installer la version qui l'a écrite, ou revenir en arrière par la sauvegarde faite avant la "
            "migration (docs/exploitation.md, « Revenir à la version précédente »)",
        )


def keep_journal(settings: Settings, revision: str) -> Path:
    """Dump the schema `pilotage` as it stands, before a migration; the newest five such dumps stay.

    Returns:
        The dump, `<home>/sauvegardes/avant_migration/pilotage_<revision>_<date>.dump`, for pg_restore.

    Raises:
        ErreurConfiguration, ErreurSauvegarde: it could not be written; the migration does not begin.
    """
    from pilotage.sauvegarde.outils import run_tool

    folder = settings.home / "sauvegardes" / "avant_migration"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ErreurConfiguration(
            f"la copie du schéma pilotage ne peut pas être écrite avant la migration : {error}",
            fichier=str(folder),
            conseil="donner un PILOTAGE_HOME où écrire ; rien n'a été changé",
        ) from error
    target = folder / f"pilotage_{revision}_{dt.datetime.now():%Y%m%dT%H%M%S}.dump"
    draft = target.with_suffix(".partiel")
    options = ("--format=custom", "--schema=pilotage", "--no-owner", "--no-acl")
    run_tool(settings, "pg_dump", *options, "--file", draft)
    draft.replace(target)
    for old in sorted(folder.glob("pilotage_*.dump"), key=lambda path: path.stat().st_mtime)[:-GARDEES]:
        old.unlink()
    return target
