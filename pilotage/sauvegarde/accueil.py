"""What a backup takes of the home beside the landing: registers, models, the territory's files, settings."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from pilotage import __version__
from pilotage.config import RACINE, Settings

# Files that a night does not write again: what was sent, what was put on data.gouv.fr, the models that were learned.
LIGNES = ("alertes.jsonl", "alertes_lues", "resumes.jsonl", "disque.jsonl", "etat.json", "metriques.prom")
REGISTRES = ("datagouv.json", "modeles", *(f"journaux/{name}" for name in LIGNES))
SECRETS = re.compile(r"MOT_DE_PASSE|PASSWORD|SECRET|CLE$|KEY|JETON|TOKEN|WEBHOOK|SMTP|CHARGEUR_URL|LECTEUR_URL")
NOMMEE = re.compile(r"^#? ?([A-Z][A-Z0-9_]+)=", re.MULTILINE)


def write_home(settings: Settings, folder: Path) -> None:
    """Copy the registers of the home and the territory's own files."""
    for name in REGISTRES:
        _copy(settings.home / name, folder / "accueil" / name)
    _copy(settings.apports, folder / "apports")


def read_home(settings: Settings, folder: Path) -> list[str]:
    """Put registers and the territory's files back where there are none.

    Returns:
        Names of what already stood there and was left as it is.
    """
    left = []
    for name in REGISTRES:
        if (folder / "accueil" / name).exists() and not _put_back(folder / "accueil" / name, settings.home / name):
            left.append(name)
    if (folder / "apports").is_dir() and not _put_back(folder / "apports", settings.apports):
        left.append(str(settings.apports))
    return left


def write_settings(settings: Settings, target: Path) -> None:
    """The settings of this installation; a secret is named, and its value is for a person to give again."""
    known = NOMMEE.findall((RACINE / ".env.example").read_text(encoding="utf-8"))
    given = {name for name in os.environ if name.startswith("PILOTAGE_")}
    lines = [f"# Réglages de cette installation, Pilotage {__version__} ; les secrets sont à redonner."]
    for name in sorted({*known, *given}):
        value = os.environ.get(name)
        if value is None or value == "":
            continue
        lines.append(f"# {name}= (secret, à redonner)" if _is_secret(name, value) else f"{name}={value}")
    lines += [f"# dossier : {settings.home}", f"# entrée : {_bare(settings.sources)}"]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _is_secret(name: str, value: str) -> bool:
    return bool(SECRETS.search(name)) or _has_account(value)


def _bare(sources: str) -> str:
    return "(adresse avec identifiants, à redonner)" if _has_account(sources) else sources


def _has_account(value: str) -> bool:
    """Read by hand: a password that holds a slash ends the address for urlsplit."""
    return "@" in value.partition("://")[2] or "password=" in value.casefold()


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=False, ignore_dangling_symlinks=True)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _put_back(source: Path, target: Path) -> bool:
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        return False
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        _copy(source, target)
    return True
