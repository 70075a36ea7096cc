"""The values given to Airflow's own chart: keys that the chart documents, nothing as root, secrets that are drawn.

The chart's own schema is not at hand here: `helm lint` asks it where Helm is (docker/helm/README.md); these checks hold
the keys that we use against those of chart 1.22.0, and the pod of a task against the Kubernetes API's field names.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from pilotage.config import RACINE
from tests.compose_lu import read_compose
from tests.test_deploiement import airflow_options

HELM = RACINE / "docker" / "helm"
COMPONENT = {
    "replicas",
    "resources",
    "env",
    "extraVolumes",
    "extraVolumeMounts",
    "podDisruptionBudget",
    "logGroomerSidecar",
}
KEYS = {
    "airflowVersion": None,
    "defaultAirflowRepository": None,
    "defaultAirflowTag": None,
    "airflowHome": None,
    "uid": None,
    "gid": None,
    "executor": None,
    "images": {"airflow", "migrationsWaitTimeout"},
    "dags": {"persistence", "gitSync"},
    "postgresql": {"enabled"},
    "redis": {"enabled"},
    "pgbouncer": {"enabled"},
    "flower": {"enabled"},
    "createUserJob": {"enabled"},
    "data": {"metadataSecretName"},
    "fernetKeySecretName": None,
    "apiSecretKeySecretName": None,
    "jwtSecretName": None,
    "networkPolicies": {"enabled"},
    "rbac": {"create"},
    "securityContexts": {"pod", "containers"},
    "volumes": None,
    "volumeMounts": None,
    "env": None,
    "config": None,
    "logs": {"persistence"},
    "migrateDatabaseJob": {"args", "resources", "extraVolumes", "extraVolumeMounts", "env"},
    "apiServer": COMPONENT | {"service"},
    "scheduler": COMPONENT,
    "dagProcessor": COMPONENT | {"enabled"},
    "triggerer": COMPONENT | {"persistence"},
    "statsd": {"enabled", "resources", "securityContexts"},
    "podTemplate": None,
}
POD = {
    "spec": {
        *("restartPolicy", "serviceAccountName", "automountServiceAccountToken", "terminationGracePeriodSeconds"),
        *("securityContext", "containers", "volumes"),
    },
    "container": {"name", "image", "imagePullPolicy", "securityContext", "resources", "env", "volumeMounts"},
}


@pytest.fixture(scope="module")
def values():
    return yaml.safe_load((HELM / "values.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pod(values):
    """The pod of a task, the few words of its template put in."""
    words = {".Values.defaultAirflowRepository": "depot/pilotage", ".Values.defaultAirflowTag": "1"}
    return yaml.safe_load(
        re.sub(r"\{\{\s*(.*?)\s*\}\}", lambda found: words.get(found[1], "nom"), values["podTemplate"])
    )


def test_every_key_is_one_of_the_chart(values):
    assert set(values) <= set(KEYS)
    for key, parts in KEYS.items():
        if parts is not None and key in values:
            assert set(values[key]) <= parts, key


def test_versions_are_those_of_the_locks(values):
    lock = (RACINE / "requirements.lock").read_text(encoding="utf-8")
    project = tomllib.loads((RACINE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"apache-airflow=={values['airflowVersion']} " in lock
    assert values["defaultAirflowTag"] == f"{project['version']}-kubernetes"
    extra = (HELM / "kubernetes.lock").read_text(encoding="utf-8")
    names = set(re.findall(r"(?m)^([a-z0-9-]+)==", extra))
    assert "apache-airflow-providers-cncf-kubernetes" in names
    assert names & set(re.findall(r"(?m)^([a-z0-9._-]+)==", lock)) == set()  # it only adds
    assert "LOCK=kubernetes.lock" in (HELM / "README.md").read_text(encoding="utf-8")


def test_airflow_knows_the_options_and_the_secrets_come_from_outside(values):
    known = airflow_options()
    provider = {"delete_worker_pods", "delete_worker_pods_on_failure", "worker_pods_creation_batch_size"}
    for section, options in values["config"].items():
        for option in options:
            if section == "kubernetes_executor":
                assert option in provider  # the provider is locked apart: its description is not installed here
            else:
                assert f"AIRFLOW__{section}__{option}".upper() in known, (section, option)
    text = (HELM / "values.yaml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)://[^\s/]+:[^\s@]+@", text)
    named = {values["data"]["metadataSecretName"]} | {values[key] for key in values if key.endswith("SecretName")}
    readme = (HELM / "README.md").read_text(encoding="utf-8")
    assert all(f"secret generic {name}" in readme for name in [*named, "pilotage"])


def secret_items(content) -> set[str]:
    """Keys of the secret `pilotage` that volumes take, wherever they stand."""
    if isinstance(content, dict):
        if content.get("secretName") == "pilotage":
            return {item["key"] for item in content["items"]}
        return set().union(*map(secret_items, content.values()), set())
    return set().union(*map(secret_items, content), set()) if isinstance(content, list) else set()


def test_secrets_are_those_that_the_script_draws(values, pod):
    drawn = set(read_compose(RACINE / "docker" / "machines.yaml")["secrets"])
    assert secret_items(values) | secret_items(pod) <= drawn
    assert secret_items(pod) >= {"pilotage_mot_de_passe", "chargeur_mot_de_passe", "magasin_cle", "postgres_ca"}
    assert "airflow_mot_de_passe" not in secret_items(pod)  # a task speaks to the API, never to Airflow's tables
    assert "pilotage_mot_de_passe" not in secret_items(values["volumes"])


def test_alerts_leave_from_tasks_and_from_who_tells_of_killed_ones(values, pod):
    compose = read_compose(RACINE / "docker" / "machines.yaml")["services"]
    (container,) = pod["spec"]["containers"]
    channels = {"alerte_webhook", "smtp_url"}
    for env, secrets, service in (
        (container["env"], secret_items(pod), "travailleur"),
        (values["dagProcessor"]["env"], secret_items(values["dagProcessor"]), "dag-processor"),
    ):
        wanted = {name for name in compose[service]["environment"] if name.startswith("PILOTAGE_ALERTE_")}
        assert wanted and wanted <= {one["name"] for one in env}, service
        assert channels <= secrets and channels <= set(compose[service]["secrets"]), service
    mounts = {mount["name"]: mount["mountPath"] for mount in values["dagProcessor"]["extraVolumeMounts"]}
    assert {"name": "PILOTAGE_SECRETS_DOSSIER", "value": mounts["alertes"]} in values["dagProcessor"]["env"]


def test_nothing_runs_as_root_nor_writes_in_its_image(values, pod):
    contexts = [
        values["securityContexts"],
        {"pod": pod["spec"]["securityContext"]},
        values["statsd"]["securityContexts"],
    ]
    assert all(context["pod"]["runAsNonRoot"] is True and context["pod"]["runAsUser"] for context in contexts)
    (container,) = pod["spec"]["containers"]
    for context in (
        values["securityContexts"]["containers"],
        values["statsd"]["securityContexts"]["container"],
        container["securityContext"],
    ):
        assert context == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    uid = re.search(r"(?m)^USER (\d+):(\d+)$", (RACINE / "docker" / "Dockerfile").read_text(encoding="utf-8"))
    assert {values["uid"], values["gid"], pod["spec"]["securityContext"]["runAsUser"]} == {int(uid[1])}


def test_the_pod_of_a_task_is_whole(values, pod):
    assert set(pod["spec"]) == POD["spec"]
    (container,) = pod["spec"]["containers"]
    assert set(container) == POD["container"]
    assert container["name"] == "base"  # the one that Airflow completes
    assert "command" not in container  # the image's own entry turns secrets into variables
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}
    given = {one["name"]: one["value"] for one in container["env"]}
    tasks = read_compose(RACINE / "docker" / "machines.yaml")["services"]["travailleur"]["environment"]
    for name in ("AIRFLOW_HOME", "PILOTAGE_HOME", "AWS_CA_BUNDLE", "DO_NOT_TRACK", "GX_ANALYTICS_ENABLED"):
        assert given[name] == tasks[name], name
    assert given["PILOTAGE_MAGASIN"] in tasks["PILOTAGE_MAGASIN"]
    homes = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {given["AIRFLOW_HOME"], given["PILOTAGE_HOME"], "/tmp", "/run/secrets"} <= homes
    assert all(part in container["resources"] for part in ("requests", "limits"))


def test_every_component_has_limits_and_the_chart_one_version(values):
    for name in ("migrateDatabaseJob", "apiServer", "scheduler", "dagProcessor", "triggerer", "statsd"):
        assert values[name]["resources"]["limits"]["memory"], name
    versions = {
        version
        for path in (HELM / "values.yaml", HELM / "README.md", RACINE / "docs" / "deploiement.md")
        for version in re.findall(r"--version (\d+\.\d+\.\d+)", Path(path).read_text(encoding="utf-8"))
    }
    assert versions == {"1.22.0"}
