"""Every error as one sentence and an exit code: 1 what a user can mend, 2 a word that cannot be read, 70 our own."""

from __future__ import annotations

import datetime as dt
import sys
import traceback
from collections.abc import Callable

from pilotage.errors import ErreurPilotage

INATTENDUE = 70  # EX_SOFTWARE of sysexits.h


def run(command: Callable[[], None]) -> None:
    """Run the command line; whatever happens, no traceback."""
    strange = [word for word in sys.argv[1:] if word != word.encode("utf-8", "replace").decode()]
    if strange:
        sys.exit(say(f"« {strange[0]} » n'est pas de l'UTF-8 ; que faire : retaper cet argument", 2))
    try:
        command()
    except Exception as error:
        sys.exit(say(*explain(error)))


def explain(error: Exception) -> tuple[str, int]:
    """The sentence and the exit code of an error."""
    import psycopg
    from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError, SQLAlchemyError

    if isinstance(error, ErreurPilotage):
        return str(error), 1
    if isinstance(error, DBAPIError):
        cause = " ".join(str(error.orig).split())
        if isinstance(error, OperationalError):
            advice = "vérifier DATABASE_URL, ou `make run`"
            return f"la base de données ne répond pas : {cause} ; que faire : {advice}", 1
        if isinstance(error, ProgrammingError):
            return f"l'entrepôt n'a pas ce qu'il faut : {cause} ; que faire : `make run` le construit", 1
    if isinstance(error, (SQLAlchemyError, psycopg.Error)):
        return f"la base de données refuse : {' '.join(str(error).split())[:300]}", 1
    if isinstance(error, OSError):
        place = f"{error.filename} : " if error.filename else ""
        return f"{place}{error.strerror or error} ; que faire : vérifier le chemin, ses droits et la place libre", 1
    if isinstance(error, MemoryError):
        return "la mémoire ne suffit pas ; que faire : fermer d'autres programmes, ou donner un fichier plus petit", 1
    return f"erreur inattendue ({type(error).__name__} : {str(error)[:200]}){_keep(error)}", INATTENDUE


def _keep(error: Exception) -> str:
    """Keep the trace in a file, and say where."""
    from pilotage.config import get_settings

    try:
        folder = get_settings().logs / "erreurs"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%f}.txt"
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="replace")
    except (OSError, ErreurPilotage):
        return " ; sa trace n'a pas pu être écrite"
    return f" ; que faire : transmettre {path} à qui maintient Pilotage"


def say(message: str, code: int) -> int:
    """Print a sentence on the error stream; returns the exit code."""
    from rich.markup import escape

    from pilotage.commandes.ecran import Console

    Console(stderr=True, soft_wrap=True).print(f"[bold red]Erreur[/] {escape(message)}", highlight=False)
    return code
