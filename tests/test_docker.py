"""Production's files, without an engine: the Compose schema, the images' contents, the roles on a real server."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import stat
import subprocess
from importlib import resources

import pytest
import yaml
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from pilotage import postgres
from pilotage.config import RACINE, Settings
from pilotage.generations import SCHEMAS
from pilotage.orchestration.environnement import statsd_variables

DOCKER = RACINE / "docker"
COMPOSE = DOCKER / "compose.yaml"
COMPONENTS = ("migration", "api-server", "scheduler", "dag-processor", "triggerer")
LECTURE = ("pages", "api-lecture")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


def module_of(name: str):
    spec = importlib.util.spec_from_file_location(name, DOCKER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_compose_file_follows_the_official_schema(compose):
    from jsonschema import Draft202012Validator

    file = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    validator = Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))
    assert [f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(compose)] == []
    broken = {**compose, "services": {"x": {"image": "y", "read_onli": True}}}
    assert not validator.is_valid(broken)  # the schema does look


def test_docker_compose_itself_accepts_the_file():
    commands = [["docker", "compose"], ["docker-compose"]]
    for command in commands:
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            arguments = ["-f", str(COMPOSE), "--env-file", str(RACINE / ".env.example"), "config", "--quiet"]
            done = subprocess.run([*command, *arguments], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return
    pytest.skip("no docker compose here; the schema is checked without it")


def test_every_component_has_a_service_of_its_own(services):
    assert set(services) == {"postgres", *COMPONENTS, *LECTURE}
    starts = {name: services[name]["command"][:2] for name in COMPONENTS[1:]}
    assert starts == {name: ["airflow", name] for name in COMPONENTS[1:]}
    assert services["scheduler"]["depends_on"]["migration"] == {"condition": "service_completed_successfully"}
    assert services["migration"]["restart"] == "no"


@pytest.mark.parametrize("name", ["postgres", *COMPONENTS, *LECTURE])
def test_containers_are_hardened(services, name):
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["user"].split(":")[0] not in ("root", "0") and not service.get("privileged")
    assert not {"network_mode", "pid", "ipc", "cap_add", "devices"} & set(service)
    assert not any("docker.sock" in volume or volume.startswith("/") for volume in service.get("volumes", []))
    assert name == "migration" or (service["restart"] == "unless-stopped" and service["healthcheck"]["test"])


def test_ports_open_on_this_machine_only(services):
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(ports) == {"postgres", "api-server", *LECTURE}
    assert all(port.startswith("${PILOTAGE_ADRESSE:-127.0.0.1}:") for found in ports.values() for port in found)


def test_no_secret_stands_in_a_file_and_each_service_gets_its_own_only(compose, services):
    for path in [*DOCKER.rglob("*"), RACINE / ".env.example"]:
        if path.is_file() and path.suffix != ".pyc":
            content = path.read_text(encoding="utf-8")
            assert not re.search(r"(?i)password\s*(=|:(?!'))\s*['\"]?[a-z0-9]{6,}", content), path
            assert not re.search(r"://[^/\s:{}$]+:(?!%s@)[^@\s{}$]+@", content), path
    assert {name: set(s) for name, s in compose["secrets"].items()} == {name: {"file"} for name in compose["secrets"]}
    used = {name: set(service.get("secrets", ())) for name, service in services.items()}
    assert set().union(*used.values()) == set(compose["secrets"])
    assert {name for name, found in used.items() if "pilotage_mot_de_passe" in found} == {
        "postgres",
        "migration",
        "scheduler",
    }
    assert {name for name, found in used.items() if "postgres_cle" in found} == {"postgres"}
    assert {name for name, found in used.items() if "chargeur_mot_de_passe" in found} == {"postgres", "scheduler"}
    assert {name for name, found in used.items() if "smtp_url" in found} == {"scheduler", "dag-processor", "triggerer"}
    assert {name for name, found in used.items() if "lecteur_mot_de_passe" in found} == {"postgres"}


def test_machines_read_files_by_ranges_and_tables_as_the_reader(services):
    """No server of our own: nginx serves the site and the packages, PostgREST the visible schemas."""
    pages, api = services["pages"], services["api-lecture"]
    assert all(volume.endswith(":ro") for volume in pages["volumes"])
    assert "secrets" not in pages
    assert api["environment"]["PGRST_DB_ANON_ROLE"] == "lecteur"
    assert api["environment"]["PGRST_DB_SCHEMAS"].split(",") == list(SCHEMAS)
    assert api["environment"]["PGRST_DB_URI"] == "@/run/secrets/lecteur_adresse"
    assert set(api["secrets"]) == {"lecteur_adresse", "postgres_ca"}
    source = (DOCKER / "nginx.conf").read_text(encoding="utf-8")
    assert "autoindex" in source and "exports/derniere" in source


def test_health_checks_call_what_the_images_have(services):
    sante = module_of("sante")
    for name in COMPONENTS[1:]:
        assert services[name]["healthcheck"]["test"] == ["CMD", "python", "/app/docker/sante.py", name]
        assert name in {**sante.PAGES, **sante.JOBS}
    assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"
    environment = services["scheduler"]["environment"]
    assert environment["AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"] == "True"


def test_health_is_bad_when_nobody_answers(monkeypatch):
    sante = module_of("sante")
    monkeypatch.setitem(sante.PAGES, "api-server", "http://127.0.0.1:9/")
    assert sante.is_healthy("api-server") is False


def instructions(stage: int | None = None) -> list[list[str]]:
    """Instructions of the Dockerfile, continued lines joined; of the last stage when `stage` is -1."""
    source = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    found = [line.split(None, 1) for line in source.splitlines() if line and not line.startswith("#")]
    starts = [index for index, (word, _) in enumerate(found) if word == "FROM"]
    return found[starts[stage] :] if stage is not None else found


def test_image_is_pinned_by_tag_and_installs_hashes_from_no_index():
    given = dict(rest.split("=", 1) for word, rest in instructions() if word == "ARG")
    bases = [given[rest.split()[0].strip("${}")] for word, rest in instructions() if word == "FROM"]
    assert bases == ["node:24-bookworm-slim", *["python:3.11-slim-bookworm"] * 2]
    runs = [rest for word, rest in instructions() if word == "RUN"]
    assert any("--require-hashes --no-deps -r /construction/requirements.lock" in run for run in runs)
    assert not any(word in " ".join(runs) for word in ("--index-url", "--extra-index-url", "--trusted-host", "http"))


def test_everything_copied_exists_and_passes_the_ignore_file():
    kept = {line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            for source in [part for part in rest.split()[:-1] if not part.startswith("--")]:
                assert (RACINE / source).exists(), source
                assert source in kept, source


def test_image_runs_unprivileged_with_a_health_check():
    last = dict(instructions(-1))
    assert last["USER"] == "10001:10001"
    assert last["HEALTHCHECK"].endswith('["python", "/app/docker/sante.py", "api-server"]')
    assert last["ENTRYPOINT"] == '["python", "/app/docker/entree.py"]'


def test_env_example_names_every_setting_and_every_variable_of_compose():
    named = set(re.findall(r"(?m)^#? ?([A-Z_]+)=", (RACINE / ".env.example").read_text(encoding="utf-8")))
    settings = {field.validation_alias or f"PILOTAGE_{name.upper()}" for name, field in Settings.model_fields.items()}
    assert settings - named == set()
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text(encoding="utf-8")))
    assert asked - named == set()


def test_counters_go_where_they_go_without_containers(tmp_path, monkeypatch):
    entree = module_of("entree")
    assert not [name for name in entree.environment_of(tmp_path, {"PILOTAGE_STATSD": ""}) if "METRICS" in name]
    monkeypatch.setenv("PILOTAGE_STATSD", "relais:8125")
    found = entree.environment_of(tmp_path, {"PILOTAGE_STATSD": "relais:8125"})
    assert {name: value for name, value in found.items() if "METRICS" in name} == statsd_variables()


def test_secrets_become_variables_and_a_variable_that_is_set_wins(tmp_path):
    entree = module_of("entree")
    (tmp_path / "pilotage_mot_de_passe").write_text("a/b@c:d\n")
    (tmp_path / "airflow_mot_de_passe").write_text("xyz")
    (tmp_path / "airflow_jwt").write_text("clef")
    found = entree.environment_of(tmp_path, {"PILOTAGE_PG_HOTE": "base"})
    assert make_url(found["DATABASE_URL"]).password == "a/b@c:d"
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == (
        "postgresql+psycopg2://airflow:xyz@base:5432/airflow?sslmode=verify-full"
    )
    assert found["AIRFLOW__API_AUTH__JWT_SECRET"] == "clef"
    assert "AIRFLOW__CORE__FERNET_KEY" not in found  # not given to this service
    assert entree.environment_of(tmp_path, {"DATABASE_URL": "postgresql://ailleurs"})["DATABASE_URL"].endswith(
        "ailleurs"
    )


def test_airflow_accounts_are_copied_for_their_owner_alone(tmp_path):
    entree = module_of("entree")
    assert entree.copy_users(tmp_path / "rien", tmp_path) == {}
    (tmp_path / "airflow_utilisateurs").write_text('{"pilotage": "x"}')
    (path,) = entree.copy_users(tmp_path, tmp_path).values()
    assert json.loads((tmp_path / "utilisateurs.json").read_text()) == {"pilotage": "x"}
    assert stat.S_IMODE((tmp_path / "utilisateurs.json").stat().st_mode) == 0o600
    assert path == str(tmp_path / "utilisateurs.json")


def test_secrets_are_drawn_once(tmp_path, compose):
    if not shutil.which("openssl"):
        pytest.skip("openssl absent")
    folder = tmp_path / "secrets"
    subprocess.run([DOCKER / "creer_secrets.sh", folder], check=True, capture_output=True)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(first) - {"autorite_cle"} == set(compose["secrets"]), "the authority's key goes to no service"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(first["airflow_fernet"]) == 44
    assert "pilotage" in json.loads(first["airflow_utilisateurs"])
    subprocess.run([DOCKER / "creer_secrets.sh", folder], check=True, capture_output=True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == first
    (folder / "lecteur_mot_de_passe").unlink()
    (folder / "lecteur_mot_de_passe").write_text("nouveau")
    subprocess.run([DOCKER / "creer_secrets.sh", folder], check=True, capture_output=True)
    assert (folder / "lecteur_adresse").read_text().startswith("postgresql://lecteur:nouveau@")


PASSWORDS = {
    "prod_mot_de_passe": "p'1 \"x",
    "airflow_mot_de_passe": "a2",
    "lecture_mot_de_passe": "l3",
    "charge_mot_de_passe": "c4",
}
ROLES = ("prod", "liseur", "remplisseur", "airflow", "proprietaire")


@pytest.fixture(scope="module")
def roles(server, tmp_path_factory):
    """The roles of production on the tests' own server, whose superuser already bears the name `pilotage`."""
    folder = tmp_path_factory.mktemp("secrets")
    for name, value in PASSWORDS.items():
        (folder / name).write_text(value)
    script = folder / "roles.sql"
    source = (DOCKER / "postgres" / "10_roles.sql").read_text(encoding="utf-8")
    source = source.replace("/run/secrets/lecteur", "/run/secrets/lecture").replace("lecteur", "liseur")
    source = source.replace("/run/secrets/chargeur", "/run/secrets/charge").replace("chargeur", "remplisseur")
    script.write_text(source.replace("pilotage", "prod").replace("/run/secrets", str(folder)), encoding="utf-8")
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        if connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = ANY(:r)"), {"r": list(ROLES)}):
            pytest.skip("this server already has roles of these names")
    settings = Settings(postgres_dir=tmp_path_factory.mktemp("programmes"))
    url = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [postgres.binary("psql", settings), "-X", "-q", "-f", script, url], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    yield lambda name, password, base="prod": create_engine(
        make_url(server).set(username=name, password=password, database=base)
    )
    with admin.connect() as connection:
        for base in ("prod", "airflow"):
            connection.execute(text(f"DROP DATABASE IF EXISTS {base} WITH (FORCE)"))
        for role in ROLES:
            connection.execute(text(f"DROP ROLE IF EXISTS {role}"))
        connection.execute(text("GRANT CONNECT ON DATABASE postgres TO PUBLIC"))
    admin.dispose()


