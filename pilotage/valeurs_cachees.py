"""Values of personal columns in the results of a judgment: counted, never quoted; reasons, journal and pages go far."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pilotage.suites import READING, Regle

CACHEE = "(donnée personnelle)"
COORDONNEES = "sans_coordonnees"  # what such a rule refuses is an address or a number, whatever the column
QUOTED = {
    "observed_value", "partial_unexpected_list", "partial_unexpected_counts", "partial_unexpected_index_list",
    "unexpected_list", "unexpected_index_list", "details",
}  # fmt: skip


def is_personal(rule: Regle, personal: frozenset[str]) -> bool:
    """True when the values that break a rule are not to be quoted."""
    named = [rule.arguments.get(key) for key in ("column", "column_A", "column_B")]
    named += rule.arguments.get("column_list") or []
    columns = {READING.sub("", name) for name in named if name}
    return bool(columns & personal) or rule.nom.endswith(COORDONNEES)


def hide_values(path: Path, ranks: set[int]) -> None:
    """Rewrite a file of results of Great Expectations without the values of some rules."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for result in content.get("results", ()):
        if result["expectation_config"]["meta"].get("rang") in ranks:
            result["result"] = {key: _hidden(key, value) for key, value in (result.get("result") or {}).items()}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")


def _hidden(key: str, value: Any) -> Any:
    if key not in QUOTED or value in (None, []):
        return value
    if key == "partial_unexpected_counts":
        return [{"value": CACHEE, "count": sum(one.get("count", 0) for one in value)}]
    return {} if key == "details" else [CACHEE] if isinstance(value, list) else CACHEE
