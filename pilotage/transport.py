"""HTTP client of the collection: checked and pinned addresses, and a folder answered as if it were a server.

A name is resolved once, when the connection opens; every address it gives must be public, and the connection goes to
one of these very addresses, so that a second answer of the DNS cannot lead elsewhere. Only the mirror that the user
named himself may live at a private address.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

import httpcore
import httpx

AGENT = "Pilotage (collecte de donnees publiques)"
BLOC = 1 << 20
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Beyond what `is_global` knows: all that carries an IPv4 or was private is outside 2000::/3 (RFC 4291, 8215, 9602).
MONDIALES = ipaddress.ip_network("2000::/3")
SPECIALES = tuple(ipaddress.ip_network(n) for n in ("192.0.0.0/24", "192.88.99.0/24"))
Resolution = Callable[[str, int], list[str]]
Hote = tuple[str, int]


class AdresseInterdite(Exception):
    """A host leads to an address that is not public; `args` = (host, address)."""


def resolve(hote: str, port: int) -> list[str]:
    """Every address that the system gives for a host, in its order of preference."""
    return list(dict.fromkeys(info[4][0] for info in socket.getaddrinfo(hote, port, type=socket.SOCK_STREAM)))


def is_public(adresse: str) -> bool:
    """True for a globally routed unicast address; one that carries an IPv4 inside is judged by it too."""
    ip = ipaddress.ip_address(adresse.partition("%")[0])
    inner = []
    if ip.version == 6:
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        inner.append(ipaddress.ip_address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None)
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip not in MONDIALES and ip not in NAT64:
            return False
    elif any(ip in network for network in SPECIALES):
        return False
    return ip.is_global and not ip.is_multicast and all(one.is_global for one in inner if one)


class ReseauGarde(httpcore.SyncBackend):
    """Opens connections to checked addresses only; `nommes` are the (host, port) that the user named."""

    def __init__(self, nommes: frozenset[Hote] = frozenset(), resolution: Resolution = resolve) -> None:
        self.nommes = nommes
        self.resolution = resolution

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers.

        Raises:
            AdresseInterdite: one of the addresses is private, loopback, link-local or reserved.
            httpcore.ConnectError: no address, or none answers.
        """
        try:
            adresses = self.resolution(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"nom introuvable : {host}") from error
        if (host, port) not in self.nommes:
            for adresse in adresses:
                if not is_public(adresse):
                    raise AdresseInterdite(host, adresse)
        failure: Exception = httpcore.ConnectError(f"aucune adresse pour {host}")
        for adresse in adresses:
            try:
                return super().connect_tcp(adresse, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class TransportGarde(httpx.HTTPTransport):
    """httpx's transport on a guarded network; it ignores proxies of the environment."""

    def __init__(self, reseau: ReseauGarde) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=reseau)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """The system's certificates, read once a process."""
    return httpx.create_ssl_context()


class TransportDossier(httpx.BaseTransport):
    """Answers `file://` requests below one folder as an HTTP server would: validators, 304, ranges, 404.

    The ETag of a file is its size and modification time, so an unchanged file is not read again.
    """

    def __init__(self, racine: Path) -> None:
        self.racine = racine

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        chemin = Path(url2pathname(request.url.raw_path.decode("ascii")))
        if ".." in chemin.parts or not chemin.is_relative_to(self.racine):
            return httpx.Response(403)
        try:
            handle = chemin.open("rb")
        except (FileNotFoundError, NotADirectoryError):
            return httpx.Response(404)
        except (PermissionError, IsADirectoryError):
            return httpx.Response(403)
        etat = os.fstat(handle.fileno())
        if not stat.S_ISREG(etat.st_mode):
            handle.close()
            return httpx.Response(403)
        etag = f'"{etat.st_size:x}-{etat.st_mtime_ns:x}"'
        headers = {"ETag": etag, "Last-Modified": formatdate(etat.st_mtime, usegmt=True)}
        if request.headers.get("If-None-Match") == etag:
            handle.close()
            return httpx.Response(304, headers=headers)
        debut = _range_start(request, etag, etat.st_size)
        headers["Content-Length"] = str(etat.st_size - debut)
        if debut:
            headers["Content-Range"] = f"bytes {debut}-{etat.st_size - 1}/{etat.st_size}"
        return httpx.Response(206 if debut else 200, headers=headers, stream=_FluxDossier(handle, debut, etat.st_size))


class _FluxDossier(httpx.SyncByteStream):
    """Bytes of an open file, no more than it had when opened; a file that shrinks is a cut transfer."""

    def __init__(self, handle: BinaryIO, debut: int, taille: int) -> None:
        self.handle, self.reste = handle, taille - debut
        handle.seek(debut)

    def __iter__(self) -> Iterator[bytes]:
        while self.reste > 0:
            try:
                bloc = self.handle.read(min(BLOC, self.reste))
            except OSError as error:
                raise httpx.ReadError(f"lecture impossible : {error}") from error
            if not bloc:
                raise httpx.RemoteProtocolError("le fichier a raccourci pendant la lecture")
            self.reste -= len(bloc)
            yield bloc

    def close(self) -> None:
        self.handle.close()


def _range_start(request: httpx.Request, etag: str, taille: int) -> int:
    plage = request.headers.get("Range", "")
    if request.headers.get("If-Range") != etag or not plage.startswith("bytes=") or not plage.endswith("-"):
        return 0
    debut = int(plage[6:-1])
    return debut if debut < taille else 0


def is_http(miroir: str) -> bool:
    return urlsplit(miroir).scheme in ("http", "https")


def folder_url(chemin: Path) -> str:
    """A `file://` address with a host, which httpx wants of an absolute address."""
    return f"file://localhost{quote(str(chemin.resolve()))}"


def named_host(url: str) -> frozenset[Hote]:
    """The (host, port) of an address that the user named."""
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    return frozenset({(parts.hostname or "", parts.port or default)})


def open_client(
    miroir: str | None, *, connexion_s: float = 10, lecture_s: float = 30, resolution: Resolution = resolve
) -> httpx.Client:
    """A client for a mirror (folder path or http(s) URL), or for the Internet when `miroir` is None."""
    if miroir is not None and not is_http(miroir):
        transport: httpx.BaseTransport = TransportDossier(Path(miroir).resolve())
    else:
        transport = TransportGarde(ReseauGarde(named_host(miroir) if miroir else frozenset(), resolution))
    return httpx.Client(
        transport=transport,
        timeout=httpx.Timeout(lecture_s, connect=connexion_s),
        headers={"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
    )
