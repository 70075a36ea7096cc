"""Publishing the packages of an export on data.gouv.fr: first what would be done, then, when told, doing it.

`datagouv.json` keeps, by platform, the identifier of each dataset and resource, so that their addresses stay for good.
It is written after each creation: a publication that was stopped goes on from where it was.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilotage.config import get_settings
from pilotage.datagouv_acces import DELAI_S, PRODUCTION, Passager, base_url, open_client, patiently
from pilotage.datagouv_jeu import CLE_CHEMIN, CLE_JEU, CLE_SOMME, Fichier, Jeu, read_packages
from pilotage.errors import ErreurConfiguration, ErreurPublication
from pilotage.export import latest_export

if TYPE_CHECKING:
    from datagouv import Client, Dataset, Resource

CREER, REMPLACER, DECRIRE, GARDER = "créer", "remplacer", "décrire", "inchangé"
SOMMES = ("md5", "sha1", "sha256", "sha512")


@dataclass(frozen=True)
class Geste:
    """What is done of one file; `ressource` is its remote identifier, when it has one."""

    fichier: Fichier
    action: str
    ressource: str | None


@dataclass
class Plan:
    """What is done of one dataset. `laisses`: remote resources that the package no longer has, never deleted."""

    jeu: Jeu
    action: str
    identifiant: str | None
    gestes: list[Geste]
    laisses: list[str] = field(default_factory=list)


class Registre:
    """The identifiers known for one platform."""

    def __init__(self, path: Path, url: str) -> None:
        self.path, self.url = path, url

    def _all(self) -> dict:
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    def of(self, key: str) -> dict:
        """`{"jeu": id or None, "ressources": {path: id}}`."""
        return self._all().get(self.url, {}).get(key) or {"jeu": None, "ressources": {}}

    def keep(self, key: str, jeu: str, chemin: str | None = None, ressource: str | None = None) -> None:
        """Remember an identifier; the file is replaced whole, never half written."""
        everything, known = self._all(), self.of(key)
        known["jeu"] = jeu
        if chemin:
            known["ressources"][chemin] = ressource
        everything.setdefault(self.url, {})[key] = known
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partiel")
        partial.write_text(
            json.dumps(everything, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        partial.replace(self.path)


class Publication:
    """One platform, its client and its register."""

    def __init__(self, *, envoyer: bool = False, sleep: Callable[[float], Any] = time.sleep) -> None:
        self.url = base_url()
        key = os.environ.get("PILOTAGE_DATAGOUV_CLE") or None
        self.organisation = os.environ.get("PILOTAGE_DATAGOUV_ORGANISATION") or None
        if envoyer and not (key and self.organisation):
            missing = "PILOTAGE_DATAGOUV_ORGANISATION" if key else "PILOTAGE_DATAGOUV_CLE"
            raise ErreurConfiguration(
                f"{missing} n'est pas renseigné",
                attendu="une clé du profil de cette plateforme et l'identifiant de l'organisation",
                conseil="sans --envoyer, `pilotage publier` dit seulement ce qui serait fait",
            )
        self.registre = Registre(get_settings().home / "datagouv.json", self.url)
        self.client: Client = open_client(self.url, key)
        self.sleep = sleep

    def plan(self, jeu: Jeu) -> Plan:
        """What would be done; only reads."""
        self._refuse_simulated(jeu)
        return patiently(lambda: self._plan(jeu), jeu.cle, self.sleep)

    def publish(self, jeu: Jeu) -> Iterator[Geste]:
        """Do it, and tell each file as it is done.

        Raises:
            ErreurDatagouv: refused; what was done is kept and not done again.
        """
        self._refuse_simulated(jeu)
        dataset = patiently(lambda: self._put_dataset(jeu), jeu.cle, self.sleep)
        for fichier in jeu.fichiers:
            what = f"{jeu.cle}/{fichier.chemin}"
            yield patiently(lambda one=fichier: self._put_file(jeu, dataset, one), what, self.sleep)

    def _plan(self, jeu: Jeu) -> Plan:
        dataset = self._find(jeu)
        if dataset is None:
            return Plan(jeu, CREER, None, [Geste(one, CREER, None) for one in jeu.fichiers])
        action = GARDER if _says(dataset, jeu.charge) else DECRIRE
        gestes = [self._gesture(jeu, dataset, one) for one in jeu.fichiers]
        used, mine = {g.ressource for g in gestes}, set(self.registre.of(jeu.cle)["ressources"].values())
        left = [one.title for one in dataset.resources if one.id in mine - used]
        return Plan(jeu, action, dataset.id, gestes, left)

    def _find(self, jeu: Jeu) -> Dataset | None:
        """The dataset that we know, or, where the register was lost, the organisation's that bears our key."""
        known = self.registre.of(jeu.cle)["jeu"]
        if known:
            return self.client.dataset(known)
        if not self.organisation:
            return None
        theirs = self.client.organization(self.organisation, fetch=False).datasets
        found = next((one for one in theirs if (one.extras or {}).get(CLE_JEU) == jeu.cle), None)
        return self.client.dataset(found.id) if found else None

    def _put_dataset(self, jeu: Jeu) -> Dataset:
        dataset = self._find(jeu)
        if dataset is None:
            dataset = self.client.create_dataset({**jeu.charge, "organization": self.organisation})
        elif not _says(dataset, jeu.charge):
            dataset.update({**jeu.charge, "extras": {**(dataset.extras or {}), **jeu.charge["extras"]}})
        self.registre.keep(jeu.cle, dataset.id)
        return dataset

    def _put_file(self, jeu: Jeu, dataset: Dataset, fichier: Fichier) -> Geste:
        geste = self._gesture(jeu, dataset, fichier)
        path = str(fichier.local)
        if geste.action == CREER:
            try:
                created = dataset.create_static(path, dict(fichier.description))
            except Passager:  # a try may have left its file behind: the next one must see it rather than add another
                dataset.refresh()
                raise
            dataset.resources.append(created)
            geste = Geste(fichier, CREER, created.id)
        else:
            resource = next(one for one in dataset.resources if one.id == geste.ressource)
            said = {**fichier.description, "extras": {**(resource.extras or {}), **fichier.description["extras"]}}
            if geste.action == REMPLACER:
                resource.update(said, file_to_upload=path, timeout=DELAI_S)
            elif geste.action == DECRIRE:
                resource.update(said)
        self.registre.keep(jeu.cle, dataset.id, fichier.chemin, geste.ressource)
        return geste

    def _gesture(self, jeu: Jeu, dataset: Dataset, fichier: Fichier) -> Geste:
        known = self.registre.of(jeu.cle)["ressources"]
        resource = next((one for one in dataset.resources if one.id == known.get(fichier.chemin)), None)
        if resource is None:
            free = [one for one in dataset.resources if one.id not in known.values()]
            resource = next((one for one in free if (one.extras or {}).get(CLE_CHEMIN) == fichier.chemin), None)
            orphans = (one for one in free if not (one.extras or {}).get(CLE_CHEMIN))
            resource = resource or next((one for one in orphans if _same_content(one, fichier)), None)
        if resource is None:
            return Geste(fichier, CREER, None)
        if not _same_content(resource, fichier):
            return Geste(fichier, REMPLACER, resource.id)
        return Geste(fichier, GARDER if _says(resource, fichier.description) else DECRIRE, resource.id)

    def _refuse_simulated(self, jeu: Jeu) -> None:
        if self.url == PRODUCTION and (jeu.est_simule or get_settings().is_simulation):
            raise ErreurPublication(
                "des données simulées ne se publient pas en production",
                source=jeu.cle,
                conseil="PILOTAGE_DATAGOUV_URL=demo pour un essai, ou un entrepôt de données réelles",
            )


