"""Judgment by Great Expectations: one suite, one table, one validation; results in words, pages in Data Docs.

Great Expectations takes seconds to import: this module is imported inside functions. The context is ephemeral; suites
and results are kept as files under `home/gx`, from which the static pages of `settings.data_docs` are rendered. The
connection string is only ever stored as `${PILOTAGE_GX_URL}`.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import math
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read by the import below: no telemetry leaves

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.core import RunIdentifier
from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

from pilotage.config import Settings
from pilotage.errors import ErreurConfiguration, ErreurControle
from pilotage.magasin import get_magasin
from pilotage.pages_controle import make_local, read_result, write_index
from pilotage.suites import Regle
from pilotage.valeurs_cachees import CACHEE, hide_values, is_personal

EXAMPLES = 5
OBSERVED = ("observed_value", "element_count", "unexpected_count", "unexpected_percent", "missing_count")


@dataclass(frozen=True)
class Resultat:
    """What became of one rule; `requete` selects the offending `_rang` of a row rule, exactly; `manquantes` are values
    that the rule wants and the column has not."""

    regle: Regle
    succes: bool
    nb_lignes: int | None = None
    nb_fautives: int = 0
    exemples: list[Any] = field(default_factory=list)
    observe: dict[str, Any] = field(default_factory=dict)
    requete: str | None = None
    manquantes: list[Any] = field(default_factory=list)


def validate(
    settings: Settings,
    *,
    suite: str,
    run: str,
    schema: str,
    table: str,
    rules: list[Regle],
    index: str | None = None,
    personal: frozenset[str] = frozenset(),
) -> list[Resultat]:
    """Judge `schema.table` by the rules, in their order; the page of Data Docs replaces the one of the same run.

    Args:
        index: column that identifies a row, for rules about rows.
        personal: columns whose values are neither returned nor kept in the files of Great Expectations.

    Raises:
        ErreurConfiguration: an expectation does not exist, or refuses its arguments.
        ErreurControle: an expectation could not be computed (a column is absent, for example).
    """
    context = _context(settings.database_url, str(settings.home), str(settings.data_docs))
    expectations = [_expectation(suite, rank, rule) for rank, rule in enumerate(rules)]
    built = context.suites.add_or_update(gx.ExpectationSuite(name=suite, expectations=expectations))
    for folder in (settings.home / "gx" / "resultats", settings.data_docs / "validations"):
        shutil.rmtree(folder / suite / run, ignore_errors=True)
    hidden = {rank for rank, rule in enumerate(rules) if is_personal(rule, personal)}
    source = context.data_sources.get("entrepot")
    asset = source.add_table_asset(name=table, table_name=table, schema_name=schema)
    try:
        batch = asset.add_batch_definition_whole_table("tout")
        definition = gx.ValidationDefinition(name=f"{suite}__{run}", data=batch, suite=built)
        context.validation_definitions.add_or_update(definition)
        with _pages_wait(settings) if hidden else nullcontext():
            outcome = context.validation_definitions.get(definition.name).run(
                result_format=_result_format(index),
                run_id=RunIdentifier(run_name=run, run_time=dt.datetime.now(dt.UTC)),
            )
            for path in (settings.home / "gx" / "resultats" / suite / run).rglob("*.json") if hidden else ():
                hide_values(path, hidden)
        context.validation_definitions.delete(definition.name)
    finally:
        source.delete_asset(table)
    magasin = get_magasin(settings)
    if magasin.partage:  # another machine will draw the pages
        places = [settings.home / "gx" / "suites" / f"{suite}.json", settings.home / "gx" / "resultats" / suite / run]
        for path in [one for place in places for one in (place, *place.rglob("*")) if one.is_file()]:
            magasin.push(path)
    results = [_read(suite, rules, result) for result in sorted(outcome.results, key=_rank)]
    return [without_values(result) if is_personal(result.regle, personal) else result for result in results]


def without_values(result: Resultat) -> Resultat:
    """The same result, counted but not quoted."""
    seen = {key: value if key != "observed_value" else CACHEE for key, value in result.observe.items()}
    return replace(result, exemples=[CACHEE] if result.exemples else [], observe=seen)


def build_docs(settings: Settings) -> None:
    """Render the pages that are missing, then the index; one process at a time.

    A result that a stopped judgment left cut, or that is being written, has no page: it is judged, or rendered, later.
    """
    context = _context(settings.database_url, str(settings.home), str(settings.data_docs))
    docs, results = settings.data_docs, settings.home / "gx" / "resultats"
    results.mkdir(parents=True, exist_ok=True)  # a machine that judged nothing itself
    with _pages_wait(settings, fcntl.LOCK_EX):
        known = [(key, "/".join(key.to_tuple())) for key in context.validation_results_store.list_keys()]
        missing = [one for one in known if not (docs / "validations" / f"{one[1]}.html").exists()]
        fresh = [key for key, name in missing if read_result(results / f"{name}.json") is not None]
        if fresh:
            changed = {key.expectation_suite_identifier.name for key in fresh}
            suites = [key for key in context.stores["expectations_store"].list_keys() if key.name in changed]
            context.build_data_docs(resource_identifiers=[*fresh, *suites])
        for page in docs.rglob("*.html"):
            make_local(page)
        write_index(docs, results)


@contextmanager
def _pages_wait(settings: Settings, how: int = fcntl.LOCK_SH) -> Iterator[None]:
    """No page is rendered meanwhile: of a result whose values are still to be hidden, or by two processes."""
    folder = settings.home / "gx"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "verrou").open("w") as lock:
        fcntl.flock(lock, how)
        yield


@lru_cache(maxsize=4)
def _context(url: str, home: str, docs: str):
    defaults = InMemoryStoreBackendDefaults()
    defaults.stores["expectations_store"] = _files("ExpectationsStore", f"{home}/gx/suites")
    defaults.stores["validation_results_store"] = _files("ValidationResultsStore", f"{home}/gx/resultats")
    defaults.data_docs_sites = {
        "pilotage": {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": docs},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
    }
    config = DataContextConfig(
        store_backend_defaults=defaults, progress_bars={"globally": False}, analytics_enabled=False
    )
    context = gx.get_context(project_config=config, runtime_environment={"PILOTAGE_GX_URL": url}, mode="ephemeral")
    context.data_sources.add_postgres("entrepot", connection_string="${PILOTAGE_GX_URL}")
    return context


def _files(store: str, folder: str) -> dict[str, Any]:
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder}
    return {"class_name": store, "store_backend": backend}


def _result_format(index: str | None) -> dict[str, Any]:
    asked: dict[str, Any] = {"result_format": "BASIC", "partial_unexpected_count": EXAMPLES}
    if index:
        asked |= {"unexpected_index_column_names": [index], "return_unexpected_index_query": True}
    return asked


def _expectation(suite: str, rank: int, rule: Regle):
    name = "".join(part.capitalize() for part in rule.attente.split("_"))
    kind = getattr(gxe, name, None)
    if kind is None:
        advice = "voir la galerie de Great Expectations"
        raise ErreurConfiguration(f"attente « {rule.attente} » inconnue", fichier=suite, conseil=advice)
    arguments = dict(rule.arguments)
    if rule.portee == "ligne":
        arguments["mostly"] = 1 - rule.tolerance
    try:
        return kind(**arguments, notes=f"{rule.nom} : {rule.raison}", meta={"rang": rank})
    except (ValueError, TypeError) as error:
        why = re.sub(r"\s+", " ", str(error))
        raise ErreurConfiguration(f"« {rule.nom} », arguments refusés : {why}", fichier=suite) from error


def _rank(result: Any) -> int:
    return result.expectation_config.meta["rang"]


def _read(suite: str, rules: list[Regle], result: Any) -> Resultat:
    rule, found = rules[_rank(result)], result.result or {}
    failure = _exception(result.exception_info)
    if failure:
        raise ErreurControle(f"« {rule.nom} » n'a pas pu être évaluée : {failure}", source=suite, colonne=rule.colonne)
    observed = {key: _finite(found[key]) for key in OBSERVED if key in found}
    return Resultat(
        rule,
        bool(result.success),
        found.get("element_count"),
        int(found.get("unexpected_count") or 0),
        [] if rule.condition else [_finite(value) for value in found.get("partial_unexpected_list") or []],
        observed,
        found.get("unexpected_index_query"),
        list(found.get("partial_missing_list") or []),
    )


def _exception(info: Any) -> str | None:
    """First line of what Great Expectations caught, if it caught something."""
    entries = [info] if "raised_exception" in (info or {}) else list((info or {}).values())
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return str(entry.get("exception_message")).strip().split("\n")[0]
    return None


def _finite(value: Any) -> Any:
    """JSON has no infinity; `-inf` stands for a text that is not a number."""
    if isinstance(value, float) and not math.isfinite(value):
        return "pas un nombre"
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)
