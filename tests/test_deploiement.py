"""Production on several machines, without an engine: the Compose files as Compose reads them, secrets, variables."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import socket
import subprocess
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
import yaml

from pilotage.config import RACINE, Settings
from tests.compose_lu import read_compose

DOCKER = RACINE / "docker"
MACHINES, SUPERSET = DOCKER / "machines.yaml", DOCKER / "superset.yaml"
UNE_FOIS = {"migration", "magasin-volume", "seau", "tableaux", "superset-import"}
PYTHON = {"pilotage": DOCKER / "Dockerfile", "pilotage-superset": DOCKER / "superset.Dockerfile"}
COMPOSE = [["docker", "compose"], ["docker-compose"]]


@pytest.fixture(scope="module")
def machines():
    one, other = read_compose(MACHINES), read_compose(SUPERSET)
    return {**one, **{part: {**one[part], **other[part]} for part in ("services", "volumes", "secrets")}}


@pytest.fixture(scope="module")
def services(machines):
    return machines["services"]


def module_of(name: str):
    spec = importlib.util.spec_from_file_location(name, DOCKER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def variables(services: dict) -> set[str]:
    return {name for service in services.values() for name in service.get("environment") or {}}


def test_files_follow_the_official_schema(machines):
    from jsonschema import Draft202012Validator

    file = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    validator = Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))
    found = json.loads(json.dumps({**machines, "services": machines["services"]}))
    assert [f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(found)] == []


def test_docker_compose_itself_reads_each_role():
    for command in COMPOSE:
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            for profile in ("tete", "travailleur", "suivi", "tableaux"):
                files = ["-f", str(MACHINES), "-f", str(SUPERSET), "--env-file", str(RACINE / ".env.example")]
                done = subprocess.run(
                    [*command, *files, "--profile", "tete", "--profile", profile, "config", "--quiet"],
                    capture_output=True,
                    text=True,
                )
                assert done.returncode == 0, (profile, done.stderr)
            return
    pytest.skip("no docker compose here; the schema is checked without it")


def test_every_service_is_hardened(services):
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        if name in UNE_FOIS:
            assert service["restart"] == "no", name
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name
        assert service["profiles"], name
        assert "privileged" not in service, name
        assert "network_mode" not in service or service["network_mode"] == "none", name


def test_nobody_runs_as_root(services):
    for name, service in services.items():
        assert service["user"] not in ("root", "0", "0:0"), name
        image = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", service["image"]).rsplit(":", 1)[0]
        if image in PYTHON:
            assert f"\nUSER {service['user']}\n" in PYTHON[image].read_text(encoding="utf-8"), name


def test_ports_open_on_this_machine_unless_decided_otherwise(services):
    form = re.compile(r"^\$\{PILOTAGE_ADRESSE(_INTERNE)?:-127\.0\.0\.1\}:")
    ports = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert all(form.match(port) for found in ports.values() for port in found), ports
    inner = {name for name, found in ports.items() if any("_INTERNE" in port for port in found)}
    assert inner == {"postgres", "redis", "magasin", "api-server"}  # what workers of other machines call


def test_secrets_are_drawn_declared_and_given_to_few(machines, services, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl absent")
    folder = tmp_path / "secrets"
    draw = [DOCKER / "creer_secrets_machines.sh", folder, "tete.exemple.fr", "10.1.2.3"]
    subprocess.run(draw, check=True, capture_output=True)
    drawn = {path.name: path.read_bytes() for path in folder.iterdir()}
    subprocess.run(draw, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == drawn
    given = {name: set(service.get("secrets", ())) for name, service in services.items()}
    assert set(machines["secrets"]) == set().union(*given.values())
    assert set(machines["secrets"]) <= set(drawn)
    assert set(drawn) - set(machines["secrets"]) == {"autorite_cle"}  # it signs, and no service gets it
    for secret, holders in {
        "oppositions_cle": {"travailleur", "travailleur-distant"},
        "airflow_fernet": {"migration", "api-server", "scheduler", "dag-processor", "triggerer"},
        "pilotage_mot_de_passe": {"postgres", "migration", "travailleur", "travailleur-distant"},
        "magasin_cle": {"seau", "api-server", "travailleur", "travailleur-distant", "vitrine"},
        "machine_cle": {"redis", "magasin", "api-server"},
        "superset_administrateur": {"superset-import"},
    }.items():
        assert {name for name, found in given.items() if secret in found} == holders, secret
    seen = subprocess.run(
        ["openssl", "verify", "-CAfile", folder / "postgres_ca", folder / "machine_certificat"], capture_output=True
    )
    assert seen.returncode == 0, seen.stderr
    names = subprocess.run(
        ["openssl", "x509", "-in", folder / "machine_certificat", "-noout", "-ext", "subjectAltName"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(
        name in names for name in ("DNS:redis", "DNS:magasin", "DNS:api-server", "DNS:tete.exemple.fr", "10.1.2.3")
    )
    identity = json.loads(drawn["magasin_identites"])["identities"][0]["credentials"][0]
    assert identity == {
        "accessKey": drawn["magasin_identifiant"].decode(),
        "secretKey": drawn["magasin_cle"].decode(),
    }


def test_what_is_made_of_secrets_follows_them(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl absent")
    folder = tmp_path / "secrets"
    draw = [DOCKER / "creer_secrets_machines.sh", folder]
    subprocess.run(draw, check=True, capture_output=True)
    for name in ("redis_mot_de_passe", "magasin_cle"):
        (folder / name).unlink()
        (folder / name).write_text(f"nouveau-{name}")
    told = subprocess.run(draw, check=True, capture_output=True, text=True).stdout
    assert ">nouveau-redis_mot_de_passe " in (folder / "redis_regles").read_text()
    identity = json.loads((folder / "magasin_identites").read_text())["identities"][0]["credentials"][0]
    assert identity["secretKey"] == "nouveau-magasin_cle"
    assert told.split() == ["créé", ":", f"{folder}/redis_regles", "créé", ":", f"{folder}/magasin_identites"]


@cache
def airflow_options() -> set[str]:
    """Every variable that Airflow and its locked providers read, from their own descriptions."""
    import airflow
    from airflow.providers.celery.get_provider_info import get_provider_info

    file = Path(airflow.__file__).parent / "config_templates" / "config.yml"
    sections = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    found = {(name, option) for name, section in sections.items() for option in section["options"]}
    for name, section in get_provider_info()["config"].items():
        found |= {(name, option) for option in section["options"]}
    simple = {"simple_auth_manager_users", "simple_auth_manager_passwords_file", "simple_auth_manager_all_admins"}
    found |= {("core", option) for option in simple}
    # Options that Celery's transport takes as they are (kombu's Redis transport).
    found |= {("celery_broker_transport_options", option) for option in ("socket_keepalive", "health_check_interval")}
    return {f"AIRFLOW__{section}__{option}".upper() for section, option in found}


def test_every_variable_of_airflow_exists(services):
    given = {name for name in variables(services) if name.startswith("AIRFLOW__")}
    helm = set(re.findall(r"AIRFLOW__[A-Z0-9_]+", (DOCKER / "helm" / "values.yaml").read_text(encoding="utf-8")))
    entry = set(re.findall(r"AIRFLOW__[A-Z0-9_]+", (DOCKER / "entree.py").read_text(encoding="utf-8")))
    known = airflow_options()
    assert (given | helm | entry) - known == set()
    assert "AIRFLOW__CELERY__WORKER_CONCURENCY" not in known  # a misspelt one would be seen
    assert len(given) > 25


def test_every_other_variable_is_read_by_someone(services):
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

    example = (RACINE / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"(?m)^#? ?([A-Z_]+)=", example))
    files = [DOCKER / "entree.py", DOCKER / "sante.py", DOCKER / "superset_config.py", DOCKER / "migrer.py"]
    read = set(re.findall(r'"([A-Z][A-Z_]+)"', "".join(path.read_text(encoding="utf-8") for path in files)))
    boto = {names for _, names, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values() if isinstance(names, str)}
    settings = {field.validation_alias or f"PILOTAGE_{name.upper()}" for name, field in Settings.model_fields.items()}
    others = {name for name in variables(services) if not name.startswith(("AIRFLOW__", "POSTGRES_", "PGRST_"))}
    ours = {name for name in others if name.startswith("PILOTAGE_")}
    assert ours - (named | read | settings) == set()
    assert others - ours - (boto | {"AWS_ENDPOINT_URL"}) == {
        "AIRFLOW_HOME",
        "DBT_SEND_ANONYMOUS_USAGE_STATS",
        "DO_NOT_TRACK",
        "GX_ANALYTICS_ENABLED",
    }
    asked = {name for path in (MACHINES, SUPERSET) for name in re.findall(r"\$\{([A-Z_]+)", path.read_text())}
    assert asked - named == set()


def test_tasks_run_with_the_same_settings_as_without_containers(services):
    from pilotage.orchestration.ouvriers import JOURNAUX, VARIABLES

    expected = {**VARIABLES, "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": JOURNAUX}
    for name in ("api-server", "scheduler", "dag-processor", "triggerer", "travailleur", "travailleur-distant"):
        given = services[name]["environment"]
        shown = {variable: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", given[variable]) for variable in expected}
        assert shown == expected, name
        assert given["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
        assert given["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].startswith("https://")


def test_a_worker_elsewhere_needs_nothing_of_the_head_but_its_address(services):
    worker = services["travailleur-distant"]
    assert worker["profiles"] == ["travailleur"]
    assert worker["networks"] == ["sortie"]
    assert not worker.get("depends_on")
    assert not worker.get("ports")
    assert all(":" not in volume for volume in worker["volumes"])  # no folder in common
    head = services["travailleur"]
    assert head["environment"] == worker["environment"]
    assert set(head["networks"]) == {"interne", "sortie", "magasin"}


def test_everything_mounted_copied_or_called_exists(services):
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            assert not source.startswith("./") or (DOCKER / source).exists(), source
    for file in PYTHON.values():
        kept = {line[1:] for line in Path(f"{file}.dockerignore").read_text().splitlines() if line.startswith("!")}
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("COPY") and "--from" not in line:
                for source in [word for word in line.split()[1:-1] if not word.startswith("--")]:
                    assert (RACINE / source).exists(), source
                    assert source in kept, source
    called = {
        word
        for s in services.values()
        for word in [*s.get("command", ()), *(s.get("healthcheck") or {}).get("test", ())]
    }
    scripts = {word for word in called if isinstance(word, str) and word.startswith("/app/")}
    assert scripts
    assert all((RACINE / word.removeprefix("/app/")).exists() for word in scripts)


def test_health_checks_know_each_component(services, monkeypatch):
    sante = module_of("sante")
    for service in services.values():
        test = service.get("healthcheck", {}).get("test", ())
        if "/app/docker/sante.py" in test:
            assert test[-1] in {*sante.PAGES, *sante.JOBS, "travailleur"}
    seen = []
    monkeypatch.setattr(
        sante.subprocess, "run", lambda command, **_: seen.append(command) or subprocess.CompletedProcess([], 1)
    )
    assert sante.is_healthy("travailleur") is False
    assert seen[0][-2:] == ["--destination", f"celery@{socket.gethostname()}"]
    assert importlib.util.find_spec(seen[0][seen[0].index("--app") + 1].removesuffix(".app"))
