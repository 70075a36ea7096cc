"""Put files into a warehouse's landing as fetch would, for tests of what comes after."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pilotage.config import get_settings
from pilotage.database import psycopg_connection


def deliver(source: str, millesime: str, fichier: str, content: bytes) -> str:
    """Land bytes and record the delivery as received.

    Returns:
        The delivery's identifier.
    """
    sha = hashlib.sha256(content).hexdigest()
    identifiant = hashlib.sha256(f"{source}/{millesime}/{fichier}/{sha}".encode()).hexdigest()[:16]
    folder = get_settings().landing / source / millesime / sha
    folder.mkdir(parents=True, exist_ok=True)
    (folder / fichier).write_bytes(content)
    with psycopg_connection() as connection:
        connection.execute(
            "INSERT INTO pilotage.livraisons (livraison, source, millesime, fichier, sha256, taille_octets, etat) "
            "VALUES (%s, %s, %s, %s, %s, %s, 'recue') ON CONFLICT (livraison) DO UPDATE SET etat = 'recue'",
            (identifiant, source, millesime, fichier, sha, len(content)),
        )
    return identifiant


def deliver_file(source: str, millesime: str, path: Path) -> str:
    """Land a real file."""
    return deliver(source, millesime, path.name, path.read_bytes())
