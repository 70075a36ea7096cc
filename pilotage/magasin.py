"""The object store that several machines share: what one task writes and another reads goes through it.

Names are those of the home (`depot/…`, `dbt/…`, `exports/…`). With `PILOTAGE_MAGASIN` each machine's home is only
a cache; without it `SansMagasin` answers the same questions from the home alone. An object appears whole or not at all:
one PUT on S3, a rename on a shared folder. A folder is there when its index, written last, is there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pilotage.config import Settings, get_settings
from pilotage.errors import ErreurConfiguration, ErreurPilotage

INDEX = "INDEX.json"
EN_COURS = ".partiel-"
ENSEMBLE = 8  # objects moved at once
DROITS = "vérifier PILOTAGE_MAGASIN, les variables AWS_*, et que le magasin répond"


class ErreurMagasin(ErreurPilotage):
    """The store does not answer, or what it holds is not what was put there."""


def get_magasin(settings: Settings | None = None) -> Magasin | SansMagasin:
    """The store of the settings; cheap, and safe to ask for again after a fork.

    Raises:
        ErreurConfiguration: no such kind of store.
    """
    settings = settings or get_settings()
    return Magasin(settings.magasin, settings.home) if settings.magasin else SansMagasin(settings.home)


class SansMagasin:
    """One machine: the home is all there is."""

    partage = False

    def __init__(self, home: Path) -> None:
        self.home = home

    def relative(self, path: Path) -> str:
        return path.relative_to(self.home).as_posix()

    def sizes(self, prefix: str) -> dict[str, int]:
        """Every file under a folder: name -> bytes."""
        found = (path for path in (self.home / prefix).rglob("*") if path.is_file())
        return {self.relative(path): path.stat().st_size for path in found}

    def size(self, name: str) -> int | None:
        path = self.home / name
        return path.stat().st_size if path.is_file() else None

    def pull(self, name: str, sha256: str | None = None, *, fresh: bool = False) -> Path | None:
        """The file on this machine, None when there is none."""
        path = self.home / name
        return path if path.is_file() else None

    def push(self, path: Path) -> None: ...

    def push_tree(self, folder: Path) -> None: ...

    def pull_tree(self, name: str) -> bool:
        return (self.home / name).is_dir()

    def drop_tree(self, name: str) -> None: ...

    def add_line(self, name: str, content: dict[str, Any]) -> None:
        """Append to a journal of JSON lines."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(content, ensure_ascii=False) + "\n")

    def lines(self, name: str) -> list[str]:
        """The lines of a journal, oldest first."""
        path = self.home / name
        return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []

    def drop_lines(self, name: str) -> None:
        (self.home / name).unlink(missing_ok=True)


