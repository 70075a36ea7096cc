"""What can be run of several machines without an engine, with their own settings: Redis, nginx, the store."""

from __future__ import annotations

import re
import runpy
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pilotage.config import RACINE
from tests.compose_lu import read_service

DOCKER = RACINE / "docker"
MACHINES = DOCKER / "machines.yaml"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """The secrets of several machines, drawn for good."""
    if not shutil.which("openssl"):
        pytest.skip("openssl absent")
    folder = tmp_path_factory.mktemp("secrets")
    subprocess.run([DOCKER / "creer_secrets_machines.sh", folder], check=True, capture_output=True)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: list[str], ready, **options):
    """A server while it is needed, once `ready` no longer raises OSError."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    try:
        limit = time.monotonic() + 60
        while True:
            try:
                ready()
                break
            except (OSError, redis.exceptions.ConnectionError):
                assert process.poll() is None, process.stdout.read()
                assert time.monotonic() < limit
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def queue(secrets, tmp_path_factory):
    """Redis as the Compose file starts it; gives a way to connect to it as one of its users."""
    if not shutil.which("redis-server"):
        pytest.skip("redis-server absent (paquet Debian redis-server)")
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    command = read_service(MACHINES, "redis")["command"]
    command = [word.replace("/run/secrets", str(secrets)) for word in command]
    command[command.index("--tls-port") + 1] = str(port)
    command[command.index("--dir") + 1] = str(folder)

    def connect(user: str | None = None, password: str | None = None, **options) -> redis.Redis:
        options = {"retry": Retry(NoBackoff(), 0), "ssl": True, "ssl_ca_certs": str(secrets / "postgres_ca"), **options}
        return redis.Redis("localhost", port, username=user, password=password, **options)

    with running(command, lambda: connect("sante", "sante").ping()):
        yield connect


def test_redis_keeps_what_it_is_given_and_evicts_nothing(queue, secrets):
    client = queue("pilotage", (secrets / "redis_mot_de_passe").read_text())
    client.lpush("default", "une tâche")
    assert client.brpop(["default"], timeout=2)[1].decode() == "une tâche"
    memory, persistence = client.info("memory"), client.info("persistence")
    assert memory["maxmemory_policy"] == "noeviction"
    assert memory["maxmemory"] == 384 * 1024**2
    assert persistence["aof_enabled"] == 1


def test_redis_opens_to_nobody_else(queue, secrets):
    with pytest.raises(redis.exceptions.AuthenticationError):
        queue().ping()
    with pytest.raises(redis.exceptions.AuthenticationError):
        queue("pilotage", "faux").ping()
    with pytest.raises(redis.exceptions.ConnectionError):
        queue(ssl=False, ssl_ca_certs=None).ping()
    with pytest.raises(redis.exceptions.ConnectionError, match=r"(?i)certificate"):
        queue("sante", "sante", ssl_ca_certs=None).ping()


@pytest.mark.parametrize("command", ["CONFIG GET maxmemory", "FLUSHALL", "KEYS *", "ACL LIST", "SHUTDOWN NOSAVE"])
def test_the_queue_may_not_rule_redis(queue, secrets, command):
    client = queue("pilotage", (secrets / "redis_mot_de_passe").read_text())
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command.split())


def test_dashboards_see_their_own_cache_only(queue, secrets):
    config = superset_settings(secrets)
    client = queue("superset", (secrets / "redis_bi_mot_de_passe").read_text())
    for name in ("DATA_CACHE_CONFIG", "FILTER_STATE_CACHE_CONFIG", "EXPLORE_FORM_DATA_CACHE_CONFIG"):
        key = config[name]["CACHE_KEY_PREFIX"] + "x"
        client.set(key, "1", ex=60)
        assert client.delete(key) == 1
    for refused in (
        lambda: client.get("default"),
        lambda: client.rpop("default"),
        lambda: client.publish("celeryev", ""),
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            refused()
    with pytest.raises(redis.exceptions.NoPermissionError):
        queue("sante", "sante").get("superset_x")


def superset_settings(secrets) -> dict:
    """Superset's settings of production, from the entry's own variables."""
    entree = runpy.run_path(str(DOCKER / "entree.py"))
    given = {"PILOTAGE_AUTORITE": "/run/secrets/postgres_ca", "PILOTAGE_BI_URL": "https://tableaux.exemple.fr"}
    environment = entree["environment_of"](secrets, {**given, "PILOTAGE_BI_DOSSIER": str(secrets)})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return runpy.run_path(str(DOCKER / "superset_config.py"))


def test_superset_keeps_its_tables_in_postgresql_and_its_cookies_encrypted(secrets):
    config = superset_settings(secrets)
    assert re.match(
        r"postgresql\+psycopg2://superset:[^@]+@postgres:5432/superset\?sslmode=verify-full$",
        config["SQLALCHEMY_DATABASE_URI"],
    )
    assert config["SECRET_KEY"] == (secrets / "superset_cle").read_text()
    assert config["SESSION_COOKIE_SECURE"] is config["TALISMAN_CONFIG"]["session_cookie_secure"] is True
    assert config["TALISMAN_CONFIG"]["content_security_policy"]["default-src"] == ["'self'"]  # bi/'s own still hold
    assert "ssl_cert_reqs=required" in config["DATA_CACHE_CONFIG"]["CACHE_REDIS_URL"]
    assert config["BABEL_DEFAULT_LOCALE"] == "fr"


def test_the_bucket_is_made_once(monkeypatch):
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        create_bucket = runpy.run_path(str(DOCKER / "creer_seau.py"))["create_bucket"]
        assert create_bucket("s3://pilotage/prefixe") is True
        assert create_bucket("s3://pilotage/prefixe") is False
    finally:
        server.stop()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """nginx with docker/nginx.conf, its two folders filled."""
    if not shutil.which("nginx"):
        pytest.skip("nginx absent (paquet Debian nginx)")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    (folder / "exports" / "20261128").mkdir(parents=True)
    (folder / "exports" / "20261128" / "t.parquet").write_bytes(bytes(range(256)) * 40)
    (folder / "exports" / "derniere").symlink_to("20261128")
    (folder / "exports" / "secret.txt").write_text("non publié")
    (folder / "publication" / "site").mkdir(parents=True)
    (folder / "publication" / "site" / "index.html").write_text("<p>Territoires</p>" * 200)
    folder.chmod(0o755)
    for parent in folder.parents:
        if parent.name.startswith("pytest"):
            parent.chmod(0o755)
    server = (DOCKER / "nginx.conf").read_text(encoding="utf-8")
    server = server.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("/srv/", f"{folder}/")
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    http = f"http {{ access_log off; {temporary} {server} }}"
    main = f"daemon off; pid {folder}/pid; error_log {folder}/erreurs; events {{}} {http}"
    (folder / "nginx.conf").write_text(main, encoding="utf-8")
    address = f"http://127.0.0.1:{port}"
    with running(
        ["nginx", "-e", str(folder / "erreurs"), "-c", str(folder / "nginx.conf")], lambda: urlopen(f"{address}/sante")
    ):
        yield address


def test_nginx_serves_ranges_and_the_site_and_nothing_else(pages):
    with urlopen(f"{pages}/sante") as answer:
        assert answer.status == 204
    with urlopen(Request(f"{pages}/donnees/t.parquet", headers={"Range": "bytes=-8"})) as answer:
        assert answer.status == 206
        assert answer.read() == bytes(range(248, 256))
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"
    with urlopen(Request(f"{pages}/", headers={"Accept-Encoding": "gzip"})) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "nginx/" not in answer.headers["Server"]
    for path in (
        "/donnees/../secret.txt",
        "/donnees../secret.txt",
        "/donnees/%2e%2e/secret.txt",
        "/exports/secret.txt",
    ):
        with pytest.raises((HTTPError, URLError)):
            urlopen(pages + path)
