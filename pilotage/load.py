"""From the landing into raw: a candidate table a delivery, by COPY, then attached as a partition once accepted.

`raw.<table>` is partitioned by delivery. A candidate stands in `raw_candidats`; gate 1 judges it there; `attach` makes
it a partition in the transaction that drops the delivery it replaces, so that no reader sees neither or both.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from pilotage.catalogue import Source, Table, get_source
from pilotage.config import RACINE, Settings, get_settings
from pilotage.copie import copy_delivery, explain_refusal, partition_name
from pilotage.database import psycopg_connection
from pilotage.demande import Demande
from pilotage.errors import ErreurChargement, ErreurDepot, ErreurPilotage
from pilotage.landing import open_depot, set_aside
from pilotage.magasin import ErreurMagasin
from pilotage.nature import ensure_nature
from pilotage.oppositions import check_key
from pilotage.readers import Livre, describe, iter_records, open_body, read_columns, to_csv
from pilotage.suivi import check_courante

TECHNIQUES = ("_millesime", "_livraison", "_ligne")
CHUNK = 1 << 20


@dataclass
class RapportChargement:
    """What `load_source` did."""

    source: str
    candidates: list[str] = field(default_factory=list)
    refusees: list[str] = field(default_factory=list)
    ecartees: int = 0
    lignes: int = 0
    nouvelles_colonnes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Livraison:
    """A row of pilotage.livraisons, as far as loading needs it."""

    livraison: str
    source: str
    millesime: str
    fichier: str
    sha256: str

    def path(self, settings: Settings) -> Path:
        """The file on this machine, brought with its parts from the store when another one received it."""
        return self.parts(settings)[0][0]

    def parts(self, settings: Settings) -> list[tuple[Path, str]]:
        """The file, then the parts of a shapefile: where each lies on this machine, and the hash it must have."""
        depot, demande = open_depot(settings), Demande(self.source, self.millesime, self.fichier, "")
        wanted = [(demande, self.sha256), *((part, part.sha256) for part in depot.companions(demande))]
        return [(depot.bring(one, sha256), sha256) for one, sha256 in wanted]


def rules_hash(source: Source, table: Table) -> str:
    """Hash of the table's card and of its gate: when either changes, deliveries are loaded and judged again."""
    gate = RACINE / "expectations" / "raw" / f"{source.source}.yml"
    content = gate.read_bytes() if gate.exists() else b""
    return hashlib.sha256(table.empreinte.encode() + content).hexdigest()[:16]


def pending(source: str) -> list[Livraison]:
    """Deliveries to load: just received, or loaded under a card or a gate that has changed since."""
    card = get_source(source)
    query = (
        "SELECT livraison, source, millesime, fichier, sha256, etat, empreinte_fiche FROM pilotage.livraisons "
        "WHERE source = %s AND etat <> 'remplacee' ORDER BY recue_le, millesime, fichier"
    )
    with psycopg_connection() as connection:
        rows = connection.execute(query, (source,)).fetchall()
    waiting = []
    for *identity, state, known in rows:
        delivery = Livraison(*identity)
        if state == "recue" or known != _rules_of(card, delivery):
            waiting.append(delivery)
    return waiting


def _rules_of(card: Source, delivery: Livraison) -> str:
    """Hash of the rules for one delivery; a word for a file that the card leaves aside or does not know."""
    try:
        found = card.find(delivery.fichier, delivery.millesime)
    except ErreurPilotage:
        return "inconnu"
    return rules_hash(card, found[0]) if found else "ecarte"


def load_source(source: str) -> RapportChargement:
    """Copy every pending delivery of a source into its candidate table.

    A delivery that cannot be loaded is marked `refusee` with the reason; the others go on. One whose file was lost or
    damaged on this machine stays to be loaded.

    Raises:
        ErreurLecture, ErreurChargement: at the end, when at least one delivery was refused; all are in the message.
        ErreurMagasin: at the end, when the store alone is at fault.
    """
    settings, card = get_settings(), get_source(source)
    ensure_nature(settings)
    check_key(source)
    report = RapportChargement(source)
    problems: list[ErreurPilotage] = []
    for delivery in pending(source):
        started = time.monotonic()
        try:
            livre = describe(card, delivery.millesime, delivery.path(settings))
            if livre is None:
                report.ecartees += 1
                _decide(delivery, "acceptee", motif="laissée au dépôt par la fiche", empreinte_fiche="ecarte")
                continue
            count, new = _load(livre, delivery)
        except (ErreurDepot, ErreurMagasin) as error:  # the file is not at fault: it stays to be loaded
            problems.append(error)
            continue
        except ErreurPilotage as error:
            _decide(delivery, "refusee", motif=str(error), empreinte_fiche=_rules_of(card, delivery))
            report.refusees.append(delivery.livraison)
            problems.append(error)
            continue
        _decide(
            delivery,
            "candidate",
            motif=f"colonnes nouvelles non retenues : {', '.join(new)}" if new else None,
            table_raw=livre.table.table,
            nb_lignes=count,
            chargement_s=round(time.monotonic() - started, 3),
            empreinte_fiche=rules_hash(card, livre.table),
        )
        report.candidates.append(delivery.livraison)
        report.lignes += count
        report.nouvelles_colonnes += [f"{livre.nom} : {name}" for name in new]
    if len(problems) == 1:
        raise problems[0]
    if problems:  # a store that is silent will speak again: only then is another attempt worth it
        kind = ErreurMagasin if all(isinstance(one, ErreurMagasin) for one in problems) else ErreurChargement
        raise kind(" | ".join(map(str, problems)), source=source)
    return report


