"""From raw to star schemas: one `dbt build` an axis, in the schemas of a generation under construction."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from pilotage import dbt_sources
from pilotage.catalogue import AXES, load_catalogue
from pilotage.config import RACINE, Settings, get_settings
from pilotage.database import get_engine
from pilotage.errors import ErreurEntrepot
from pilotage.execution_dbt import run_dbt
from pilotage.generations import LOCK, drop_forgotten, drop_schemas, list_generations, schema, visible
from pilotage.magasin import get_magasin
from pilotage.nature import ensure_nature
from pilotage.roles import give_loaded
from pilotage.suivi import check_courante

# What a generation is made of, beside the deliveries: when any of it changes, the warehouse is built again.
CODE = (
    "dbt_project",
    "models_ml",
    "pilotage/sources",
    "expectations/marts",
    "pilotage/entrepot.py",
    "pilotage/execution_dbt.py",
)
SUFFIXES = {".sql", ".yml", ".csv", ".py", ".json"}
FAILURES = ("error", "fail", "runtime error")


@dataclass
class RapportConstruction:
    """What `build_axe` did."""

    generation: str
    axe: str
    lignes: int = 0
    lignes_par_modele: dict[str, int] = field(default_factory=dict)
    nb_tests: int = 0
    avertissements: list[str] = field(default_factory=list)
    secondes: float = 0.0


def compute_fingerprint() -> str:
    """Hash of the accepted deliveries and of the code that turns them into marts: same hash, same tables."""
    digest = hashlib.sha256()
    with get_engine().connect() as connection:
        rows = connection.scalars(  # a replayed row changes the tables too
            text(
                "SELECT livraison || ':' || coalesce(nb_quarantaine, 0) || coalesce(' ' || parties, '') "
                "FROM pilotage.livraisons WHERE etat = 'acceptee' ORDER BY livraison"
            )
        )
        digest.update("\n".join(rows).encode())
        opposed = connection.scalars(
            text(
                "SELECT source || ':' || empreinte FROM pilotage.oppositions UNION ALL "
                "SELECT cle || ':' || valeur FROM pilotage.reglages WHERE cle = 'oppositions_effacements' ORDER BY 1"
            )
        )
        digest.update("\n".join(opposed).encode())
    for path in sorted(_code_files()):
        digest.update(path.relative_to(RACINE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def needs_rebuild() -> bool:
    """True when no generation is visible, or when a delivery or the code changed since the visible one was started.

    A generation from which a person went back is not built again from the same deliveries and code.
    """
    served = visible()
    if served is None:
        return True
    left = [g for g in list_generations() if g.etat == "precedente" and g.creee_le > served.creee_le]
    return compute_fingerprint() not in {served.empreinte, *(g.empreinte for g in left)}


def create_generation() -> str:
    """Open a generation and clear away those that a failed night left unfinished.

    Returns:
        Its name, `g20261123t225800`.
    """
    simulated = ensure_nature()
    fingerprint = compute_fingerprint()
    with get_engine().begin() as connection:
        connection.execute(LOCK)
        check_courante(connection)
        _abandon_unfinished(connection)
        name = _free_name(connection)
        connection.execute(
            text(
                "INSERT INTO pilotage.generations (generation, etat, empreinte, est_simulee) "
                "VALUES (:g, 'en_construction', :e, :s)"
            ),
            {"g": name, "e": fingerprint, "s": simulated},
        )
    return name


def build_axe(generation: str, axe: str) -> RapportConstruction:
    """Build and test one axis; `commun` also builds the seeds, the staging views and what the axes share.

    Artefacts stay in `<home>/dbt/<generation>/<axe>/`. Run again, it builds the same tables again.

    Raises:
        ErreurEntrepot: a model or a test failed; names it, with PostgreSQL's message and the compiled file.
    """
    settings = get_settings()
    if axe not in AXES:
        raise ErreurEntrepot(f"axe « {axe} » inconnu", attendu=", ".join(AXES))
    schema(axe, generation)  # refuses what is not a generation's name
    if axe == "commun":
        dbt_sources.check()
        _prepare_raw()
    with get_engine().connect() as connection:
        check_under_construction(connection, generation)
    folder = settings.dbt_target / generation / axe
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    code = run_dbt(settings, folder, generation, ["build", *_selection(axe)])
    _leave_if_overtaken(generation)
    report = RapportConstruction(generation, axe, secondes=round(time.monotonic() - started, 1))
    _tell_lineage(settings, folder, generation)
    _read_results(folder, report, code)
    get_magasin(settings).push(folder / "manifest.json")
    _record(report)
    return report


def _tell_lineage(settings: Settings, folder: Path, generation: str) -> None:
    """OpenLineage events of the build, when they are asked for; the library is loaded only then."""
    if os.environ.get("PILOTAGE_OPENLINEAGE"):
        from pilotage.evenements.dbt import emit_build

        emit_build(settings, folder, generation)


def _selection(axe: str) -> list[str]:
    """dbt arguments: tests run as soon as all that they look at is built, in this axis or before."""
    chosen = [f"path:models/marts/{axe}"]
    if axe == "commun":
        chosen += ["path:models/staging", "path:models/intermediaire", "resource_type:seed"]
    return ["--select", *chosen, "--indirect-selection", "buildable"]


def _read_results(folder: Path, report: RapportConstruction, code: int) -> None:
    """Fill the report from dbt's own artefact.

    Raises:
        ErreurEntrepot: dbt stopped before running anything, or a node failed.
    """
    results = folder / "run_results.json"
    if not results.exists():
        last = (folder / "journal.txt").read_text(errors="replace").strip()[-1500:]
        raise ErreurEntrepot(f"dbt s'est arrêté : {last}", source=report.axe, fichier=str(folder / "journal.txt"))
    failed = []
    for node in json.loads(results.read_text())["results"]:
        kind, name = node["unique_id"].split(".")[0], node["unique_id"].split(".")[2]
        report.nb_tests += kind in ("test", "unit_test")
        if node["status"] in FAILURES:
            failed.append((kind, name, node))
        elif node["status"] == "warn":
            report.avertissements.append(f"{name} : {node['failures']} lignes")
        rows = (node.get("adapter_response") or {}).get("rows_affected")
        if kind in ("model", "seed") and rows is not None and rows >= 0:
            report.lignes_par_modele[name] = rows
    report.lignes = sum(report.lignes_par_modele.values())
    if failed or code:
        raise _explain(folder, report.axe, failed, code)


def _explain(folder: Path, axe: str, failed: list[tuple[str, str, dict]], code: int) -> ErreurEntrepot:
    """dbt's failures as one error; the first is told whole, the others named."""
    if not failed:
        return ErreurEntrepot(f"dbt s'est arrêté avec le code {code}", source=axe, fichier=str(folder / "journal.txt"))
    kind, name, node = failed[0]
    message = re.sub(r"\s+", " ", node["message"] or "").strip()
    others = [other for _, other, _ in failed[1:]]
    also = f" ; échouent aussi : {', '.join(others[:10])}" if others else ""
    what = "test" if kind in ("test", "unit_test") else "modèle"
    return ErreurEntrepot(
        f"{what} {name} : {message}{also}",
        source=axe,
        fichier=str(_compiled(folder, node["unique_id"])),
        conseil="exécuter ce fichier SQL pour voir les lignes en cause ; la génération visible est inchangée",
    )


