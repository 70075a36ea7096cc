"""Transport: which addresses are reached, to which one the connection is pinned, and a folder as a server."""

from __future__ import annotations

import httpx
import pytest

from pilotage.answers import redirected
from pilotage.demande import Demande
from pilotage.errors import ErreurTelechargement
from pilotage.transport import AdresseInterdite, ReseauGarde, TransportGarde, folder_url, is_public, open_client
from tests import faults


@pytest.mark.parametrize(
    "adresse",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "2001:db8::1", "198.18.0.1",
        "::7f00:1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "5f00::1", "100::1", "240.0.0.1",
        "192.0.0.8", "192.88.99.1", "2001:0:7f00:1::", "64:ff9b::7f00:1", "::ffff:169.254.169.254",
    ],
)  # fmt: skip
def test_address_is_not_public(adresse):
    assert not is_public(adresse)


@pytest.mark.parametrize("adresse", ["37.187.0.1", "2001:41d0::1", "::ffff:37.187.0.1", "64:ff9b::25bb:1"])
def test_address_is_public(adresse):
    assert is_public(adresse)


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    asked = []

    def resolution(hote, port):
        asked.append(hote)
        return ["37.187.0.1", "10.0.0.1"]

    transport = TransportGarde(ReseauGarde(resolution=resolution))
    with httpx.Client(transport=transport) as client, pytest.raises(AdresseInterdite) as caught:
        client.get("http://donnees.exemple.fr/f.csv")
    assert caught.value.args == ("donnees.exemple.fr", "10.0.0.1") and asked == ["donnees.exemple.fr"]


def test_connection_goes_to_the_address_that_was_checked_and_to_no_second_answer():
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with faults.serve_routes() as serveur:
        serveur.routes["/f"] = faults.good(b"bon")
        port = int(serveur.url.rpartition(":")[2])
        reseau = ReseauGarde(frozenset({("miroir.exemple", port)}), lambda hote, port: next(answers))
        with httpx.Client(transport=TransportGarde(reseau)) as client:
            assert client.get(f"http://miroir.exemple:{port}/f").content == b"bon"
            assert client.get(f"http://miroir.exemple:{port}/f").content == b"bon", (
                "same connection, no second question"
            )
        assert serveur.demandes[0].headers["Host"] == f"miroir.exemple:{port}"
    assert next(answers) == ["10.0.0.1"]


def test_named_mirror_opens_its_own_port_only():
    with (
        faults.serve_routes() as nomme,
        faults.serve_routes() as voisin,
        open_client(nomme.url) as client,
    ):
        assert client.get(nomme.url + "/x").status_code == 404
        with pytest.raises(AdresseInterdite):
            client.get(voisin.url + "/x")
    assert voisin.demandes == []


def test_proxies_of_the_environment_do_not_bypass_the_guard(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with open_client(None) as client, pytest.raises(AdresseInterdite):
        client.get("http://127.0.0.1:8/x")


@pytest.mark.parametrize(
    "hote",
    ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "①②⑦.⓪.⓪.①", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_this_machine_is_refused_however_its_address_is_written(hote):
    """The system reads them all; what is judged is what it read. Some forms are not even an address for httpx."""
    with open_client(None) as client, pytest.raises((AdresseInterdite, httpx.ConnectError, httpx.InvalidURL)):
        client.get(f"http://{hote}:8/x")


@pytest.mark.parametrize("port", [22, 25, 5432, 8080])
def test_another_port_of_the_named_host_is_not_named(port):
    reseau = ReseauGarde(frozenset({("miroir.exemple", 443)}), lambda hote, port: ["10.0.0.1"])
    with httpx.Client(transport=TransportGarde(reseau)) as client, pytest.raises(AdresseInterdite):
        client.get(f"http://miroir.exemple:{port}/x")


def test_passwords_of_a_netrc_file_are_not_sent(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login moi password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with faults.serve_routes() as serveur, open_client(serveur.url) as client:
        client.get(serveur.url + "/x")
        assert "Authorization" not in serveur.demandes[0].headers


@pytest.mark.parametrize("schema", ["gopher", "ftp", "dict", "ldap", "data", "jar", "javascript"])
def test_only_http_is_spoken(schema):
    demande = Demande("a__b", "2026", "f.csv", "https://exemple.fr/f.csv")
    with pytest.raises(ErreurTelechargement, match="protocole refusé"):
        redirected(demande, httpx.URL("https://exemple.fr/f.csv"), f"{schema}://127.0.0.1/x")


@pytest.fixture
def dossier(tmp_path):
    (tmp_path / "miroir").mkdir()
    (tmp_path / "miroir" / "é #1.csv").write_bytes(b"0123456789")
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "miroir"


def test_folder_answers_like_a_server(dossier):
    with open_client(str(dossier)) as client:
        url = folder_url(dossier / "é #1.csv")
        whole = client.get(url)
        assert (whole.status_code, whole.content) == (200, b"0123456789")
        etag = whole.headers["ETag"]
        assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
        part = client.get(url, headers={"Range": "bytes=4-", "If-Range": etag})
        assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"456789", "bytes 4-9/10")
        assert client.get(url, headers={"Range": "bytes=4-", "If-Range": '"autre"'}).status_code == 200
        assert client.get(folder_url(dossier / "absent")).status_code == 404
        assert client.get(folder_url(dossier)).status_code == 403


@pytest.mark.parametrize("chemin", ["/../secret", "/%2e%2e/secret", "/sous/%2e%2e/%2e%2e/secret"])
def test_folder_keeps_requests_below_itself(dossier, chemin):
    with open_client(str(dossier)) as client:
        assert client.get(folder_url(dossier) + chemin).status_code == 403


def test_changed_file_has_another_etag(dossier):
    with open_client(str(dossier)) as client:
        url = folder_url(dossier / "é #1.csv")
        before = client.get(url).headers["ETag"]
        (dossier / "é #1.csv").write_bytes(b"9876543210")
        assert client.get(url).headers["ETag"] != before
