"""The pages of Data Docs made readable without any network: no script, style or image from elsewhere, a French index.

Great Expectations' own pages fetch a dozen scripts from public hosts, and a logo whose address names the installation;
its index shows nothing without them.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

EXTERNAL = re.compile(
    r"<script[^>]*src=.https?://[^>]*>\s*</script>|<(link|img)[^>]*(href|src)=.https?://[^>]*>"
    r"|background[^;}]*https?://[^;}]*;?|<footer.*?</footer>",
    re.DOTALL,
)
STYLE = """<style>
body { font-family: system-ui, sans-serif; margin: 1.5rem auto; max-width: 72rem; color: #1e1e1e; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
td, th { border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.fa-check-circle::before { content: "\\2714"; color: #18753c; font-style: normal; }
.fa-times::before { content: "\\2718"; color: #ce0500; font-style: normal; }
.date { white-space: nowrap; }
.non { color: #ce0500; font-weight: bold; } .oui { color: #18753c; } .nombre { text-align: right; }
</style>"""
REPLAY = "rejeu_"
PARIS = ZoneInfo("Europe/Paris")
MARK = "<!-- pages sans réseau -->"


@dataclass(frozen=True)
class Page:
    """A judgment: its suite, its outcome, its rules, and where its page is."""

    suite: str
    run: str
    quand: str
    succes: bool
    regles: int
    echecs: int
    chemin: str


def make_local(page: Path) -> None:
    """Drop what a page would fetch from elsewhere, and give it a style of its own."""
    html = page.read_text(encoding="utf-8")
    if MARK not in html:
        page.write_text(EXTERNAL.sub("", html).replace("</head>", f"{MARK}{STYLE}</head>", 1), encoding="utf-8")


def write_index(docs: Path, results: Path) -> None:
    """Write `index.html`: the latest judgment of every suite, refused ones first."""
    latest: dict[str, Page] = {}
    pages = filter(None, (_read(results, path) for path in results.rglob("*.json")))
    for page in sorted(pages, key=lambda p: p.quand):
        if not page.run.startswith(REPLAY):
            latest[page.suite] = page
    rows = "\n".join(_row(page) for page in sorted(latest.values(), key=lambda p: (p.succes, p.suite)))
    refused = sum(not page.succes for page in latest.values())
    head = "<th>Livraison ou table</th><th>Résultat</th><th>Règles</th><th>En échec</th><th>Jugée le</th><th>Suite</th>"
    html = (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Contrôles de Pilotage</title>{STYLE}</head>'
        f"<body><h1>Contrôles de Pilotage</h1><p>{len(latest)} suites, {refused} en échec à leur dernier jugement. Les "
        "pages de détail sont celles de Great Expectations.</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></body></html>\n"
    )
    docs.mkdir(parents=True, exist_ok=True)
    temporary = docs / "index.html.partiel"
    temporary.write_text(html, encoding="utf-8")
    temporary.replace(docs / "index.html")


def read_result(path: Path) -> dict[str, Any] | None:
    """A result of Great Expectations; None when it is gone, or is not whole: cut, or being written."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _read(results: Path, path: Path) -> Page | None:
    content = read_result(path)
    if content is None:
        return None
    place = path.relative_to(results).with_suffix(".html")
    statistics = content["statistics"]
    return Page(
        content["suite_name"],
        place.parts[-3],
        str(content["meta"]["run_id"]["run_time"]),
        content["success"],
        statistics["evaluated_expectations"],
        statistics["unsuccessful_expectations"],
        f"validations/{place.as_posix()}",
    )


def _row(page: Page) -> str:
    outcome = '<span class="oui">acceptée</span>' if page.succes else '<span class="non">refusée</span>'
    cells = (
        f'<a href="{escape(page.chemin)}">{escape(page.suite)}</a>',
        outcome,
        f'<span class="nombre">{page.regles}</span>',
        f'<span class="nombre">{page.echecs}</span>',
        f'<span class="date">{dt.datetime.fromisoformat(page.quand).astimezone(PARIS):%d/%m/%Y %H:%M}</span>',
        f'<a href="expectations/{escape(page.suite)}.html">règles</a>',
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