def read_sets(names: list[str] | None = None, folder: Path | None = None) -> list[Jeu]:
    """Packages to publish: those of the last export, or of `folder`.

    Raises:
        ErreurPublication: no export, or no such package.
    """
    folder = folder or latest_export(get_settings().exports)
    if folder is None:
        raise ErreurPublication("aucun export à publier", conseil="`python -m pilotage exporter` en écrit un")
    found = read_packages(folder)
    by_name = {jeu.cle.removeprefix("pilotage-"): jeu for jeu in found}
    unknown = [name for name in names or [] if name.removeprefix("pilotage-") not in by_name]
    if unknown:
        raise ErreurPublication(f"jeu inconnu : {', '.join(unknown)}", attendu=", ".join(by_name), fichier=str(folder))
    return [by_name[name.removeprefix("pilotage-")] for name in names] if names else found


def _same_content(resource: Resource, fichier: Fichier) -> bool:
    """By the platform's own checksum; without one, by the size and the checksum that we left in `extras`."""
    checksum = resource.checksum or {}
    if checksum.get("type") in SOMMES and checksum.get("value"):
        return fichier.digest(checksum["type"]) == checksum["value"]
    return (resource.extras or {}).get(CLE_SOMME) == fichier.sha256 and resource.filesize in (None, fichier.octets)


def _says(remote: Dataset | Resource, said: dict) -> bool:
    """True when the platform already says all of this."""
    return all(_agrees(getattr(remote, name, None), value) for name, value in said.items())


def _agrees(remote: Any, value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(remote, dict) and all(_agrees(remote.get(name), one) for name, one in value.items())
    if isinstance(value, list):
        return sorted(remote or []) == sorted(value)
    return (remote or "").strip() == value.strip()