def test_what_the_loader_makes_belongs_to_the_owner(roles):
    with roles("prod", PASSWORDS["prod_mot_de_passe"]).begin() as connection:
        connection.execute(text("CREATE SCHEMA commun"))
        connection.execute(text("CREATE TABLE commun.dim_communes AS SELECT 1 AS code"))
        connection.execute(text("CREATE EXTENSION pg_trgm"))
        owner = connection.scalar(text("SELECT tableowner FROM pg_tables WHERE tablename = 'dim_communes'"))
    assert owner == "proprietaire"


def test_the_reader_reads_what_is_granted_and_writes_nothing(roles):
    with roles("prod", PASSWORDS["prod_mot_de_passe"]).begin() as connection:
        connection.execute(text("CREATE SCHEMA usages; CREATE TABLE usages.t AS SELECT 1 AS a; CREATE SCHEMA raw"))
        connection.execute(text("CREATE TABLE raw.t AS SELECT 1 AS mail"))
        connection.execute(text("GRANT USAGE ON SCHEMA usages TO liseur; GRANT SELECT ON usages.t TO liseur"))
    with roles("liseur", "l3").connect() as connection:
        assert connection.scalar(text("SELECT a FROM usages.t")) == 1
        assert connection.scalar(text("SHOW statement_timeout")) == "1min"
        for statement, reason in [
            ("SELECT * FROM raw.t", "permission denied"),
            ("INSERT INTO usages.t VALUES (2)", "read-only"),
            ("SET transaction_read_only = off; INSERT INTO usages.t VALUES (2)", "permission denied"),
            ("SET default_transaction_read_only = off; CREATE TABLE public.t (a int)", "read-only|permission denied"),
            ("SELECT pg_advisory_lock(hashtext('pilotage.generations'))", "permission denied"),
            ("SET transaction_read_only = off; SELECT lo_from_bytea(0, 'x')", "permission denied"),
        ]:
            connection.rollback()
            with pytest.raises(DBAPIError, match=reason):
                connection.execute(text(statement))


def test_the_reader_has_no_door_to_airflow(roles):
    with pytest.raises(OperationalError, match="permission denied"):
        roles("liseur", "l3", "airflow").connect()
    with roles("airflow", "a2", "airflow").begin() as connection:
        connection.execute(text("CREATE TABLE public.t (a int)"))
    with pytest.raises(OperationalError, match="permission denied"):
        roles("airflow", "a2").connect()
