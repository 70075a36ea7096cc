"""The bundle that Superset imports: same declaration and same comments, same bytes."""

from __future__ import annotations

import io
import re
import unicodedata
import uuid
import zipfile
from collections.abc import Mapping
from typing import Any

import yaml

from bi.declaration import Colonne, Declaration, Graphique, Jeu, Tableau
from bi.disposition import metadata, position
from bi.graphiques import VIZ, chart_params

ESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "pilotage/bi")
VERSION = "1.0.0"
RACINE_ZIP = "pilotage"
BASE = "Entrepôt Pilotage"
# Neither machine nor password: superset_config.py puts in the address of the day.
ADRESSE = "postgresql+psycopg2://lecteur@entrepot/pilotage"
INSTANT = (2026, 1, 1, 0, 0, 0)  # of every file in the archive
Comments = Mapping[str, str]


def identify(kind: str, name: str) -> str:
    """UUID of a thing that we declare, the same for ever."""
    return str(uuid.uuid5(ESPACE, f"{kind}/{name}"))


def build_files(declaration: Declaration, comments: Comments) -> dict[str, str]:
    """Files of the bundle by path.

    Args:
        comments: the warehouse's comments by `schema.table.column`.
    """
    files = {
        "metadata.yaml": {"version": VERSION, "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"},
        f"databases/{_slug(BASE)}.yaml": _database(),
    }
    for jeu in declaration.jeux.values():
        files[f"datasets/{_slug(BASE)}/{jeu.nom}.yaml"] = _dataset(jeu, comments)
    first = 1
    for tableau in declaration.tableaux:
        for number, chart in enumerate(tableau.graphiques):
            jeu = declaration.jeux[chart.jeu]
            path = f"charts/{tableau.code}_{number:02}_{_slug(chart.titre)[:60]}.yaml"
            files[path] = _chart(chart, jeu, _chart_uuid(tableau, number))
        files[f"dashboards/{tableau.code}.yaml"] = _dashboard(tableau, first)
        first += len(tableau.graphiques)
    return {
        path: yaml.safe_dump(content, allow_unicode=True, sort_keys=True, width=1000) for path, content in files.items()
    }


def build_bundle(declaration: Declaration, comments: Comments) -> bytes:
    """The files as a zip archive, its dates fixed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in sorted(build_files(declaration, comments).items()):
            entry = zipfile.ZipInfo(f"{RACINE_ZIP}/{path}", INSTANT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def _database() -> dict[str, Any]:
    return {
        "database_name": BASE,
        "sqlalchemy_uri": ADRESSE,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "cache_timeout": None,
        "extra": {"allows_virtual_table_explore": True, "metadata_params": {}, "engine_params": {}},
        "uuid": identify("base", "pilotage"),
        "version": VERSION,
    }


def _dataset(jeu: Jeu, comments: Comments) -> dict[str, Any]:
    dates = [column.nom for column in jeu.colonnes if column.type == "date"]
    return {
        "table_name": jeu.nom,
        "description": jeu.description,
        "sql": jeu.sql.strip(),
        "main_dttm_col": dates[0] if dates else None,
        "schema": None,
        "catalog": None,
        "cache_timeout": None,
        "offset": 0,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "normalize_columns": False,
        "columns": [_column(column, comments) for column in jeu.colonnes],
        "metrics": [
            {
                "metric_name": mesure.nom,
                "verbose_name": mesure.titre,
                "description": mesure.definition,
                "expression": " ".join(mesure.expression.split()),
                "d3format": None,  # it would win over the format of the chart
                "metric_type": None,
                "warning_text": None,
                "extra": None,
            }
            for mesure in jeu.mesures
        ],
        "uuid": identify("jeu", jeu.nom),
        "database_uuid": identify("base", "pilotage"),
        "version": VERSION,
    }


def _column(column: Colonne, comments: Comments) -> dict[str, Any]:
    return {
        "column_name": column.nom,
        "verbose_name": column.titre,
        "description": column.description or comments.get(column.depuis or ""),
        "type": column.type.upper(),
        "is_dttm": column.type == "date",
        "is_active": True,
        "groupby": True,
        "filterable": True,
        "expression": None,
        "extra": None,
    }


def _chart(chart: Graphique, jeu: Jeu, identifier: str) -> dict[str, Any]:
    definitions = [jeu.mesure(name) for name in chart.mesures]
    words = " ".join([chart.description, *(f"{m.titre} : {m.definition}" for m in definitions)]).strip()
    return {
        "slice_name": chart.titre,
        "description": words or None,
        "viz_type": VIZ[chart.type],
        "params": chart_params(chart, jeu),
        "query_context": None,
        "cache_timeout": None,
        "uuid": identifier,
        "dataset_uuid": identify("jeu", jeu.nom),
        "version": VERSION,
    }


def _dashboard(tableau: Tableau, first: int) -> dict[str, Any]:
    return {
        "dashboard_title": tableau.titre,
        "description": tableau.resume,
        "slug": tableau.code,
        "css": "",
        "published": True,
        "position": position(tableau, lambda number: _chart_uuid(tableau, number), first),
        "metadata": metadata(tableau, lambda name: identify("jeu", name), first),
        "uuid": identify("tableau", tableau.code),
        "version": VERSION,
    }


def _chart_uuid(tableau: Tableau, number: int) -> str:
    return identify("graphique", f"{tableau.code}/{tableau.graphiques[number].titre}")


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
