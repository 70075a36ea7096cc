"""Dependencies: what the locks pin, what is installed, and what published advisories say of it."""

from __future__ import annotations

from pilotage.config import RACINE
from pilotage.errors import ErreurPilotage

VERROUS = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-uv.lock",
    "requirements-datagouv.lock",
    "bi/superset.lock",
    "docker/helm/kubernetes.lock",
    "pilotage/immeubles/requirements.lock",
)
VERROU_NPM = "site/package-lock.json"
ACCEPTES = RACINE / "pilotage" / "audit" / "avis_acceptes.yml"


class ErreurAudit(ErreurPilotage):
    """A dependency is not what it should be, or an advisory concerns it."""
