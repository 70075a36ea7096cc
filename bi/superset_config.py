"""Settings of Superset for Pilotage: this machine only, in French, read-only on the warehouse, nothing sent outside.

Read by Superset itself, in its own environment. All that varies comes from the environment that `bi.serveur` prepares.
"""

import json
import os
from pathlib import Path

from flask import Response, request
from sqlalchemy.engine import make_url

DOSSIER = Path(os.environ["PILOTAGE_BI_DOSSIER"])
SECRET_KEY = os.environ.get("SUPERSET_SECRET_KEY") or (DOSSIER / "cle").read_text(encoding="utf-8").strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{DOSSIER / 'superset.db'}"

APP_NAME = "Pilotage"
BABEL_DEFAULT_LOCALE = "fr"
LANGUAGES = {"fr": {"flag": "fr", "name": "Français"}}
D3_FORMAT = {"decimal": ",", "thousands": "\u202f", "grouping": [3], "currency": ["", "\u00a0€"]}
D3_TIME_FORMAT = {
    "dateTime": "%A %e %B %Y à %X",
    "date": "%d/%m/%Y",
    "time": "%H:%M:%S",
    "periods": ["", ""],
    "days": ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
    "shortDays": ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
    "months": [
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ],
    "shortMonths": [
        *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
        *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
    ],
}

# Okabe and Ito's colours: told apart by the colour-blind.
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "pilotage",
        "label": "Pilotage",
        "description": "Couleurs que les daltoniens distinguent (Okabe et Ito)",
        "isDefault": True,
        "colors": ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#7F7F7F", "#B8A800"],
    }
]

# Nothing leaves the machine: no map tiles, no telemetry pixel, no outside fonts, no reports by e-mail.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
THEME_FONT_URL_ALLOWED_DOMAINS = []
ENABLE_UI_THEME_ADMINISTRATION = False
FEATURE_FLAGS = {"ALERT_REPORTS": False, "ENABLE_FACTORY_RESET_COMMAND": False}
CONTENT_SECURITY_POLICY_WARNING = False
RATELIMIT_ENABLED = False
AUTH_RATE_LIMITED = False

# Answers are kept until the next start: a night changes the warehouse, and `bi servir` starts anew.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 3600, "CACHE_THRESHOLD": 500}
FILTER_STATE_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 86400}
EXPLORE_FORM_DATA_CACHE_CONFIG = {"CACHE_TYPE": "SimpleCache", "CACHE_DEFAULT_TIMEOUT": 86400}


def DB_CONNECTION_MUTATOR(uri, params, username, security_manager, source):  # noqa: N802
    """The bundle names the warehouse without machine nor password: both come from the environment, at each start.

    Without nested loops: PostgreSQL takes a filter on a name for one row, and then reads a whole fact for each commune
    of Bretagne (more than a minute; 0.4 s by hash).
    """
    if uri.host == "entrepot":
        uri = make_url(os.environ["PILOTAGE_BI_ENTREPOT"])
        params["connect_args"] = {**params.get("connect_args", {}), "options": "-c enable_nestloop=off"}
    return uri, params


PIXEL = b"https://apachesuperset.gateway.scarf.sh/pixel/"
IMAGE_VIDE = b"data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=#"
# Words of Superset's pages that its own translation leaves in English.
MOTS = {"Loading filter values": "Chargement des choix", "Awaiting filter selection": "En attente d'un choix"}


def FLASK_APP_MUTATOR(app):  # noqa: N802
    """Serve two files in place of Superset's own.

    The script that calls its telemetry pixel, without the call: no setting of its own does it. The words of the pages,
    completed, and given before login too: else the login page is in English.
    """
    files = {
        f"/static/assets/{path.name}": (content.replace(PIXEL, IMAGE_VIDE), "text/javascript")
        for path in Path(app.static_folder).glob("assets/*.entry.js")
        if PIXEL in (content := path.read_bytes())
    }
    words = json.loads((Path(app.root_path) / "translations/fr/LC_MESSAGES/messages.json").read_text(encoding="utf-8"))
    words["locale_data"]["superset"].update({english: [french] for english, french in MOTS.items()})
    files["/superset/language_pack/fr/"] = (json.dumps(words).encode(), "application/json")

    @app.before_request
    def serve_in_place():
        content, kind = files.get(request.path, (None, None))
        return Response(content, mimetype=kind) if content else None
