"""Settings, read from the environment when asked for, never at import."""

from __future__ import annotations

import logging
import os
import ssl
from contextvars import ContextVar
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pilotage.errors import ErreurConfiguration

RACINE = Path(__file__).resolve().parent.parent
DERNIER = RACINE / ".pilotage" / "dernieres_sources"
EN_CHARGEUR: ContextVar[bool] = ContextVar("EN_CHARGEUR", default=False)  # set by pilotage.roles.as_loader()
LOCAUX = ("", "localhost", "127.0.0.1", "::1")
log = logging.getLogger(__name__)


class Settings(BaseSettings):
    """Every variable that Pilotage reads; `.env.example` lists them for people."""

    model_config = SettingsConfigDict(env_prefix="PILOTAGE_", extra="ignore", frozen=True, populate_by_name=True)

    home_env: Path | None = Field(default=None, validation_alias="PILOTAGE_HOME", description="Folder of all we write.")
    sources: str = Field(default="simulation", description="simulation | folder | http(s) URL of a mirror | internet")
    communes: int = Field(default=1200, ge=50, le=1_000_000, description="Communes of the simulated territory.")
    seed: int = Field(default=2026, ge=0, description="Seed of the simulation and of the recommender.")
    apports: Path = Field(default=RACINE / "apports", description="Folder of the territory's own files.")
    distancier: Path | None = Field(default=None, description="CSV file of minutes between communes.")
    postgres_dir: Path | None = Field(default=None, description="Folder of the embedded PostgreSQL.")
    generations_kept: int = Field(default=1, ge=1, le=10, description="Former generations kept for a return.")
    sauvegardes_env: Path | None = Field(default=None, validation_alias="PILOTAGE_SAUVEGARDES", description="Backups.")
    depot_jours: int | None = Field(default=None, ge=30, description="Days after which a replaced delivery may go.")
    journaux_jours: int = Field(default=90, ge=7, description="Days for which logs and reports of nights are kept.")
    fetch_timeout_s: float = Field(default=600, gt=0, description="Longest time for one file.")
    fetch_max_mo: int = Field(default=2048, gt=0, description="Largest file accepted, in megabytes.")
    magasin: str | None = Field(default=None, description="fsspec URL of the object store that several machines share.")
    executeur: Literal["local", "celery"] = Field(default="local", description="Where tasks run: here, or on workers.")
    adresse_api: str = Field(default="127.0.0.1", description="Where Airflow's API listens, as its workers reach it.")
    database_url_env: str | None = Field(default=None, validation_alias="DATABASE_URL", repr=False)
    chargeur_url: str | None = Field(default=None, repr=False, description="The warehouse as the loader reaches it.")

    @field_validator("depot_jours", mode="before")
    @classmethod
    def _empty_is_never(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("home_env", "postgres_dir", "apports", "distancier", "sauvegardes_env")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().resolve() if value else value

    @field_validator("magasin")
    @classmethod
    def _without_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else None

    @field_validator("sources")
    @classmethod
    def _known_sources(cls, value: str) -> str:
        if value in ("simulation", "internet"):
            return value
        if urlsplit(value).scheme in ("http", "https"):
            return value.rstrip("/")
        folder = Path(value).expanduser().resolve()
        if not folder.is_dir():
            raise ValueError(f"« {value} » n'est ni simulation, ni internet, ni une adresse http(s), ni un dossier")
        return str(folder)

    @property
    def home(self) -> Path:
        """Folder of all that a run writes; without PILOTAGE_HOME, one for the simulation and one for real data."""
        if self.home_env:
            return self.home_env
        return RACINE / ".pilotage" / ("simulation" if self.sources == "simulation" else "reel")

    @property
    def graine(self) -> int:
        return self.seed

    @property
    def is_simulation(self) -> bool:
        """True when the input is the simulated territory, or a folder that a simulation wrote."""
        if self.sources == "simulation":
            return True
        marker = Path(self.sources) / "SIMULATION"
        return "://" not in self.sources and self.sources != "internet" and marker.exists()

    @property
    def mirror(self) -> str:
        """Folder or URL laid out `<source>/<millésime>/<files>`; meaningless in mode `internet`."""
        return str(self.simulation_dir) if self.sources == "simulation" else self.sources

    @property
    def simulation_dir(self) -> Path:
        return self.home / "simulation" / f"{self.communes}_{self.seed}"

    @property
    def landing(self) -> Path:
        return self.home / "depot"

    @property
    def sauvegardes(self) -> Path:
        """Folder of backups: better on another disk than the home."""
        return self.sauvegardes_env or self.home / "sauvegardes"

    @property
    def exports(self) -> Path:
        return self.home / "exports"

    @property
    def publication(self) -> Path:
        """What a web server or a file share shows: the site."""
        return self.home / "publication"

    @property
    def logs(self) -> Path:
        return self.home / "journaux"

    @property
    def data_docs(self) -> Path:
        return self.home / "data_docs"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt"

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the warehouse: DATABASE_URL, else the embedded server's (which must be started)."""
        if self.chargeur_url and EN_CHARGEUR.get():
            return secure_url(self.chargeur_url, "PILOTAGE_CHARGEUR_URL")
        if self.database_url_env:
            return secure_url(self.database_url_env)
        from pilotage.postgres import embedded_url

        return embedded_url(self)


def secure_url(url: str, variable: str = "DATABASE_URL") -> str:
    """The URL for psycopg 3; beyond this machine, with TLS and the server's certificate checked unless told otherwise.

    The certificate's authority is the URL's `sslrootcert`, else PGSSLROOTCERT, else `~/.postgresql/root.crt`, else the
    system's.

    Raises:
        ErreurConfiguration: not a PostgreSQL address; its text is never quoted, for it holds a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme.startswith("postgres"):
        raise ErreurConfiguration(
            f"{variable} n'est pas une adresse PostgreSQL",
            attendu="postgresql://utilisateur@machine:port/base",
            conseil=f"corriger {variable}, ou la retirer pour le PostgreSQL embarqué",
        )
    parts = urlsplit(f"postgresql://{rest}")
    query = parse_qs(parts.query)
    hosts = {parts.hostname or "", *(h for value in query.get("host", []) for h in value.split(","))}
    if all(host in LOCAUX or host.startswith("/") for host in hosts):
        return f"postgresql+psycopg://{rest}"
    if given := query.get("sslmode"):
        if given[-1] not in ("verify-full", "verify-ca"):
            log.warning("%s : sslmode=%s ne vérifie pas le serveur ; préférer verify-full", variable, given[-1])
        return f"postgresql+psycopg://{rest}"
    added = "sslmode=verify-full"
    known = query.get("sslrootcert") or os.environ.get("PGSSLROOTCERT")
    if not known and not (Path.home() / ".postgresql" / "root.crt").exists():
        added += f"&sslrootcert={ssl.get_default_verify_paths().cafile or 'system'}"
    return f"postgresql+psycopg://{rest}{'&' if parts.query else '?'}{added}"


def get_settings() -> Settings:
    """Settings as the environment stands now; without PILOTAGE_SOURCES, the input of the last refresh of this clone.

    Raises:
        ErreurConfiguration: a variable has a value that cannot be used.
    """
    try:
        if "PILOTAGE_SOURCES" in os.environ or not DERNIER.exists():
            return Settings()
        return Settings(sources=DERNIER.read_text().strip())
    except ValidationError as error:
        details = "; ".join(f"PILOTAGE_{'.'.join(map(str, e['loc'])).upper()} : {e['msg']}" for e in error.errors())
        raise ErreurConfiguration(details, conseil="voir .env.example pour les valeurs possibles") from error


def remember_sources(settings: Settings) -> None:
    """Keep the input of this refresh, so that later commands speak of the same warehouse."""
    if not settings.home_env:
        DERNIER.parent.mkdir(parents=True, exist_ok=True)
        DERNIER.write_text(settings.sources + "\n")
