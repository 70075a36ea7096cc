"""The way of the data as dbt wrote it down: which sources, keys and personal columns stand behind a table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pilotage.catalogue import Source
from pilotage.config import Settings
from pilotage.errors import ErreurPublication
from pilotage.magasin import get_magasin
from pilotage.sql_alias import trace_names
from pilotage.tables_publiees import CleEtrangere


@dataclass
class Lignage:
    """dbt's graph, asked in the terms of the cards.

    Attributes:
        noeuds: dbt nodes and sources by unique id.
        fiches: cards by name.
    """

    noeuds: dict[str, dict]
    fiches: dict[str, Source]
    _traces: dict[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def modeles(self) -> dict[str, str]:
        """`schema.table` (public names) -> dbt id, for models and seeds."""
        built = ((key, node) for key, node in self.noeuds.items() if key.partition(".")[0] in ("model", "seed"))
        return {f"{public_schema(node['schema'])}.{node.get('alias') or node['name']}": key for key, node in built}

    @cached_property
    def _card_of(self) -> dict[str, str]:
        return {table.table: name for name, card in self.fiches.items() for table in card.tables}

    @cached_property
    def _personal(self) -> dict[str, set[str]]:
        personal: dict[str, set[str]] = {}
        for card in self.fiches.values():
            for table, column in card.personnelles:
                personal.setdefault(table, set()).add(column)
        return personal

    def sources_of(self, table: str) -> list[Source]:
        """Cards behind `schema.table`; a table that dbt does not build is owed to every source of the warehouse.

        Raises:
            ErreurPublication: the table reads a raw table that no card declares, whose licence nobody could tell.
        """
        if table in self.modeles:
            raw = self._raw_tables(self.modeles[table], set())
        else:
            raw = set().union(*(self._raw_tables(key, set()) for key in self.modeles.values()))
        orphans = sorted(raw - self._card_of.keys())
        if orphans:
            raise ErreurPublication(
                f"{table} est construite sur raw.{orphans[0]}, qu'aucune fiche ne déclare : sa licence est inconnue",
                source=orphans[0],
                conseil="ajouter la fiche dans pilotage/sources, ou retirer la table de dbt",
            )
        return [self.fiches[name] for name in sorted({self._card_of[table] for table in raw})]

    def personal_columns(self, table: str) -> frozenset[str]:
        """Names that carry personal data in `schema.table`, traced through the SQL of its models from the cards.

        For a table that dbt does not build, the personal columns of all cards, by their own names.
        """
        if table in self.modeles:
            return self._trace(self.modeles[table])
        return frozenset().union(*self._personal.values()) if self._personal else frozenset()

    def keys_of(self, table: str) -> tuple[tuple[str, ...], tuple[CleEtrangere, ...]]:
        """Primary and foreign keys that dbt declares, as constraints or as tests, for `schema.table`."""
        model = self.modeles.get(table)
        if model is None:
            return (), ()
        primary: list[tuple[str, ...]] = []
        foreign: list[CleEtrangere] = []
        tests = [n for n in self.noeuds.values() if n.get("attached_node") == model and n.get("test_metadata")]
        for test in sorted(tests, key=lambda n: n["unique_id"]):
            name, arguments = test["test_metadata"]["name"], test["test_metadata"]["kwargs"]
            column = arguments.get("column_name")
            if name == "unique" and column:
                primary.append((column,))
            elif "uni" in name and isinstance(columns := arguments.get("colonnes", arguments.get("columns")), list):
                primary.append(tuple(columns))
            elif name == "relationships" and column:
                target = next((i for i in test["depends_on"]["nodes"] if i != model), None)
                public = next((t for t, key in self.modeles.items() if key == target), None)
                if public:
                    foreign.append(CleEtrangere((column,), public, (arguments["field"],)))
        return min(primary, key=lambda key: (len(key), key), default=()), tuple(foreign)

    def units_of(self, table: str) -> dict[str, str]:
        """Units that dbt's columns declare (`meta: {unite: …}`), by column."""
        columns = self.noeuds.get(self.modeles.get(table, ""), {}).get("columns", {})
        metas = {name: column.get("meta") or column.get("config", {}).get("meta") for name, column in columns.items()}
        return {name: meta["unite"] for name, meta in metas.items() if meta and meta.get("unite")}

    def _raw_tables(self, key: str, seen: set[str]) -> set[str]:
        if key in seen or key not in self.noeuds:
            return set()
        seen.add(key)
        node = self.noeuds[key]
        if key.startswith("source."):
            return {node.get("identifier") or node["name"]} if node["schema"] == "raw" else set()
        parents = node.get("depends_on", {}).get("nodes", [])
        return set().union(*(self._raw_tables(parent, seen) for parent in parents)) if parents else set()

    def _trace(self, key: str) -> frozenset[str]:
        if key not in self._traces:
            node = self.noeuds.get(key, {})
            self._traces[key] = frozenset()  # dbt has no cycle; a broken manifest must not loop
            if key.startswith("source."):
                self._traces[key] = frozenset(self._personal.get(node.get("identifier") or node["name"], ()))
            else:
                parents = node.get("depends_on", {}).get("nodes", [])
                names = frozenset().union(*(self._trace(parent) for parent in parents)) if parents else frozenset()
                sql = node.get("compiled_code") or node.get("raw_code") or ""
                self._traces[key] = trace_names(sql, names) if names else names
        return self._traces[key]


def public_schema(schema: str) -> str:
    """`commun__g20261123t225800` -> `commun`."""
    return schema.partition("__g")[0]


def bring_manifests(settings: Settings, generation: str) -> None:
    """Have the manifests that other machines' builds of a generation left in the store."""
    magasin = get_magasin(settings)
    if magasin.partage:
        for name in magasin.sizes(f"dbt/{generation}"):
            magasin.pull(name, fresh=True)


def read_lignage(folder: Path, generation: str, fiches: dict[str, Source]) -> Lignage:
    """Read dbt's manifests of a generation (else the latest ones), the compiled text of each model kept.

    Args:
        folder: `settings.dbt_target`, where each build leaves `<generation or axis>/manifest.json`.

    Raises:
        ErreurPublication: no manifest, or one that is not JSON.
    """
    paths = sorted(folder.glob(f"*{generation}*/**/manifest.json")) or sorted(folder.glob("**/manifest.json"))
    if not paths:
        raise ErreurPublication(
            "aucun manifest.json de dbt : les licences ne peuvent pas être déduites",
            fichier=str(folder),
            conseil="construire l'entrepôt (`make run`) avant d'exporter",
        )
    nodes: dict[str, dict] = {}
    for path in sorted(paths, key=lambda p: (p.stat().st_mtime_ns, str(p))):
        for key, node in _read_nodes(path).items():
            if node.get("compiled_code") or not nodes.get(key, {}).get("compiled_code"):
                nodes[key] = node
    return Lignage(nodes, fiches)


def _read_nodes(path: Path) -> dict[str, dict]:
    try:
        manifest = json.loads(path.read_bytes())
        return {**manifest["nodes"], **manifest["sources"]}
    except (ValueError, KeyError) as error:
        raise ErreurPublication(
            f"manifeste de dbt illisible : {error}", fichier=str(path), conseil="reconstruire la génération"
        ) from error
