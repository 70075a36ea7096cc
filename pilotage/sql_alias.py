"""Which names of a select carry given columns: enough SQL to follow a personal column under another name."""

from __future__ import annotations

import re

INNOCENT = ("Is", "Count", "Exists")  # knowing that a value is there, or how many, tells nothing of it


def trace_names(sql: str, names: frozenset[str]) -> frozenset[str]:
    """Names under which the columns `names` leave the select `sql`.

    Expressions are followed through aliases, CTEs and subqueries without regard to scope: a name that could be
    personal is taken for personal. `x IS NULL` and `count(x)` reveal nothing and stop the trace. A text that cannot
    be parsed lets every name through.

    Args:
        sql: a dbt model, compiled or not.
        names: lower-case columns of its parents.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(_without_jinja(sql), dialect="postgres")
    except SqlglotError:
        return names
    carried = _spread(tree, set(names))
    outputs = _output_names(tree)
    return frozenset(carried if outputs is None else carried & outputs)


def _spread(tree, carried: set[str]) -> set[str]:
    from sqlglot import exp

    aliases = [(alias.alias.lower(), _read_columns(alias)) for alias in tree.find_all(exp.Alias)]
    for union in tree.find_all(exp.SetOperation):
        names = [first.alias_or_name.lower() for first in union.left.selects]
        aliases += [(n, _read_columns(p)) for n, p in zip(names, union.right.selects, strict=False)]
    for named in tree.find_all(exp.TableAlias):
        inner = named.parent.this
        if named.columns and isinstance(inner, exp.Query):
            aliases += [(c.name.lower(), _read_columns(p)) for c, p in zip(named.columns, inner.selects, strict=False)]
    while True:
        added = {alias for alias, read in aliases if read & carried} - carried
        if not added:
            return carried
        carried |= added


def _read_columns(projection) -> set[str]:
    """Columns that a projection shows; those under an innocent expression are left out."""
    from sqlglot import exp

    innocent = tuple(getattr(exp, name) for name in INNOCENT)
    found = set()
    for column in projection.find_all(exp.Column):
        guard = column.find_ancestor(*innocent)
        if guard is None or not any(node is projection for node in (guard, *_ancestors(guard))):
            found.add(column.name.lower())
    return found


def _ancestors(node):
    while node := node.parent:
        yield node


def _output_names(tree, ctes: dict | None = None) -> set[str] | None:
    """Names of the last select; None when a star hides them."""
    from sqlglot import exp

    ctes = {**(ctes or {}), **{cte.alias.lower(): cte.this for cte in tree.ctes}}
    if isinstance(tree, exp.SetOperation):
        return _output_names(tree.this, ctes)  # a union takes the names of its first select
    if isinstance(tree, exp.Subquery):
        return _output_names(tree.this, ctes)
    if not isinstance(tree, exp.Select):
        return None
    names: set[str] = set()
    for projection in tree.selects:
        if not projection.is_star:
            names.add(projection.alias_or_name.lower())
            continue
        for source in [clause.this for clause in (tree.find(exp.From), *(tree.args.get("joins") or ())) if clause]:
            inner = source if isinstance(source, exp.Subquery) else ctes.get(source.name.lower())
            below = _output_names(inner, {k: v for k, v in ctes.items() if v is not inner}) if inner else None
            if below is None:
                return None
            names |= below
    return names


def _without_jinja(sql: str) -> str:
    """A model before compilation, its refs and sources by name, other Jinja blanked."""
    sql = re.sub(r"{#.*?#}", " ", sql, flags=re.S)
    sql = re.sub(r"{{\s*(?:ref|source)\(.*?['\"](\w+)['\"]\s*\)\s*}}", r"\1", sql, flags=re.S)
    sql = re.sub(r"{%.*?%}", " ", sql, flags=re.S)
    return re.sub(r"{{.*?}}", " NULL ", sql, flags=re.S)
