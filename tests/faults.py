"""A local HTTP server on 127.0.0.1 that serves what it is told, faults included, and remembers what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

Route = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Recue:
    """A request as the server saw it; status and bytes are noted before they leave, never after the client knows."""

    chemin: str
    headers: dict[str, str]
    statut: int = 0
    octets: int = 0


@dataclass
class Serveur:
    """Routes by path, and the requests in order of arrival."""

    url: str
    routes: dict[str, Route] = field(default_factory=dict)
    demandes: list[Recue] = field(default_factory=list)

    def asked(self, chemin: str) -> list[Recue]:
        return [demande for demande in self.demandes if demande.chemin == chemin]


def send(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], corps: bytes = b"") -> None:
    handler.recue.statut = status
    handler.send_response(status)
    for nom, valeur in headers.items():
        handler.send_header(nom, valeur)
    handler.end_headers()
    for start in range(0, len(corps), 65536):
        handler.recue.octets += len(corps[start : start + 65536])
        handler.wfile.write(corps[start : start + 65536])
    handler.wfile.flush()


def good(corps: bytes, etag: str | None = '"v1"', coupe: int = 0, plafond: int = 0) -> Route:
    """A well-behaved file with validators and ranges.

    `coupe` closes the first transfer after as many bytes; `plafond` is the most that one range answers with.
    """
    state = {"coupe": coupe}

    def route(handler: BaseHTTPRequestHandler) -> None:
        headers = {"Content-Type": "text/plain"} | ({"ETag": etag} if etag else {})
        if etag and handler.headers.get("If-None-Match") == etag:
            return send(handler, 304, headers)
        plage, debut, status = handler.headers.get("Range"), 0, 200
        if plage and handler.headers.get("If-Range") == etag:
            debut, status = int(plage.removeprefix("bytes=").rstrip("-")), 206
        reste = corps[debut : debut + plafond] if plafond and debut else corps[debut:]
        if debut:
            headers["Content-Range"] = f"bytes {debut}-{debut + len(reste) - 1}/{len(corps)}"
        headers["Content-Length"] = str(len(reste))
        cut, state["coupe"] = state["coupe"], 0
        send(handler, status, headers, reste[:cut] if cut else reste)
        handler.close_connection = handler.close_connection or bool(cut)
        return None

    return route


def answer(status: int, corps: bytes = b"", **headers: str) -> Route:
    """A fixed answer; header names are written with underscores."""
    named = {nom.replace("_", "-"): valeur for nom, valeur in headers.items()}
    return lambda handler: send(handler, status, {"Content-Length": str(len(corps))} | named, corps)


def short(corps: bytes, annonce: int) -> Route:
    """Announces more bytes than it sends, then hangs up, without validators."""

    def route(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 200, {"Content-Length": str(annonce)}, corps)
        handler.close_connection = True

    return route


def endless(bloc: bytes, pause: float = 0.0, annonce: int | None = None) -> Route:
    """Blocks without end, until the client leaves."""

    def route(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 200, {"Content-Length": str(annonce)} if annonce else {"Connection": "close"})
        handler.close_connection = True
        for _ in range(5000):
            handler.wfile.write(bloc)
            handler.wfile.flush()
            time.sleep(pause)

    return route


def silent(seconds: float) -> Route:
    """Accepts the request and says nothing for a while."""

    def route(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return route


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Closes the connection without an answer."""
    handler.close_connection = True


def sequence(*routes: Route) -> Route:
    """One route a request, the last one for ever."""
    left = list(routes)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    serveur: Serveur

    def do_GET(self) -> None:
        chemin = unquote(urlsplit(self.path).path)
        self.recue = Recue(chemin, dict(self.headers))
        self.serveur.demandes.append(self.recue)
        route = self.serveur.routes.get(chemin, answer(404, b"absent"))
        try:
            route(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output for the tests."""


class _Silent(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".gz": "application/gzip"}

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output for the tests."""


@contextmanager
def serve_routes():
    """A `Serveur` whose routes the test fills."""
    kind = type("Handler", (_Handler,), {})
    with _running(kind) as url:
        kind.serveur = Serveur(url)
        yield kind.serveur


@contextmanager
def serve_folder(folder: Path):
    """URL of a plain static server of a folder, with index pages."""
    with _running(partial(_Silent, directory=str(folder))) as url:
        yield url


@contextmanager
def _running(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