def _compiled(folder: Path, unique_id: str) -> Path:
    """The SQL that dbt sent for a node, or the journal when it did not get that far."""
    node = json.loads((folder / "manifest.json").read_text())["nodes"].get(unique_id, {})
    compiled = node.get("compiled_path") or ""
    return folder / "compiled" / compiled.split("compiled/")[-1] if "compiled/" in compiled else folder / "journal.txt"


def _record(report: RapportConstruction) -> None:
    """Keep rows and seconds of the axis with the generation."""
    facts = {report.axe: {"lignes": report.lignes_par_modele, "tests": report.nb_tests, "secondes": report.secondes}}
    statement = text(
        "UPDATE pilotage.generations SET statistiques = COALESCE(statistiques, '{}') || :facts WHERE generation = :g"
    ).bindparams(bindparam("facts", type_=JSONB))
    with get_engine().begin() as connection:
        check_under_construction(connection, report.generation)
        connection.execute(statement, {"facts": facts, "g": report.generation})


def _leave_if_overtaken(generation: str) -> None:
    """A later construction dropped our schemas while dbt was making them: what it made since goes too."""
    with get_engine().begin() as connection:
        connection.execute(LOCK)
        statement = text("SELECT etat = 'abandonnee' FROM pilotage.generations WHERE generation = :g")
        if connection.scalar(statement, {"g": generation}):
            drop_schemas(connection, generation)
    with get_engine().connect() as connection:
        check_under_construction(connection, generation)


def check_under_construction(connection: Connection, generation: str) -> None:
    """Refuse to go on with a generation that a later construction has overtaken: its tables are being dropped.

    Raises:
        ErreurEntrepot: says what it has become.
    """
    state = connection.scalar(text("SELECT etat FROM pilotage.generations WHERE generation = :g"), {"g": generation})
    if state == "abandonnee":
        raise ErreurEntrepot(
            f"la génération {generation} a été abandonnée : une autre construction a commencé",
            conseil="rien si une nuit plus récente est en cours ; sinon relancer la nuit",
        )


def _prepare_raw() -> None:
    """Empty tables for sources never accepted; fresh statistics, which partitioned tables never get by themselves."""
    with get_engine().begin() as connection:
        for source in load_catalogue().values():
            for table in source.tables:
                columns = ", ".join(f'"{nom}" text' for nom in table.noms)
                connection.execute(
                    text(
                        f'CREATE TABLE IF NOT EXISTS raw."{table.table}" ({columns}, _millesime text NOT NULL, '
                        "_livraison text NOT NULL, _ligne bigint NOT NULL) PARTITION BY LIST (_livraison)"
                    )
                )
                connection.execute(text(f'ANALYZE raw."{table.table}"'))
        give_loaded(connection)


def _abandon_unfinished(connection: Connection) -> None:
    unfinished = connection.scalars(
        text("UPDATE pilotage.generations SET etat = 'abandonnee' WHERE etat = 'en_construction' RETURNING generation")
    ).all()
    for generation in unfinished:
        drop_schemas(connection, generation)
    drop_forgotten(connection)


def _free_name(connection: Connection) -> str:
    moment = dt.datetime.now()
    while True:
        name = f"g{moment:%Y%m%dt%H%M%S}"
        if not connection.scalar(text("SELECT 1 FROM pilotage.generations WHERE generation = :g"), {"g": name}):
            return name
        moment += dt.timedelta(seconds=1)


def _code_files() -> Iterable[Path]:
    for place in CODE:
        path = RACINE / place
        files = [path] if path.is_file() else path.rglob("*")
        for file in files:
            inside = file.relative_to(RACINE).parts
            if file.suffix in SUFFIXES and not {"target", "logs", "__pycache__"} & set(inside):
                yield file
