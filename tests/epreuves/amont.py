"""An upstream that misbehaves on demand: a mirror over HTTP, in a process of its own, with a fault a path."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Revenez plus tard</body></html>"
REPARABLES = ("coupé puis repris",)  # the collection itself gets over these
SORTES = (
    "404", "410", "403", "429", "500", "502", "503", "muet", "goutte à goutte", "raccroché", "coupé au milieu",
    "coupé puis repris", "taille annoncée trop grande", "taille annoncée trop petite", "page HTML", "octets au hasard",
    "fichier vide", "type contraire", "redirection en boucle", "redirection privée", "304 jamais demandé",
    "compression imposée", "fichier d'une autre source", "coupé net, sans le dire",
)  # fmt: skip


class Amont:
    """The running upstream, told what to serve by requests of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def serve(self, chemin: str, fichier: Path | None = None, faute: str = "", graine: int = 0) -> None:
        """From now on, serve this file at this path (None: the mirror's own), through this fault."""
        order = {"chemin": chemin, "fichier": str(fichier) if fichier else None, "faute": faute, "graine": graine}
        request = urllib.request.Request(f"{self.url}/_ordre", json.dumps(order).encode(), method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(request, timeout=10).read()


@contextmanager
def misbehaving(dossier: Path) -> Iterator[Amont]:
    """Serve a mirror folder on 127.0.0.1."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(dossier, theirs), daemon=True)
    process.start()
    try:
        yield Amont(f"http://127.0.0.1:{ours.recv()}")
    finally:
        process.kill()
        process.join()


def _serve(dossier: Path, pipe) -> None:
    handler = partial(_Handler, directory=str(dossier))
    server = _Server(("127.0.0.1", 0), handler)
    pipe.send(server.server_port)
    server.serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """A client that leaves in anger is what the faults are about."""


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ordres: ClassVar[dict[str, dict]] = {}
    coupes: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.ordres[order["chemin"]] = order
        self.coupes.discard(order["chemin"])
        self._answer(200, b"{}")

    def do_GET(self) -> None:
        order = self.ordres.get(unquote(urlsplit(self.path).path))
        if order is None:
            super().do_GET()
            return
        try:
            self._misbehave(order)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _misbehave(self, order: dict) -> None:
        path = Path(order["fichier"] or f"{self.directory}{order['chemin']}")
        corps, faute, draw = path.read_bytes(), order["faute"], random.Random(order["graine"])
        etag = f'"{path.stat().st_size:x}-{path.stat().st_mtime_ns:x}"'
        if not faute and self.headers.get("If-None-Match") == etag:
            self._answer(304, b"", ETag=etag)
        elif not faute or faute == "coupé puis repris":
            self._serve_ranges(order, corps, etag, draw)
        elif faute.isdigit():
            self._answer(int(faute), b"panne", **({"Retry-After": "0"} if faute in ("429", "503") else {}))
        else:
            self._lie(faute, corps, draw)

    def _serve_ranges(self, order: dict, corps: bytes, etag: str, draw: random.Random) -> None:
        start = 0
        plage = self.headers.get("Range", "")
        if plage and self.headers.get("If-Range") == etag:
            start = min(int(plage.removeprefix("bytes=").rstrip("-")), len(corps))
        rest = corps[start:]
        cut = len(rest)
        if order["faute"] and order["chemin"] not in self.coupes:
            self.coupes.add(order["chemin"])
            cut = draw.randrange(1, max(2, len(rest)))
            self.close_connection = True
        headers = (
            {"ETag": etag, "Content-Range": f"bytes {start}-{len(corps) - 1}/{len(corps)}"} if start else {"ETag": etag}
        )
        self._answer(206 if start else 200, rest[:cut], annonce=len(rest), **headers)

    def _lie(self, faute: str, corps: bytes, draw: random.Random) -> None:
        middle = draw.randrange(1, max(2, len(corps)))
        if faute == "muet":
            time.sleep(3)
            self.close_connection = True
        elif faute == "raccroché":
            self.close_connection = True
        elif faute == "goutte à goutte":
            self._answer(200, b"", annonce=len(corps))
            for place in range(0, len(corps), 7):
                self.wfile.write(corps[place : place + 7])
                self.wfile.flush()
                time.sleep(0.05)
        elif faute == "coupé au milieu":
            self._answer(200, corps[:middle], annonce=len(corps))
            self.close_connection = True
        elif faute == "coupé net, sans le dire":
            self._answer(200, corps[: max(1, len(corps) * 2 // 3)])
        elif faute == "taille annoncée trop grande":
            self._answer(200, corps, annonce=len(corps) + 1000)
            self.close_connection = True
        elif faute == "taille annoncée trop petite":
            self._answer(200, corps, annonce=middle)
            self.close_connection = True
        elif faute == "page HTML":
            self._answer(200, HTML, **{"Content-Type": "text/csv"})
        elif faute == "octets au hasard":
            self._answer(200, draw.randbytes(len(corps)))
        elif faute == "fichier vide":
            self._answer(200, b"")
        elif faute == "type contraire":
            self._answer(200, corps, **{"Content-Type": "application/pdf"})
        elif faute == "redirection en boucle":
            self._answer(302, b"", Location=self.path)
        elif faute == "redirection privée":
            self._answer(302, b"", Location="http://10.1.2.3/fichier.csv")
        elif faute == "304 jamais demandé":
            self._answer(304, b"")
        elif faute == "compression imposée":
            self._answer(200, corps, **{"Content-Encoding": "br"})
        elif faute == "fichier d'une autre source":
            self._answer(200, b"colonne;inconnue\n1;2\n3;4\n")
        else:
            raise AssertionError(f"faute inconnue : {faute}")

    def _answer(self, status: int, corps: bytes, annonce: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for nom, valeur in headers.items():
            self.send_header(nom, valeur)
        if status != 304:
            self.send_header("Content-Length", str(len(corps) if annonce is None else annonce))
        self.end_headers()
        self.wfile.write(corps)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the campaign tells what it does."""


def place_of(source: str, millesime: str, fichier: str) -> str:
    """Path of a file in a mirror, as the server sees it."""
    return "/" + "/".join((source, millesime, fichier))
