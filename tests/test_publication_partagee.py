"""What is published through the store: never what an overtaken attempt wrote, and no more than is served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pilotage.config import Settings
from pilotage.export_pointeur import latest_export
from pilotage.magasin import Magasin, get_magasin
from pilotage.publication_partagee import (
    ARCHIVES,
    DERNIERE,
    SITE,
    bring_latest_export,
    bring_published,
    publish_site,
    publishing,
)
from pilotage.suivi import suivre_etape
from pilotage.verrou import ErreurVerrou
from tests.test_machines import begin_again, settings_of

NUITS = [f"g2026010{jour}t000000" for jour in range(1, 5)]


@pytest.fixture
def tete(warehouse, tmp_path) -> Settings:
    return settings_of(f"file://{tmp_path}/magasin", tmp_path / "tete")


@pytest.fixture
def vitrine(tete, tmp_path) -> Settings:
    return settings_of(tete.magasin, tmp_path / "vitrine")


def write_site(settings: Settings, words: str) -> None:
    page = settings.publication / "site" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(words)


def stored(settings: Settings) -> list[str]:
    return sorted(get_magasin(settings).sizes(ARCHIVES))


def test_an_overtaken_attempt_leaves_the_served_site_as_it_is(tete, vitrine):
    """Both write the same generation: the second one's bytes must not take the place of those that were told."""
    with suivre_etape("n", "site", "essai"), publishing(tete, "site") as verrou:
        write_site(tete, "le bon")
        publish_site(tete, NUITS[0], verrou)
        served = stored(tete)
        begin_again("site", "essai")
        write_site(tete, "le périmé")
        with pytest.raises(ErreurVerrou, match="périmé"):
            publish_site(tete, NUITS[0], verrou)
    assert stored(tete) == served and len(served) == 1
    assert bring_published(vitrine) == {"site": NUITS[0]}
    assert (vitrine.publication / "site" / "index.html").read_text() == "le bon"
    assert list((tete.home / ARCHIVES).iterdir()) == list((vitrine.home / ARCHIVES).iterdir()) == []


def test_archives_that_nobody_tells_are_dropped_and_those_of_others_kept(tete):
    magasin = get_magasin(tete)
    former = "publication/site-g20251231t000000.tar"  # as former versions named it
    for name in (former, f"{ARCHIVES}/site-{NUITS[0]}-0123456789ab.tar", f"{ARCHIVES}/data_docs-{NUITS[0]}-0a.tar"):
        magasin.write(name, "x")
    magasin.write(SITE, json.dumps({"generation": "g20251231t000000", "archive": former, "sha256": "0"}))
    with publishing(tete, "site") as verrou:
        write_site(tete, "neuf")
        publish_site(tete, NUITS[1], verrou)
    site = json.loads(magasin.read(SITE))["archive"]
    assert stored(tete) == [f"{ARCHIVES}/data_docs-{NUITS[0]}-0a.tar", site]
    assert magasin.size(former) is None


def test_the_serving_machine_keeps_the_present_export_and_the_former_one(tete, vitrine):
    magasin = get_magasin(tete)
    assert isinstance(magasin, Magasin)
    for name in NUITS:
        folder: Path = tete.exports / name
        folder.mkdir(parents=True)
        (folder / "SHA256SUMS").write_text(name)
        magasin.push_tree(folder)
        magasin.write(DERNIERE, json.dumps({"generation": name}))
        bring_latest_export(vitrine)
        bring_latest_export(vitrine)  # every minute
    assert latest_export(vitrine.exports).name == NUITS[-1]
    assert sorted(path.name for path in vitrine.exports.glob("g*")) == NUITS[-2:]
