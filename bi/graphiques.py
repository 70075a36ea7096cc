"""A declared chart as Superset's own form data (`params`), one function a kind of chart."""

from __future__ import annotations

from typing import Any

from bi.declaration import Graphique, Jeu

Params = dict[str, Any]
DATE = "%d/%m/%Y"
MAXIMUM = 10_000
VIZ = {
    "chiffre": "big_number_total",
    "barres": "echarts_timeseries_bar",
    "courbe": "echarts_timeseries_line",
    "tableau": "table",
    "repartition": "histogram_v2",
    "secteurs": "pie",
    "points": "echarts_timeseries_scatter",
    "carte": "country_map",
}


def chart_params(chart: Graphique, jeu: Jeu) -> Params:
    """Form data of a chart: common part, then what its kind wants."""
    builders = {
        "chiffre": _number,
        "barres": _bars,
        "courbe": _line,
        "tableau": _table,
        "repartition": _histogram,
        "secteurs": _pie,
        "points": _points,
        "carte": _map,
    }
    common = {
        "viz_type": VIZ[chart.type],
        "adhoc_filters": [_where(name, value) for name, value in chart.ou.items()],
        "color_scheme": "pilotage",
        "annotation_layers": [],
        "extra_form_data": {},
        "row_limit": chart.limite,
    }
    return {**common, **builders[chart.type](chart, jeu)}


def _where(name: str, value: Any) -> Params:
    several = isinstance(value, list)
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": name,
        "operator": "IN" if several else "==",
        "operatorId": "IN" if several else "EQUALS",
        "comparator": value,
        "filterOptionName": f"filter_{name}",
    }


def _format(chart: Graphique, jeu: Jeu) -> str:
    return chart.format or jeu.mesure(chart.mesures[0]).format


def _number(chart: Graphique, jeu: Jeu) -> Params:
    return {
        "metric": chart.mesures[0],
        "y_axis_format": _format(chart, jeu),
        "subtitle": chart.sous_titre,
        "header_font_size": 0.4,
        "subtitle_font_size": 0.125,
        "show_metric_name": False,
        "row_limit": MAXIMUM,
    }


def _series(chart: Graphique, jeu: Jeu) -> Params:
    return {
        "row_limit": MAXIMUM if chart.series else chart.limite,
        "x_axis_sort_series": "sum",
        "x_axis_sort_series_ascending": chart.ordre == "croissant",
        "x_axis": chart.par[0],
        "metrics": chart.mesures,
        "groupby": [chart.series] if chart.series else [],
        "y_axis_format": _format(chart, jeu),
        "show_legend": bool(chart.series) or len(chart.mesures) > 1,
        "legendType": "scroll",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "tooltipTimeFormat": DATE,
        "x_axis_time_format": "%m/%Y",
        "truncate_metric": True,
        "show_empty_columns": False,
        "y_axis_bounds": [None, None],
        "x_axis_title_margin": 15,
        "y_axis_title_margin": 15,
        "x_axis_force_categorical": chart.type == "barres",
        "order_desc": chart.ordre == "decroissant",
    }


def _bars(chart: Graphique, jeu: Jeu) -> Params:
    first = chart.mesures[0]
    return {
        **_series(chart, jeu),
        "orientation": "horizontal" if chart.horizontal else "vertical",
        "timeseries_limit_metric": first,
        "x_axis_sort": first,
        # A horizontal bar chart is drawn from the bottom: the first of the list must be the last drawn.
        "x_axis_sort_asc": (chart.ordre == "croissant") != chart.horizontal,
        "stack": "Stack" if chart.empile else None,
        "show_value": not chart.series,
        "only_total": True,
        "sort_series_type": "sum",
        "sort_series_ascending": False,
    }


def _line(chart: Graphique, jeu: Jeu) -> Params:
    return {
        **_series(chart, jeu),
        "row_limit": MAXIMUM,
        "time_grain_sqla": None,
        "markerEnabled": True,
        "markerSize": 8,
        "seriesType": "line",
        "truncateXAxis": False,
        "connectNulls": True,
        "show_value": not chart.series and len(chart.mesures) == 1,
    }


def _points(chart: Graphique, jeu: Jeu) -> Params:
    return {
        **_series(chart, jeu),
        "row_limit": MAXIMUM,
        "markerSize": 5,
        "rich_tooltip": False,
        "x_axis_number_format": ",.0f",
        "truncateYAxis": True,
        "y_axis_format": ",.0f",
        "y_axis_bounds": [41, 52],
        "truncateXAxis": True,
        "xAxisBounds": [-6, 10],
        "x_axis_bounds": [-6, 10],
    }


def _table(chart: Graphique, jeu: Jeu) -> Params:
    formats = {m.titre: {"d3NumberFormat": m.format} for m in jeu.mesures if m.nom in chart.mesures}
    formats |= {m.nom: {"d3NumberFormat": m.format} for m in jeu.mesures if m.nom in chart.mesures}
    return {
        "query_mode": "aggregate",
        "groupby": chart.par,
        "metrics": chart.mesures,
        "timeseries_limit_metric": chart.mesures[0] if chart.mesures else None,
        "order_desc": chart.ordre == "decroissant",
        "table_timestamp_format": DATE,
        "show_cell_bars": False,
        "color_pn": False,
        "include_search": False,
        "column_config": formats,
        "all_columns": [],
        "percent_metrics": [],
        "page_length": 0,
    }


def _histogram(chart: Graphique, jeu: Jeu) -> Params:
    return {
        "column": chart.colonne,
        "groupby": [],
        "bins": chart.classes,
        "normalize": False,
        "cumulative": False,
        "row_limit": 50_000,
        "x_axis_title": chart.sous_titre,
        "x_axis_format": chart.format or ",.0f",
        "y_axis_format": ",.0f",
        "show_value": False,
        "show_legend": False,
    }


def _pie(chart: Graphique, jeu: Jeu) -> Params:
    return {
        "metric": chart.mesures[0],
        "groupby": chart.par,
        "donut": True,
        "innerRadius": 40,
        "outerRadius": 70,
        "label_type": "percent",
        "number_format": _format(chart, jeu),
        "labels_outside": True,
        "label_line": True,
        "show_labels": True,
        "show_labels_threshold": 1,
        "show_legend": True,
        "legendOrientation": "top",
        "legendType": "plain",
        "sort_by_metric": True,
    }


def _map(chart: Graphique, jeu: Jeu) -> Params:
    return {
        "metric": chart.mesures[0],
        "entity": chart.par[0],
        "select_country": "france",
        "color_scheme": None,
        "linear_color_scheme": "schemeYlGnBu",
        "number_format": _format(chart, jeu),
        "row_limit": MAXIMUM,
    }
