"""How a Parquet file is named in DuckDB's SQL: this file alone, whatever stands in its path."""

from __future__ import annotations

import re
from pathlib import Path


def parquet_sql(path: Path) -> str:
    """`read_parquet(…)` of one file: brackets and stars of its folders are no pattern, `a=b` is no partition."""
    plain = re.sub(r"([\[*?])", r"[\1]", str(path)).replace("'", "''")
    return f"read_parquet('{plain}', hive_partitioning = false)"
