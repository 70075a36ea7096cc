"""Where charts stand on a dashboard, and which filters move them: Superset's `position` and `metadata`."""

from __future__ import annotations

from typing import Any

from bi.declaration import LARGEUR, Filtre, Rangee, Tableau

Identify = Any  # (kind, name) -> UUID as text


def position(tableau: Tableau, chart_uuid, first_id: int) -> dict[str, Any]:
    """The grid: an introduction, then rows of charts, each under its heading.

    Args:
        chart_uuid: position of a chart in the dashboard -> its UUID.
        first_id: number of the first chart, unique in the bundle; Superset replaces it by its own.
    """
    nodes: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": tableau.titre}},
    }
    _add_row(nodes, "ROW-resume", [_markdown("MARKDOWN-resume", tableau.resume)])
    number = 0
    for rank, row in enumerate(tableau.rangees):
        if row.titre:
            nodes["GRID_ID"]["children"].append(f"HEADER-{rank}")
            nodes[f"HEADER-{rank}"] = _heading(f"HEADER-{rank}", row.titre)
        charts = []
        for width, chart in zip(_widths(row), row.graphiques, strict=True):
            charts.append(
                {
                    "type": "CHART",
                    "id": f"CHART-{number}",
                    "children": [],
                    "meta": {
                        "chartId": first_id + number,
                        "uuid": chart_uuid(number),
                        "sliceName": chart.titre,
                        "width": width,
                        "height": row.hauteur,
                    },
                }
            )
            number += 1
        _add_row(nodes, f"ROW-{rank}", charts)
    return nodes


def _widths(row: Rangee) -> list[int]:
    free = [chart for chart in row.graphiques if chart.largeur is None]
    left = LARGEUR - sum(chart.largeur or 0 for chart in row.graphiques)
    return [chart.largeur or left // len(free) for chart in row.graphiques]


def _markdown(identifier: str, text: str) -> dict[str, Any]:
    height = 6 + 3 * (len(text) // 200)
    return {
        "type": "MARKDOWN",
        "id": identifier,
        "children": [],
        "meta": {"width": LARGEUR, "height": height, "code": text},
    }


def _heading(identifier: str, text: str) -> dict[str, Any]:
    meta = {"text": text, "headerSize": "MEDIUM_HEADER", "background": "BACKGROUND_TRANSPARENT"}
    return {"type": "HEADER", "id": identifier, "children": [], "parents": ["ROOT_ID", "GRID_ID"], "meta": meta}


def _add_row(nodes: dict[str, Any], identifier: str, children: list[dict[str, Any]]) -> None:
    nodes["GRID_ID"]["children"].append(identifier)
    nodes[identifier] = {
        "type": "ROW",
        "id": identifier,
        "children": [child["id"] for child in children],
        "parents": ["ROOT_ID", "GRID_ID"],
        "meta": {"background": "BACKGROUND_TRANSPARENT"},
    }
    for child in children:
        nodes[child["id"]] = {**child, "parents": ["ROOT_ID", "GRID_ID", identifier]}


def metadata(tableau: Tableau, dataset_uuid, first_id: int) -> dict[str, Any]:
    """Filters, colours and refresh of a dashboard.

    Args:
        dataset_uuid: name of a data set -> its UUID.
    """
    ids = [first_id + number for number in range(len(tableau.graphiques))]
    return {
        "native_filter_configuration": [_filter(filtre, tableau, dataset_uuid, first_id) for filtre in tableau.filtres],
        "filter_bar_orientation": "HORIZONTAL",
        "cross_filters_enabled": False,
        "color_scheme": "",  # a scheme here would take the place of the maps' own
        "label_colors": tableau.couleurs,
        "shared_label_colors": [],
        "expanded_slices": {},
        "refresh_frequency": 0,
        "timed_refresh_immune_slices": [],
        "chart_configuration": {},
        "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}, "chartsInScope": ids},
    }


def _filter(filtre: Filtre, tableau: Tableau, dataset_uuid, first_id: int) -> dict[str, Any]:
    charts = enumerate(tableau.graphiques, start=first_id)
    excluded = [
        number
        for number, chart in charts
        if filtre.nom in chart.ignore or (filtre.cible and filtre.nom not in chart.suit)
    ]
    parents = [filtre.parent] if filtre.parent in {f.nom for f in tableau.filtres} else []
    chosen: dict[str, Any] = {"extraFormData": {}, "filterState": {}}
    if filtre.defaut:
        condition = {"col": filtre.colonne, "op": "IN", "val": [filtre.defaut]}
        chosen = {
            "extraFormData": {"filters": [condition]},
            "filterState": {"value": [filtre.defaut], "label": filtre.defaut},
        }
    return {
        "id": f"NATIVE_FILTER-{filtre.nom}",
        "name": filtre.titre,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "description": "",
        "targets": [{"datasetUuid": dataset_uuid(filtre.jeu), "column": {"name": filtre.colonne}}],
        "adhoc_filters": [
            {
                "clause": "WHERE",
                "expressionType": "SIMPLE",
                "subject": name,
                "operator": "==",
                "operatorId": "EQUALS",
                "comparator": value,
                "filterOptionName": f"filter_{name}",
            }
            for name, value in filtre.parmi.items()
        ],
        "defaultDataMask": chosen,
        "cascadeParentIds": [f"NATIVE_FILTER-{name}" for name in parents],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": excluded},
        "controlValues": {
            "enableEmptyFilter": bool(filtre.defaut),
            "defaultToFirstItem": False,
            "multiSelect": filtre.multiple,
            "searchAllOptions": True,
            "inverseSelection": False,
            "sortAscending": True,
        },
        "tabsInScope": [],
    }
