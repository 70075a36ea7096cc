"""Settings of Superset in production: those of bi/, its tables in PostgreSQL, one cache in Redis for its processes."""

import os
import runpy
from pathlib import Path

globals().update(runpy.run_path(str(Path(__file__).parent.parent / "bi" / "superset_config.py")))

SQLALCHEMY_DATABASE_URI = os.environ["PILOTAGE_BI_METADONNEES"]
SQLALCHEMY_ENGINE_OPTIONS = {"pool_pre_ping": True, "pool_size": 5, "max_overflow": 5}

_ADRESSE = os.environ["PILOTAGE_BI_CACHE"] + "?ssl_cert_reqs=required&ssl_ca_certs=" + os.environ["PILOTAGE_AUTORITE"]


def _cache(name: str, seconds: int) -> dict:
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": _ADRESSE,
        "CACHE_KEY_PREFIX": f"superset_{name}_",
        "CACHE_DEFAULT_TIMEOUT": seconds,
    }


DATA_CACHE_CONFIG = _cache("donnees", 3600)
FILTER_STATE_CACHE_CONFIG = _cache("filtres", 86400)
EXPLORE_FORM_DATA_CACHE_CONFIG = _cache("formes", 86400)

# Behind a reverse proxy that encrypts, cookies never travel in clear; wrong passwords are counted by each process.
_CHIFFREE = os.environ.get("PILOTAGE_BI_URL", "").startswith("https://")
ENABLE_PROXY_FIX = _CHIFFREE
SESSION_COOKIE_SECURE = _CHIFFREE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
TALISMAN_CONFIG = {**globals()["TALISMAN_CONFIG"], "session_cookie_secure": _CHIFFREE}
RATELIMIT_ENABLED = True
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "10 per 20 second"
