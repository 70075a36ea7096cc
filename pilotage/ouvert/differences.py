"""What changed since the former publication, table by table, and the journal that people read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pilotage.lecture_parquet import parquet_sql

JOURNAL, FICHIER = "JOURNAL.md", "differences.json"
PUBLICATIONS_GARDEES = 30
TITRE = "# Journal des publications\n\n"


@dataclass(frozen=True)
class Difference:
    """A table against its former publication. `etat`: nouvelle, retiree, identique, modifiee. Rows in number; without
    a key, a changed row is one removed and one added."""

    table: str
    etat: str
    lignes_avant: int | None = None
    lignes: int | None = None
    ajoutees: int = 0
    retirees: int = 0
    changees: int = 0
    colonnes_ajoutees: list[str] = field(default_factory=list)
    colonnes_retirees: list[str] = field(default_factory=list)
    colonnes_retypees: list[str] = field(default_factory=list)


def compare_exports(former: Path | None, folder: Path, keys: dict[str, tuple[str, ...]]) -> list[Difference]:
    """Each table of either export, by name.

    Args:
        former: folder of the former export, None for a first publication.
        keys: primary key by `schema.table` of the new export, empty when it has none.
    """
    new = _parquets(folder)
    old = _parquets(former) if former else {}
    found = []
    for table in sorted({*new, *old}):
        if table not in old:
            found.append(Difference(table, "nouvelle", lignes=_count(new[table])))
        elif table not in new:
            found.append(Difference(table, "retiree", lignes_avant=_count(old[table])))
        else:
            found.append(compare_tables(table, old[table], new[table], keys.get(table, ())))
    return found


def compare_tables(table: str, old: Path, new: Path, key: tuple[str, ...]) -> Difference:
    """Rows added, removed and changed between two Parquet files of a table, on the columns that both have."""
    import pyarrow.parquet as pq

    counts = {"lignes_avant": _count(old), "lignes": _count(new)}
    if old.stat().st_size == new.stat().st_size and old.read_bytes() == new.read_bytes():
        return Difference(table, "identique", **counts)
    before = {f.name: str(f.type) for f in pq.read_schema(old)}
    after = {f.name: str(f.type) for f in pq.read_schema(new)}
    columns = {
        "colonnes_ajoutees": sorted(after.keys() - before.keys()),
        "colonnes_retirees": sorted(before.keys() - after.keys()),
        "colonnes_retypees": sorted(name for name in before.keys() & after.keys() if before[name] != after[name]),
    }
    common = [name for name in after if name in before]
    rows = _compare_rows(old, new, tuple(key) if set(key) <= set(common) else (), common)
    same = not any(rows.values()) and not any(columns.values())
    return Difference(table, "identique" if same else "modifiee", **counts, **rows, **columns)


def _compare_rows(old: Path, new: Path, key: tuple[str, ...], common: list[str]) -> dict[str, int]:
    import duckdb

    before, after = parquet_sql(old), parquet_sql(new)
    quoted = [f'"{name}"' for name in common]
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as connection:
        if not key:
            # Types may differ: rows are compared as text.
            texts = ", ".join(f"{name}::VARCHAR" for name in quoted)
            query = "SELECT count(*) FROM (SELECT {t} FROM {a} EXCEPT ALL SELECT {t} FROM {b})"
            added = connection.execute(query.format(t=texts, a=after, b=before)).fetchone()[0]
            removed = connection.execute(query.format(t=texts, a=before, b=after)).fetchone()[0]
            return {"ajoutees": added, "retirees": removed, "changees": 0}
        using = ", ".join(f'"{name}"' for name in key)
        rest = [name for name in quoted if name.strip('"') not in key]
        differs = " OR ".join(f"a.{name}::VARCHAR IS DISTINCT FROM b.{name}::VARCHAR" for name in rest) or "FALSE"
        anti = "SELECT count(*) FROM {a} ANTI JOIN {b} USING (" + using + ")"
        return {
            "ajoutees": connection.execute(anti.format(a=after, b=before)).fetchone()[0],
            "retirees": connection.execute(anti.format(a=before, b=after)).fetchone()[0],
            "changees": connection.execute(
                f"SELECT count(*) FROM {after} AS a JOIN {before} AS b USING ({using}) WHERE {differs}"
            ).fetchone()[0],
        }


def write_journal(former: Path | None, folder: Path, generation: str, date: str, found: list[Difference]) -> None:
    """Write `differences.json`, and `JOURNAL.md` with this publication above the former ones."""
    text = json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1) + "\n"
    (folder / FICHIER).write_text(text, encoding="utf-8")
    past = former / JOURNAL if former else None
    sections = past.read_text(encoding="utf-8").removeprefix(TITRE) if past and past.exists() else ""
    kept = [part for part in sections.split("\n## ") if part.strip()][: PUBLICATIONS_GARDEES - 1]
    older = "".join(f"\n## {part.removeprefix('## ').strip()}\n" for part in kept)
    (folder / JOURNAL).write_text(f"{TITRE}{tell(generation, date, found)}{older}", encoding="utf-8")


def tell(generation: str, date: str, found: list[Difference]) -> str:
    """The section of one publication, in French."""
    lines = [f"## {generation}, {date}\n"]
    same = sum(one.etat == "identique" for one in found)
    first = all(one.etat == "nouvelle" for one in found)
    lines += [f"Première publication : {len(found)} tables.\n"] if first else [f"{same} tables sans changement.\n"]
    lines += [] if first else [f"- {sentence(one)}\n" for one in found if one.etat != "identique"]
    return "".join(lines)


def sentence(one: Difference) -> str:
    """One table's change, in French."""
    if one.etat == "nouvelle":
        return f"`{one.table}` : nouvelle table, {one.lignes} lignes."
    if one.etat == "retiree":
        return f"`{one.table}` : table retirée ({one.lignes_avant} lignes dans la publication précédente)."
    counts = ((one.ajoutees, "ajoutée"), (one.retirees, "retirée"), (one.changees, "changée"))
    parts = [f"{n} ligne{'s' * (n > 1)} {said}{'s' * (n > 1)}" for n, said in counts if n]
    for names, said in (
        (one.colonnes_ajoutees, "ajoutées"), (one.colonnes_retirees, "retirées"), (one.colonnes_retypees, "retypées"),
    ):  # fmt: skip
        parts += [f"colonnes {said} : {', '.join(names)}"] if names else []
    return f"`{one.table}` : {', '.join(parts)}."


def _parquets(folder: Path) -> dict[str, Path]:
    """`schema.table` -> Parquet, for the tables at the root of an export."""
    skipped = {"geographie", "paquets"}
    paths = (path for path in folder.glob("*/*.parquet") if path.parent.name not in skipped)
    return {f"{path.parent.name}.{path.stem}": path for path in paths}


def _count(path: Path) -> int:
    import pyarrow.parquet as pq

    return pq.read_metadata(path).num_rows
