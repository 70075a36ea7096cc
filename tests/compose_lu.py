"""Compose files as Compose itself reads them: `extends` followed, `!override` and `!reset` obeyed."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPLACED = ("command", "entrypoint", "test")  # lists that another replaces; all others are added up


class Override(list):
    """A list that takes the place of the one extended."""


class OverrideMap(dict):
    """Likewise, for a mapping."""


class Reset:
    """What is taken away."""


class Loader(yaml.CSafeLoader):
    """YAML with Compose's two tags."""


def _override(loader: Loader, node: yaml.Node) -> Override | OverrideMap:
    if isinstance(node, yaml.MappingNode):
        return OverrideMap(loader.construct_mapping(node, deep=True))
    return Override(loader.construct_sequence(node, deep=True))


Loader.add_constructor("!override", _override)
Loader.add_constructor("!reset", lambda loader, node: Reset())


@cache
def _content(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def read_compose(path: Path) -> dict[str, Any]:
    """One file, its services complete; its other sections as they stand."""
    content = deepcopy(_content(path))
    return {**content, "services": {name: read_service(path, name) for name in content["services"]}}


def read_service(path: Path, name: str) -> dict[str, Any]:
    """One service, with all that it extends."""
    service = deepcopy(_content(path)["services"][name])
    base = service.pop("extends", None)
    if base is None:
        return service
    other = (path.parent / base["file"]).resolve() if "file" in base else path
    return _merge(read_service(other, base["service"]), service)


def _merge(under: Any, over: Any, key: str = "") -> Any:
    if isinstance(over, OverrideMap):
        return dict(over)
    if isinstance(under, dict) and isinstance(over, dict):
        merged = {**under, **{name: _merge(under.get(name), value, name) for name, value in over.items()}}
        return {name: value for name, value in merged.items() if not isinstance(value, Reset)}
    if isinstance(over, list):
        if isinstance(over, Override) or not isinstance(under, list) or key in REPLACED:
            return list(over)
        return [*under, *(item for item in over if item not in under)]
    return over
