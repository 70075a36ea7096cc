"""The planner's site in a real Chromium, from files alone: search, map, what-if, print, keyboard, phone, axe."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotage.config import RACINE
from pilotage.site.pages import page_path
from pilotage.site.recherche import fold, prefixes
from tests.maison import Maison

pytestmark = pytest.mark.lent
CHROMIUM = shutil.which("chromium")
AXE = RACINE / "site" / "node_modules" / "axe-core" / "axe.min.js"
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
POIDS_MAXIMUM = 300_000


@pytest.fixture(scope="module")
def site(maison: Maison) -> Path:
    assert maison.sorties[0].returncode == 0, maison.sorties[0].stderr[-2000:]
    return maison.home / "publication" / "site"


@pytest.fixture(scope="module")
def navigateur() -> Iterator:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


class Visite:
    """A page with what it said, asked for and failed at."""

    def __init__(self, navigateur, site: Path, width: int = 1200) -> None:
        self.site, self.errors, self.requests = site, [], []
        self.page = navigateur.new_context(viewport={"width": width, "height": 900}, accept_downloads=True).new_page()
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))

    def open(self, path: str, wait: bool = True):
        self.page.goto(f"{self.site.as_uri()}/{path}")
        if wait:
            self.page.wait_for_selector("body[data-pret]", timeout=30_000)
        return self.page


@pytest.fixture
def visite(navigateur, site: Path) -> Iterator[Visite]:
    visit = Visite(navigateur, site)
    yield visit
    visit.page.context.close()
    assert visit.errors == [], "the console stays silent"
    assert all(url.startswith(("file:", "data:", "blob:")) for url in visit.requests), "nothing is asked from outside"


@pytest.fixture(scope="module")
def chosen(maison: Maison) -> dict[str, str]:
    """A territory of each level: the one of most people that the frontier of France Services knows, where there is."""
    rows = maison.query(
        "SELECT DISTINCT ON (t.niveau) t.niveau, t.code_territoire FROM commun.dim_territoires AS t LEFT JOIN "
        "recommandation.frontieres AS f ON f.cle_territoire = t.cle_territoire AND f.service = 'france_services' "
        "AND f.rang = 2 ORDER BY t.niveau, f.rang NULLS LAST, t.population DESC NULLS LAST, t.cle_territoire"
    )
    return {niveau: page_path(niveau, code) for niveau, code in rows}


def test_every_territory_has_its_page(site: Path, maison: Maison) -> None:
    expected = {page_path(*row) for row in maison.query("SELECT niveau, code_territoire FROM commun.dim_territoires")}
    written = {path.relative_to(site).as_posix() for path in (site / "t").rglob("*.html")}
    assert written == expected
    ((name, code),) = maison.query(
        "SELECT nom_territoire, code_territoire FROM commun.dim_territoires WHERE niveau = 'epci' ORDER BY 2 LIMIT 1"
    )
    text = (site / page_path("epci", code)).read_text(encoding="utf-8")
    assert "Données simulées" in text and f"code {code}" in text
    assert name.split("'")[0] in text


def test_the_same_generation_gives_the_same_bytes(site: Path, maison: Maison) -> None:
    def sums() -> dict[str, str]:
        files = (path for path in site.rglob("*") if path.is_file())
        return {path.relative_to(site).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = sums()
    done = maison.run("site")
    assert done.returncode == 0, done.stderr
    assert sums() == before


def test_a_page_is_light_before_its_map(site: Path) -> None:
    page = max((site / "t" / "commune").rglob("*.html"), key=lambda path: path.stat().st_size)
    home = sum((site / name).stat().st_size for name in ("index.html", "style.css", "accueil.js"))
    shared = sum((site / name).stat().st_size for name in ("style.css", "commun.js", "territoire.js"))
    assert home <= POIDS_MAXIMUM
    assert shared + page.stat().st_size <= POIDS_MAXIMUM


def test_data_inside_a_page_cannot_close_its_script(site: Path) -> None:
    page = next((site / "t" / "commune").rglob("*.html")).read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="donnees">(.*?)</script>', page, re.S).group(1)
    assert "<" not in data
    assert json.loads(data)["cle"].startswith("commune:")


def test_names_are_found_by_any_of_their_words() -> None:
    assert prefixes(["Saint-Étienne-du-Rouvray", "76575"]) == {"sa", "et", "ro", "76"}
    assert fold("Œuilly-l'Évêque") == "oeuilly-l'eveque"


def test_search_leads_to_a_territory_by_keyboard(visite: Visite, maison: Maison) -> None:
    ((name, code),) = maison.query(
        "SELECT nom_territoire, code_territoire FROM commun.dim_territoires WHERE niveau = 'commune' "
        "ORDER BY population DESC NULLS LAST LIMIT 1"
    )
    page = visite.open("index.html", wait=False)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    page.get_by_role("combobox", name="Chercher un territoire").fill(fold(name).upper())
    page.locator("#propositions li").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#recherche", "aria-activedescendant") == "option-0"
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/**")
    page.wait_for_selector("body[data-pret]")
    assert page.inner_text("h1") == name
    page.fill("#recherche", "zzzqq")
    page.wait_for_selector("#etat-recherche:not(.cache)")
    assert page.inner_text("#etat-recherche") == "Aucun territoire de ce nom"
    page.fill("#recherche", code)
    page.locator("#propositions li", has_text=name).first.wait_for()


def test_each_figure_has_its_date_and_its_source(visite: Visite, chosen: dict[str, str], maison: Maison) -> None:
    page = visite.open(chosen["epci"])
    rows = page.locator("table.indicateurs tbody tr")
    assert rows.count() > 20
    for cell in rows.locator("td:last-child").all_inner_texts():
        assert re.match(r"\d{1,2}(er)? \w+ \d{4} \S+", cell), cell
    cle = f"epci:{Path(chosen['epci']).stem}"
    ((label, value),) = maison.query(
        "SELECT i.libelle, c.valeur FROM synthese.comparaisons AS c JOIN commun.dim_indicateurs AS i "
        f"USING (code_indicateur) WHERE c.cle_territoire = '{cle}' AND code_indicateur = 'france_services_20_min'"
    )
    row = page.locator("table.indicateurs tbody tr").filter(has_text=label).first
    shown = row.locator("td").first.inner_text().split(" %")[0].replace("\u202f", "").replace(",", ".")
    assert float(shown) == pytest.approx(value, rel=0.005, abs=0.05)


def test_map_shows_each_commune_and_hatches_what_is_missing(visite: Visite, chosen: dict[str, str], site: Path) -> None:
    page = visite.open(chosen["departement"])
    dep = Path(chosen["departement"]).stem
    contours = json.loads((site / "cartes" / f"contours_{dep}.js").read_text().split("] = ", 1)[1].rstrip(";\n"))
    shapes = page.locator(".carte g[data-marque='geo'] path")
    assert shapes.count() == len(contours["features"])
    values = (site / "cartes" / f"valeurs_{dep}.js").read_text(encoding="utf-8")
    known = json.loads(values.split("] = ", 1)[1].rstrip(";\n"))
    least = min(known, key=lambda code: len(known[code]))
    page.select_option("#indicateur-carte", least)
    page.wait_for_function(
        "([n]) => [...document.querySelectorAll(\".carte g[data-marque='geo'] path\")]"
        ".filter(p => p.getAttribute('fill') === 'url(#hachures)').length === n",
        arg=[sum(1 for f in contours["features"] if f["id"] not in known[least])],
    )
    page.get_by_text("Les valeurs de la carte en tableau").click()
    assert page.locator("#carte table").first.locator("tbody tr").count() == len(contours["features"])


def test_budget_slider_walks_the_frontier(visite: Visite, chosen: dict[str, str], maison: Maison) -> None:
    page = visite.open(chosen["france"])
    page.select_option("#service-budget", "france_services")
    frontier = maison.query(
        "SELECT population_couverte, population_gagnee FROM recommandation.frontieres WHERE service = "
        "'france_services' AND cle_territoire = 'france:FR' ORDER BY rang"
    )
    assert page.get_attribute("#budget", "max") == str(len(frontier))
    page.focus("#budget")
    page.keyboard.press("Home")
    people = page.inner_text("#resultat-budget strong").replace("\u202f", "")
    assert int(re.match(r"\d+", people).group()) == frontier[0][0] - frontier[0][1]
    page.keyboard.press("ArrowRight")
    assert (
        int(re.match(r"\d+", page.inner_text("#resultat-budget strong").replace("\u202f", "")).group())
        == (frontier[0][0])
    )
    assert page.locator("#resultat-budget li").count() == 1


def test_closing_says_who_would_be_far(visite: Visite, chosen: dict[str, str], maison: Maison) -> None:
    page = visite.open(chosen["departement"])
    page.select_option("#service-ferme", "france_services")
    place = page.input_value("#lieu-ferme")
    ((far,),) = maison.query(
        "SELECT population_au_dela FROM recommandation.fermetures WHERE service = 'france_services' "
        f"AND id_offre = '{place}'"
    )
    told = page.inner_text("#resultat-fermeture strong").replace("\u202f", "")
    assert told.startswith(f"{far} habitant" if far else "Personne")


def test_a_commune_reads_its_recommendations(visite: Visite, chosen: dict[str, str], maison: Maison) -> None:
    page = visite.open(chosen["commune"])
    code = Path(chosen["commune"]).stem
    rows = maison.query(
        "SELECT s.libelle, d.raisons[1] FROM recommandation.decisions AS d "
        f"JOIN commun.dim_services AS s USING (service) WHERE code_commune = '{code}' ORDER BY s.ordre"
    )
    assert page.locator(".decision h3").all_inner_texts() == [label for label, _ in rows]
    assert page.locator(".decision").first.locator("li").first.inner_text() == rows[0][1]


def test_a_territory_shows_its_own_plan_and_its_own_perimeter(visite: Visite, maison: Maison) -> None:
    rows = maison.query(
        "SELECT cle_territoire, intitule, pilote FROM commun.fait_actions_territoire ORDER BY date_debut, id_action"
    )
    niveau, _, code = rows[0][0].partition(":")
    page = visite.open(page_path(niveau, code))
    lines = page.locator("#plan table").first.locator("tbody tr")
    assert lines.locator("th").all_inner_texts() == [title for _, title, _ in rows]
    assert lines.locator("td:nth-child(3)").all_inner_texts() == [lead or "" for *_, lead in rows]
    for title in ("Gouvernance", "Partenaires", "Objectifs du territoire"):
        assert page.get_by_role("heading", name=title).count() == 1
    home = visite.open("index.html", wait=False)
    home.get_by_role("heading", name="Territoires définis ici").wait_for()


def test_data_behind_a_chart_can_be_taken_away(visite: Visite, chosen: dict[str, str]) -> None:
    page = visite.open(chosen["region"])
    with page.expect_download() as waiting:
        page.locator("#usages button.csv").first.click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == page.locator("#usages table.indicateurs tbody tr").count()
    assert all(row["date_donnees"] and row["source"] and row["licence"] for row in rows)


def test_prints_as_a4(visite: Visite, chosen: dict[str, str]) -> None:
    page = visite.open(chosen["epci"])
    data = page.pdf(prefer_css_page_size=True)
    boxes = {tuple(map(round, map(float, box.split()))) for box in re.findall(rb"/MediaBox\s*\[([^\]]+)\]", data)}
    assert {(w, h) for _, _, w, h in boxes} <= {(595, 842), (596, 842)}
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 25
    page.emulate_media(media="print")
    assert not page.is_visible(".recherche") and page.is_visible("h1")
    assert page.evaluate("[...document.querySelectorAll('details')].length > 0")


@pytest.mark.parametrize("width", [1200, 360])
@pytest.mark.parametrize("niveau", ["index.html", "sources.html", "methode.html", "commune", "epci", "france"])
def test_no_accessibility_violation(navigateur, site: Path, chosen: dict[str, str], niveau: str, width: int) -> None:
    visit = Visite(navigateur, site, width)
    page = visit.open(chosen.get(niveau, niveau), wait=niveau in chosen)
    page.add_script_tag(path=AXE)
    found = page.evaluate(
        "async () => (await axe.run(document, {preload: false})).violations.map(v => [v.id, v.nodes.map(n => n.html)])"
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "no sideways scrolling"
    assert visit.errors == []
    page.context.close()


def test_works_without_the_chart_library(navigateur, site: Path, chosen: dict[str, str], tmp_path: Path) -> None:
    """A file that is missing is told in place; figures stay readable."""
    for name in ("style.css", "commun.js", "territoire.js"):
        shutil.copyfile(site / name, tmp_path / name)
    (tmp_path / "t" / "region").mkdir(parents=True)
    shutil.copyfile(site / chosen["region"], tmp_path / chosen["region"])
    visit = Visite(navigateur, tmp_path)
    page = visit.open(chosen["region"], wait=False)
    page.get_by_text("Graphique indisponible").first.wait_for()
    assert page.locator("table.indicateurs tbody tr").count() > 20
    page.context.close()
