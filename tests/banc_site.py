"""What a reader of the site waits for, in Chromium: `python -m tests.banc_site [dossier du site]`.

First contentful paint, largest contentful paint, layout shift and blocking time (long tasks beyond 50 ms), as
Lighthouse defines them, with the processor slowed four times; bytes before the charts, and all. Nothing is asserted.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pilotage.config import get_settings
from tests.test_site import OPTIONS

OBSERVER = """
window.__lcp = 0; window.__cls = 0; window.__longues = 0;
new PerformanceObserver(l => l.getEntries().forEach(e => window.__lcp = e.startTime)).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(l => l.getEntries().forEach(e => { if (!e.hadRecentInput) window.__cls += e.value })).observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(l => l.getEntries().forEach(e => window.__longues += Math.max(0, e.duration - 50))).observe({type: 'longtask', buffered: true});
"""  # noqa: E501
LIRE = """() => ({
  fcp: (performance.getEntriesByName('first-contentful-paint')[0] || {}).startTime || 0,
  lcp: window.__lcp, cls: window.__cls, tbt: window.__longues,
})"""
RALENTI = 4


def measure(browser, site: Path, page: str) -> dict[str, float]:
    """Milliseconds, shift and kilobytes of one page, its cache empty."""
    context = browser.new_context(viewport={"width": 412, "height": 823})
    tab = context.new_page()
    sizes: dict[str, int] = {}
    tab.on("request", lambda r: sizes.update({r.url: _size(r.url)}) if r.url.startswith("file:") else None)
    client = context.new_cdp_session(tab)
    client.send("Emulation.setCPUThrottlingRate", {"rate": RALENTI})
    tab.add_init_script(OBSERVER)
    tab.goto(f"{site.as_uri()}/{page}")
    if page.startswith("t/"):
        tab.wait_for_selector("body[data-pret]", timeout=120_000)
    tab.wait_for_timeout(500)
    found = tab.evaluate(LIRE)
    context.close()
    early = sum(size for url, size in sizes.items() if "/cartes/" not in url and "graphiques" not in url)
    return {**found, "avant": early / 1000, "tout": sum(sizes.values()) / 1000}


def _size(url: str) -> int:
    from urllib.parse import unquote, urlsplit

    path = Path(unquote(urlsplit(url).path))
    return path.stat().st_size if path.is_file() else 0


def main() -> None:
    """Measure the home page and the heaviest page of each level."""
    from playwright.sync_api import sync_playwright

    site = Path(sys.argv[1]) if len(sys.argv) > 1 else get_settings().publication / "site"
    site = site.resolve()
    pages = ["index.html"]
    for level in ("commune", "epci", "departement", "region", "france"):
        found = sorted((site / "t" / level).rglob("*.html"), key=lambda path: path.stat().st_size)
        pages += [found[-1].relative_to(site).as_posix()] if found else []
    table = Table(title=f"Pages du site, processeur ralenti {RALENTI} fois, écran de téléphone")
    for name in ("page", "premier affichage", "plus grand", "décalage", "blocage", "ko avant graphiques", "ko en tout"):
        table.add_column(name, justify="left" if name == "page" else "right")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=OPTIONS)
        for page in pages:
            one = measure(browser, site, page)
            times = [f"{one[name]:.0f} ms" for name in ("fcp", "lcp")]
            table.add_row(
                page, *times, f"{one['cls']:.3f}", f"{one['tbt']:.0f} ms", f"{one['avant']:.0f}", f"{one['tout']:.0f}"
            )
        browser.close()
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