def attach(connection: psycopg.Connection, livraison: str) -> None:
    """Make a candidate a partition of its raw table, in place of the delivery of the same vintage and file.

    The caller commits: attaching, dropping the former and the journal are one transaction.
    """
    row = connection.execute(
        "SELECT source, millesime, fichier, table_raw FROM pilotage.livraisons WHERE livraison = %s FOR UPDATE",
        (livraison,),
    ).fetchone()
    if row is None or row[3] is None:
        raise ErreurChargement(f"livraison {livraison} inconnue ou jamais chargée")
    source, millesime, fichier, name = row
    table = next(t for t in get_source(source).tables if t.table == name)
    _ensure_parent(connection, table)
    former = connection.execute(
        "UPDATE pilotage.livraisons SET etat = 'remplacee', decidee_le = now() WHERE source = %s AND millesime = %s "
        "AND fichier = %s AND etat = 'acceptee' AND livraison <> %s RETURNING livraison",
        (source, millesime, fichier, livraison),
    ).fetchall()
    for old in [*(f[0] for f in former), livraison]:
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("raw", partition_name(name, old))))
    candidate = sql.Identifier("raw_candidats", partition_name(name, livraison))
    connection.execute(sql.SQL("ALTER TABLE {} SET SCHEMA raw").format(candidate))
    connection.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES IN ({})").format(
            sql.Identifier("raw", name), sql.Identifier("raw", partition_name(name, livraison)), livraison
        )
    )
    connection.execute(
        "UPDATE pilotage.livraisons SET etat = 'acceptee', decidee_le = now() WHERE livraison = %s", (livraison,)
    )


def _load(livre: Livre, delivery: Livraison) -> tuple[int, list[str]]:
    _check_landing(livre, delivery)
    with psycopg_connection() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"pilotage.raw.{livre.source.source}",))
        check_courante(connection)
        try:
            if livre.est_direct:
                with open_body(livre) as (columns, stream, skipped):
                    count = copy_delivery(
                        connection, livre, delivery, columns, iter(lambda: stream.read(CHUNK), b""), skipped
                    )
            else:
                columns = read_columns(livre)
                chunks = to_csv(livre, iter_records(livre))
                count = copy_delivery(connection, livre, delivery, columns, chunks, None)
        except psycopg.DataError as error:
            raise explain_refusal(livre, error) from error
    if count == 0:
        raise livre.error("aucune ligne", attendu="au moins une", conseil="regarder chez le producteur")
    return count, columns.nouvelles


def _check_landing(livre: Livre, delivery: Livraison) -> None:
    """The landing is content-addressed: a file that no longer has its hash was damaged on this machine."""
    for path, sha256 in delivery.parts(get_settings()):
        try:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError as error:
            raise _lost(livre, path, "absent du dépôt", "le fichier reçu") from error
        if digest != sha256:
            set_aside(path)
            expected = f"empreinte {sha256[:16]}…"
            raise _lost(livre, path, "le fichier du dépôt est abîmé, mis de côté", expected)


def _lost(livre: Livre, path: Path, message: str, attendu: str) -> ErreurDepot:
    return ErreurDepot(
        message,
        source=livre.source.source,
        fichier=f"{livre.millesime}/{path.name}",
        attendu=attendu,
        conseil="rien si le producteur l'offre encore : la prochaine collecte le reprend ; sinon une sauvegarde",
    )


def _ensure_parent(connection: psycopg.Connection, table: Table) -> None:
    """The partitioned table with the card's columns; columns that come or go are added or dropped."""
    parent = sql.Identifier("raw", table.table)
    wanted = [*table.noms, *TECHNIQUES]
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'raw' AND table_name = %s",
        (table.table,),
    ).fetchall()
    if not found:
        columns = [sql.SQL("{} text").format(sql.Identifier(name)) for name in table.noms]
        columns += [sql.SQL("_millesime text NOT NULL"), sql.SQL("_livraison text NOT NULL")]
        columns += [sql.SQL("_ligne bigint NOT NULL")]
        connection.execute(
            sql.SQL("CREATE TABLE {} ({}) PARTITION BY LIST (_livraison)").format(parent, sql.SQL(", ").join(columns))
        )
        return
    known = [row[0] for row in found]
    for name in wanted:
        if name not in known:
            connection.execute(sql.SQL("ALTER TABLE {} ADD COLUMN {} text").format(parent, sql.Identifier(name)))
    for name in known:
        if name not in wanted:
            connection.execute(sql.SQL("ALTER TABLE {} DROP COLUMN {} CASCADE").format(parent, sql.Identifier(name)))


def _decide(delivery: Livraison, state: str, **values: object) -> None:
    names = ["etat", *values]
    assignments = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in names)
    statement = sql.SQL("UPDATE pilotage.livraisons SET {}, decidee_le = now() WHERE livraison = %s")
    with psycopg_connection() as connection:
        check_courante(connection)
        connection.execute(statement.format(assignments), (state, *values.values(), delivery.livraison))