class Magasin:
    """A store shared by machines, of any kind that fsspec knows; credentials come from the AWS_* variables alone."""

    partage = True

    def __init__(self, url: str, home: Path) -> None:
        import fsspec

        self.home, self.url = home, url
        try:
            self.fs, root = fsspec.core.url_to_fs(url, **({"use_listings_cache": False} if "s3" in url[:3] else {}))
        except (ValueError, ImportError) as error:
            raise ErreurConfiguration(
                f"magasin « {url} » : {error}",
                attendu="s3://seau/prefixe ou file:///dossier/partage",
                conseil="corriger PILOTAGE_MAGASIN",
            ) from error
        self.root = root.rstrip("/")

    def relative(self, path: Path) -> str:
        return path.relative_to(self.home).as_posix()

    def sizes(self, prefix: str) -> dict[str, int]:
        """Every object under a folder: name -> bytes."""
        with self._told(prefix):
            found = self.fs.find(self._key(prefix), detail=True)
        return {key[len(self.root) :].lstrip("/"): facts["size"] for key, facts in found.items() if EN_COURS not in key}

    def size(self, name: str) -> int | None:
        with self._told(name):
            try:
                facts = self.fs.info(self._key(name))
            except FileNotFoundError:
                return None
        return facts["size"] if facts["type"] == "file" else None

    def pull(self, name: str, sha256: str | None = None, *, fresh: bool = False) -> Path | None:
        """The object as a file of this machine's cache; None when the store has none.

        Args:
            sha256: what the bytes must be, checked before the file takes its name.
            fresh: the object may be written again: do not trust the cache.

        Raises:
            ErreurMagasin: the bytes are not those that were put there.
        """
        path = self.home / name
        if path.is_file() and not fresh:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}{EN_COURS}{uuid.uuid4().hex}")
        try:
            with self._told(name):
                try:
                    self.fs.get_file(self._key(name), str(draft))
                except FileNotFoundError:
                    return None
            if sha256 and (got := _hash(draft)) != sha256:
                raise ErreurMagasin(
                    f"l'objet du magasin est abîmé : empreinte {got[:16]}…",
                    fichier=name,
                    attendu=f"empreinte {sha256[:16]}…",
                    conseil="le supprimer du magasin, avec son reçu, puis relancer l'étape qui l'écrit",
                )
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return path

    def push(self, path: Path) -> None:
        """Put a file of the home under its own name, in place of what was there."""
        name = self.relative(path)
        with self._told(name):
            self._put(path, self._key(name))

    def push_tree(self, folder: Path) -> None:
        """Put a whole folder, its index last: until then nobody takes it for complete."""
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != INDEX)
        with ThreadPoolExecutor(ENSEMBLE) as pool:
            list(pool.map(self.push, files))
        index = {path.relative_to(folder).as_posix(): _hash(path) for path in files}
        self.write(f"{self.relative(folder)}/{INDEX}", json.dumps(index, ensure_ascii=False, indent=0))

    def pull_tree(self, name: str) -> bool:
        """Have a whole folder in the cache; False when the store has no complete one.

        Raises:
            ErreurMagasin: a file is absent or is not the one that the index tells.
        """
        text = self.read(f"{name}/{INDEX}")
        if text is None:
            return False
        index: dict[str, str] = json.loads(text)

        def bring(item: tuple[str, str]) -> None:
            path = self.home / name / item[0]
            if path.is_file() and _hash(path) == item[1]:
                return
            if self.pull(f"{name}/{item[0]}", item[1], fresh=True) is None:
                raise ErreurMagasin("objet absent du magasin", fichier=f"{name}/{item[0]}", conseil=DROITS)

        with ThreadPoolExecutor(ENSEMBLE) as pool:
            list(pool.map(bring, index.items()))
        return True

    def drop(self, name: str) -> None:
        with self._told(name):
            self.fs.rm_file(self._key(name))

    def drop_tree(self, name: str) -> None:
        """Forget a folder, its index first."""
        with self._told(name):
            keys = sorted(self.fs.find(self._key(name)), key=lambda key: not key.endswith(f"/{INDEX}"))
            for key in keys[:1]:
                self.fs.rm_file(key)
            if keys[1:]:
                self.fs.rm(keys[1:])

    def add_line(self, name: str, content: dict[str, Any]) -> None:
        """A journal of the store is a folder with an object a line: machines never write the same one."""
        now = dt.datetime.now(dt.UTC)
        line = f"{name}/{now:%Y%m%dT%H%M%S.%f}-{uuid.uuid4().hex[:8]}.json"
        self.write(line, json.dumps(content, ensure_ascii=False) + "\n")

    def lines(self, name: str) -> list[str]:
        with ThreadPoolExecutor(ENSEMBLE) as pool:
            found = list(pool.map(self.read, sorted(self.sizes(name))))
        return [text.rstrip("\n") for text in found if text]

    def drop_lines(self, name: str) -> None:
        self.drop_tree(name)

    def read(self, name: str) -> str | None:
        """A small object as text, straight from the store; None when there is none."""
        with self._told(name):
            try:
                return self.fs.cat_file(self._key(name)).decode()
            except FileNotFoundError:
                return None

    def write(self, name: str, text: str) -> None:
        """A small object, straight to the store."""
        path = self.home / ".magasin" / uuid.uuid4().hex
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        try:
            with self._told(name):
                self._put(path, self._key(name))
        finally:
            path.unlink(missing_ok=True)

    def _put(self, path: Path, key: str) -> None:
        """One PUT; on a file system, a copy beside it and a rename."""
        if not isinstance(self.fs.protocol, tuple) or "file" not in self.fs.protocol:
            self.fs.put_file(str(path), key)
            return
        target = Path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}{EN_COURS}{uuid.uuid4().hex}")
        try:
            shutil.copyfile(path, draft)
            with draft.open("rb") as handle:
                os.fsync(handle.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)

    def _key(self, name: str) -> str:
        return f"{self.root}/{name}"

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Say which object an error is about, whatever the library that raises it."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (OSError, BotoCoreError, ClientError) as error:
            raise ErreurMagasin(f"magasin {self.url} : {error}", fichier=name, conseil=DROITS) from error


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
