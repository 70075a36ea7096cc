"""Every dashboard opened in a real Chromium, until all its charts are drawn; anything wrong is said, with its place."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from bi.declaration import Tableau
from bi.serveur import UTILISATEUR
from pilotage.errors import ErreurConfiguration

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--lang=fr-FR"),
]
LARGEUR, HAUTEUR = 1600, 1000
ATTENTE_MS = 120_000
# A chart is ready when its container shows a drawing and no spinner; Superset marks an error with an alert.
GRAPHIQUES = "[class*=dashboard-chart-id-]"
PRETS = f"""() => {{
  const holders = [...document.querySelectorAll("{GRAPHIQUES}")];
  return holders.length >= %d && !document.querySelector("[data-test=loading-indicator], .loading")
    && holders.every(h => h.querySelector("[role=alert], .ant-empty")
      || h.querySelector(":is(canvas, svg, table, .header-line):is(.slice_container *)"));
}}"""
ERREURS = "[role=alert], .ant-alert-error, .missing-chart-container"
VIDES = ".ant-empty, .empty-state"


@dataclass
class Photographie:
    """A dashboard as it was drawn."""

    tableau: str
    image: Path
    nb_graphiques: int
    chiffres: dict[str, str] = field(default_factory=dict)
    vides: list[str] = field(default_factory=list)
    erreurs: list[str] = field(default_factory=list)
    appels_exterieurs: list[str] = field(default_factory=list)


def photograph(
    address: str, password: str, tableaux: list[Tableau], folder: Path, choices: dict[str, str] | None = None
) -> list[Photographie]:
    """Log in, open every dashboard, save its picture.

    Args:
        choices: value chosen in a filter, by the filter's name.

    Returns:
        One account a dashboard: the big numbers, charts that show an error or nothing, what the console said, calls to
        the outside.

    Raises:
        ErreurConfiguration: Chromium or Playwright is absent.
    """
    path = shutil.which("chromium")
    if path is None:
        raise ErreurConfiguration("Chromium est absent", attendu="chromium", conseil="`make navigateur`")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise ErreurConfiguration("Playwright est absent", conseil="`make installer-dev`") from error
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        try:
            context = _log_in(browser, address, password)
            return [_open(context.new_page(), address, tableau, folder, choices or {}) for tableau in tableaux]
        finally:
            browser.close()


def _log_in(browser: Browser, address: str, password: str) -> BrowserContext:
    context = browser.new_context(viewport={"width": LARGEUR, "height": HAUTEUR}, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{address}/login/")
    page.fill("input[name=username], #username", UTILISATEUR)
    page.fill("input[name=password], #password", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url, timeout=ATTENTE_MS)
    page.close()
    return context


def _open(page: Page, address: str, tableau: Tableau, folder: Path, choices: dict[str, str]) -> Photographie:
    from playwright.sync_api import TimeoutError as Attente

    report = Photographie(tableau.code, folder / f"{tableau.code}.png", len(tableau.graphiques))
    page.on("console", lambda m: report.erreurs.append(f"console : {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda e: report.erreurs.append(f"page : {e}"))
    page.on("request", lambda r: _note_request(report, r.url, address))
    page.goto(f"{address}/superset/dashboard/{tableau.code}/{_query(tableau, choices)}")
    try:
        page.wait_for_selector(GRAPHIQUES, timeout=ATTENTE_MS)
        _stretch(page)
        page.wait_for_function(PRETS % len(tableau.graphiques), timeout=ATTENTE_MS, polling=250)
    except Attente:
        report.erreurs.append(f"les graphiques ne sont pas tous dessinés après {ATTENTE_MS // 1000} s")
    page.wait_for_timeout(1200)  # ECharts animates its bars
    report.erreurs += [text.strip()[:300] for text in page.locator(ERREURS).all_inner_texts() if text.strip()]
    report.vides = [
        holder.inner_text().splitlines()[0]
        for holder in page.locator(GRAPHIQUES).all()
        if holder.locator(VIDES).count()
    ]
    report.chiffres = _numbers(page)
    page.screenshot(path=report.image)
    page.close()
    return report


def _query(tableau: Tableau, choices: dict[str, str]) -> str:
    """The part of an address that sets filters, in Superset's own notation (Rison)."""
    columns = {filtre.nom: filtre.colonne for filtre in tableau.filtres}
    parts = []
    for name, value in choices.items():
        if name in columns:
            quoted = "'" + value.replace("!", "!!").replace("'", "!'") + "'"
            state = f"filterState:(label:{quoted},value:!({quoted}))"
            wanted = f"extraFormData:(filters:!((col:{columns[name]},op:IN,val:!({quoted}))))"
            parts.append(f"NATIVE_FILTER-{name}:({wanted},{state},id:NATIVE_FILTER-{name},ownState:())")
    return f"?native_filters={quote('(' + ','.join(parts) + ')')}" if parts else ""


def _numbers(page: Page) -> dict[str, str]:
    """Big numbers by title."""
    found = {}
    for holder in page.locator(GRAPHIQUES).all():
        if holder.locator(".header-line").count():
            title = holder.locator("[data-test=editable-title], .header-title").first.inner_text()
            found[title.strip()] = holder.locator(".header-line").first.inner_text().strip()
    return found


def _stretch(page: Page) -> None:
    """Make the window as high as the dashboard: what is not seen is not drawn."""
    page.wait_for_timeout(300)
    bottom = page.evaluate("document.querySelector('.grid-container').getBoundingClientRect().bottom")
    page.set_viewport_size({"width": LARGEUR, "height": min(max(int(bottom), HAUTEUR), 6000)})


def _note_request(report: Photographie, url: str, address: str) -> None:
    if not url.startswith((address, "data:", "blob:")):
        report.appels_exterieurs.append(url)
