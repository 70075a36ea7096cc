"""Times that are given: read with care, asked of a road engine, and used where they say something."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import numpy as np
import pandas as pd
import pytest

from models_ml.contexte import Contexte
from models_ml.distancier import METHODE, Distancier, read_distancier
from models_ml.offre import compute_acces
from models_ml.osrm import ask_table, build_distancier
from models_ml.sensibilite import DETOURS, VITESSES, people_beyond
from models_ml.services import load_service
from pilotage.errors import ErreurRecommandation
from tests.territoire_fictif import build_donnees
from tests.test_models_ml_proprietes import assemble

FS = load_service("france_services")


def with_times(base, frame):
    parts = ("communes", "sites", "lieux", "populations", "offre")
    given = pd.DataFrame(frame, columns=["code_origine", "code_destination", "minutes"])
    return type(base).assemble(
        generation="g", est_simulee=True, distancier=given, **{name: getattr(base, name) for name in parts}
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("code_origine,minutes\n", ("ligne 1", "code_destination", "colonne absente")),
        ("code_origine;code_destination;minutes\n01001;1002;3\n", ("ligne 2", "1002", "cinq caractères")),
        ("code_origine,code_destination,minutes\n01001,01002,3\n01001,01003,\n", ("ligne 3", "minutes")),
        ("code_origine,code_destination,minutes\n01001,01002,-3\n", ("ligne 2", "durée")),
        ("code_origine,code_destination,minutes\n01001,01002,3\n01001,01002,4\n", ("ligne 3", "en double")),
    ],
)
def test_a_wrong_file_names_its_line(tmp_path, text, words):
    path = tmp_path / "d.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ErreurRecommandation) as caught:
        read_distancier(path)
    for word in ("d.csv", *words):
        assert word in str(caught.value)


def test_a_french_file_is_read(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("code_origine;code_destination;minutes;metres\n01001;01002;12,5;9000\n", encoding="utf-8-sig")
    assert read_distancier(path).to_numpy().tolist() == [["01001", "01002", 12.5]]
    with pytest.raises(ErreurRecommandation, match="illisible"):
        read_distancier(tmp_path / "rien.csv")


def test_given_times_replace_estimates_both_ways_and_only_there():
    base = build_donnees(n=120, sites=6)
    plain = compute_acces(base, FS, Contexte.of_places(base))
    at = int(np.flatnonzero((plain.tableau.site_sur_place == 0) & (plain.temps < 30))[0])
    site = plain.tableau.site[at]
    here, there = base.communes.code_commune[at], base.sites_of("france_services").code_commune[site]
    for pair in ((here, there), (there, here)):
        given = with_times(base, [(*pair, 1.5)])
        found = compute_acces(given, FS, Contexte.of_places(given))
        assert found.temps[at] == 1.5 and found.tableau.methode[at] == METHODE
        others = np.arange(120) != at
        assert np.array_equal(found.temps[others], plain.temps[others], equal_nan=True)
    given = with_times(base, [(here, there, 900.0)])
    assert compute_acces(given, FS, Contexte.of_places(given)).temps[at] > plain.temps[at]
    assert given.empreinte != base.empreinte


def test_an_unknown_commune_is_left_out():
    base = build_donnees(n=30, sites=3)
    given = pd.DataFrame({"code_origine": ["99999"], "code_destination": ["10001"], "minutes": [3.0]})
    table = Distancier.build(given, base.commune_index, 30)
    assert np.isnan(table.look_up(np.array([0]), np.array([1]))).all()
    assert assemble(base).distancier.empty


class Osrm(BaseHTTPRequestHandler):
    """A stand-in that answers as OSRM's `table` does: seconds by Manhattan degrees; the second place has no road."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        assert path.startswith("/table/v1/driving/") and "sources=0" in query
        places = [tuple(map(float, one.split(","))) for one in path.rsplit("/", 1)[1].split(";")]
        if len(places) > 100:
            return self.answer(400, {"code": "TooBig", "message": "Too many table coordinates"})
        x, y = places[0]
        seconds = [round(36000 * (abs(a - x) + abs(b - y)), 1) for a, b in places]
        if len(seconds) > 1 and self.server.cut:
            seconds[1] = None
        return self.answer(200, {"code": "Ok", "durations": [seconds]})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def osrm():
    server = HTTPServer(("127.0.0.1", 0), Osrm)
    server.cut = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def address(server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_minutes_of_a_road_engine_become_a_distancier(osrm):
    communes = build_donnees(n=60, sites=3).communes
    inside = (communes.code_departement == "10").to_numpy()
    table = build_distancier(communes, inside, address(osrm), 12)
    assert len(table) > 60 and not table.duplicated(["code_origine", "code_destination"]).any()
    place = communes.set_index("code_commune")
    for row in table.head(20).itertuples():
        a, b = place.loc[row.code_origine], place.loc[row.code_destination]
        expected = 600 * (
            abs(round(a.latitude, 6) - round(b.latitude, 6)) + abs(round(a.longitude, 6) - round(b.longitude, 6))
        )
        assert row.minutes == pytest.approx(expected, abs=0.01)


def test_no_road_is_left_out_and_never_zero(osrm):
    osrm.cut = True
    with httpx.Client() as client:
        minutes = ask_table(client, address(osrm), np.array([[45.0, 2.0], [45.1, 2.0], [45.2, 2.0]]))
    assert np.isnan(minutes[0]) and minutes[1] == pytest.approx(120)


def test_a_refusal_or_a_silent_server_is_one_sentence(osrm):
    with httpx.Client() as client:
        with pytest.raises(ErreurRecommandation, match="Too many table coordinates"):
            ask_table(client, address(osrm), np.full((120, 2), 45.0))
        with pytest.raises(ErreurRecommandation, match="ne répond pas"):
            ask_table(client, "http://127.0.0.1:9", np.full((2, 2), 45.0))


def test_longer_roads_and_slower_cars_never_bring_anybody_nearer():
    found = people_beyond(build_donnees(n=200, sites=6), 20)
    table = np.array([[found[d, v] for v in VITESSES] for d in DETOURS])
    assert (np.diff(table, axis=0) >= 0).all() and (np.diff(table, axis=1) <= 0).all()
    assert table[0, -1] < table[-1, 0]
