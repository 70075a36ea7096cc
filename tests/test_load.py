"""Loading into raw: what goes in is what stands in the file, and each kind of bad file is refused by name."""

from __future__ import annotations

import csv
import hashlib
import io

import psycopg
import pytest

from pilotage.catalogue import load_catalogue
from pilotage.config import Settings
from pilotage.database import psycopg_connection
from pilotage.errors import ErreurChargement, ErreurDepot, ErreurPilotage
from pilotage.load import Livraison, attach, load_source, pending
from pilotage.magasin import ErreurMagasin
from pilotage.readers import describe, iter_records, read_columns
from tests.entrepot_reel import JUGEES, EntrepotReel
from tests.livraisons import deliver

DEBITS = "arcep__debits"
NAME = "commune-debit-beta.csv"
HEADER = (
    "code_insee;nom_com;code_dep;code_reg;nbr;type;inel_hd;elig_hd05;elig_hd3;elig_hd8;elig_thd30;elig_thd100;"
    "elig_thd1g;date"
)
BANNER = "Version beta : les données sont présentées en l’état"
ROWS = [
    "99001;Vaudreline;99;94;148;logloc;0;0;0;10;0;0;138;2019-09-30",
    "99002;Ormelles;99;94;7;logloc;0;0;0;0;0;0;7;2019-09-30",
]


def debits(rows: list[str] = ROWS, header: str = HEADER, encoding: str = "utf-8") -> bytes:
    return ("\n".join([BANNER, header, *rows]) + "\n").encode(encoding)


@pytest.fixture(autouse=True)
def _clean(warehouse: Settings) -> None:
    with psycopg_connection() as connection:
        connection.execute("DELETE FROM pilotage.livraisons")
        for schema in ("raw", "raw_candidats"):
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")


def accept(livraison: str) -> None:
    with psycopg_connection() as connection:
        attach(connection, livraison)


def raw(query: str) -> list[tuple]:
    with psycopg_connection() as connection:
        return connection.execute(query).fetchall()


def state(livraison: str) -> tuple[str, str | None]:
    return raw(f"SELECT etat, motif FROM pilotage.livraisons WHERE livraison = '{livraison}'")[0]


def serve_good_data() -> str:
    good = deliver(DEBITS, "2019-09-30", NAME, debits())
    load_source(DEBITS)
    accept(good)
    return good


def test_text_is_kept_as_it_stands() -> None:
    livraison = serve_good_data()
    assert raw("SELECT code_insee, nom_com, elig_thd1g, _millesime, _livraison, _ligne FROM raw.arcep__debits") == [
        ("99001", "Vaudreline", "138", "2019-09-30", livraison, 1),
        ("99002", "Ormelles", "7", "2019-09-30", livraison, 2),
    ]


def test_a_new_delivery_replaces_that_of_the_same_file_only() -> None:
    serve_good_data()
    other = deliver(DEBITS, "2019-09-30", NAME, debits(ROWS[:1]))
    load_source(DEBITS)
    assert raw("SELECT count(*) FROM raw.arcep__debits") == [(2,)], "a candidate is not served"
    accept(other)
    assert raw("SELECT count(*), min(_livraison) FROM raw.arcep__debits") == [(1, other)]


def test_nothing_is_pending_after_loading_and_again_when_the_gate_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_good_data()
    assert pending(DEBITS) == []
    monkeypatch.setattr("pilotage.load.rules_hash", lambda source, table: "changed")
    assert [d.fichier for d in pending(DEBITS)] == [NAME]


FAULTS = {
    "missing column": (
        debits([r.rsplit(";", 1)[0] for r in ROWS], HEADER.rsplit(";", 1)[0]),
        ["colonne « date »", "colonne absente", "comparer la fiche au fichier"],
    ),
    "wrong encoding": (debits(["99001;Vaudréline" + ROWS[0][16:]], encoding="cp1252"), ["utf-8", "ligne"]),
    "file of another source": (b"avertissement\nsiren;nom\n1;x\n", ["fichier d'une autre source", "attendu"]),
    "empty file": (b"", ["fichier vide", "retélécharger"]),
    "header only": (debits([]), ["aucune ligne"]),
    "cut in the middle of a row": (debits([ROWS[0], "99002;Orm"]), ["ligne 4", "valeurs manquantes", "en-tête"]),
    "one value too many": (debits([ROWS[0], ROWS[1] + ";x"]), ["ligne 4", "en-tête"]),
    "unclosed quote": (debits([ROWS[0], '99002;"Ormelles;99']), ["guillemet jamais refermé"]),
    "NUL byte": (debits([ROWS[0], ROWS[1].replace("Ormelles", "Or\0melles")]), ["ligne 4"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_file_is_refused_by_name_and_yesterday_stays(fault: str) -> None:
    serve_good_data()
    content, words = FAULTS[fault]
    bad = deliver(DEBITS, "2019-09-30", NAME, content)
    with pytest.raises(ErreurPilotage) as caught:
        load_source(DEBITS)
    message = str(caught.value)
    for word in [DEBITS, f"2019-09-30/{NAME}", *words]:
        assert word in message
    assert state(bad)[0] == "refusee" and state(bad)[1] in message
    assert raw("SELECT count(*) FROM raw.arcep__debits") == [(2,)]
    assert pending(DEBITS) == [], "a refused delivery waits for another card or another file"


def test_a_new_column_is_told_and_left_in_the_landing() -> None:
    rows = [f"{row};9" for row in ROWS]
    livraison = deliver(DEBITS, "2019-09-30", NAME, debits(rows, HEADER + ";elig_thd10g"))
    report = load_source(DEBITS)
    accept(livraison)
    assert report.nouvelles_colonnes == [f"2019-09-30/{NAME} : elig_thd10g"]
    assert state(livraison) == ("acceptee", "colonnes nouvelles non retenues : elig_thd10g")
    assert raw("SELECT code_insee, date FROM raw.arcep__debits ORDER BY 1") == [
        ("99001", "2019-09-30"),
        ("99002", "2019-09-30"),
    ]


def test_columns_in_another_order_find_their_place() -> None:
    names = HEADER.split(";")[::-1]
    rows = [";".join(row.split(";")[::-1]) for row in ROWS]
    livraison = deliver(DEBITS, "2019-09-30", NAME, debits(rows, ";".join(names)))
    load_source(DEBITS)
    accept(livraison)
    assert raw("SELECT code_insee, nom_com, date FROM raw.arcep__debits WHERE _ligne = 1") == [
        ("99001", "Vaudreline", "2019-09-30")
    ]


def test_utf8_where_the_card_says_cp1252_is_refused() -> None:
    header = "#Code_commune_INSEE;Nom_de_la_commune;Code_postal;Libellé_d_acheminement;Ligne_5"
    content = f"{header}\r\n99001;VAUDRELINE;99100;VAUDRELINE;\r\n"
    deliver("laposte__codes_postaux", "2024-01", "019HexaSmal.csv", content.encode("utf-8"))
    with pytest.raises(ErreurPilotage, match="le fichier est en utf-8"):
        load_source("laposte__codes_postaux")
    deliver("laposte__codes_postaux", "2024-01", "019HexaSmal.csv", content.encode("cp1252"))
    assert load_source("laposte__codes_postaux").lignes == 1


def test_one_bad_file_does_not_hold_the_others_up() -> None:
    bad = deliver("insee__filosofi", "2019", "cc_filosofi_2019_COM.CSV", b"CODGEO\n1\n")
    names = load_catalogue()["insee__filosofi"].tables[0].noms
    header = ";".join(nom.upper() + "20" * (nom != "codgeo") for nom in names)
    good = deliver("insee__filosofi", "2020", "cc_filosofi_2020_COM.csv", f"{header}\n99001{';s' * 27}\n".encode())
    with pytest.raises(ErreurPilotage, match="colonne absente"):
        load_source("insee__filosofi")
    assert state(bad)[0] == "refusee"
    assert state(good)[0] == "candidate"


def test_a_file_that_the_card_does_not_know() -> None:
    deliver(DEBITS, "2019-09-30", "autre.csv", b"a;b\n1;2\n")
    with pytest.raises(ErreurPilotage, match="la fiche ne connaît pas"):
        load_source(DEBITS)


def test_damaged_landing_is_seen(warehouse: Settings) -> None:
    content = debits([ROWS[1]])
    deliver(DEBITS, "2019-09-30", NAME, content)
    path = warehouse.landing / DEBITS / "2019-09-30" / hashlib.sha256(content).hexdigest() / NAME
    path.write_bytes(content[:-3])
    with pytest.raises(ErreurPilotage, match="abîmé"):
        load_source(DEBITS)
    assert pending(DEBITS), "the file is not at fault: it will be loaded once taken again"
    assert not path.exists() and path.with_name(f"{NAME}.abime").exists()
    path.write_bytes(content)
    assert load_source(DEBITS).lignes == 1


def test_attach_is_one_transaction() -> None:
    good = serve_good_data()
    other = deliver(DEBITS, "2019-09-30", NAME, debits(ROWS[:1]))
    load_source(DEBITS)
    connection = psycopg_connection()
    attach(connection, other)
    connection.rollback()
    connection.close()
    assert raw("SELECT count(*), min(_livraison) FROM raw.arcep__debits") == [(2, good)]
    assert state(other)[0] == "candidate"
    accept(other)
    assert raw("SELECT count(*) FROM raw.arcep__debits") == [(1,)]


@pytest.mark.parametrize("other", [ErreurMagasin("magasin muet"), ErreurDepot("fichier perdu")])
def test_a_silent_store_is_asked_again_whatever_the_number_of_deliveries(monkeypatch, other) -> None:
    """One more attempt is worth it only when the store alone is at fault: airflow retries ErreurMagasin."""
    for millesime in ("2019-09-30", "2026-06-30"):
        deliver(DEBITS, millesime, NAME, debits())
    raised = iter([ErreurMagasin("magasin muet"), other])
    monkeypatch.setattr(Livraison, "path", lambda *_: (_ for _ in ()).throw(next(raised)))
    with pytest.raises(ErreurPilotage, match=r"magasin muet \| ") as caught:
        load_source(DEBITS)
    assert type(caught.value) is (ErreurMagasin if isinstance(other, ErreurMagasin) else ErreurChargement)


def test_killed_loading_can_be_taken_up_again() -> None:
    """A candidate table left half-way by a kill does not disturb the next loading."""
    livraison = deliver(DEBITS, "2019-09-30", NAME, debits())
    with psycopg_connection() as connection:
        connection.execute(f"CREATE TABLE raw_candidats.arcep__debits__{livraison} (reste text)")
        connection.execute(f"CREATE SEQUENCE raw_candidats.rang__{livraison}")
    assert load_source(DEBITS).lignes == 2


@pytest.mark.lent
def test_every_real_file_loads_to_as_many_rows_as_an_independent_reader_counts(entrepot_reel: EntrepotReel) -> None:
    """PostgreSQL's csv reader and Python's agree on the rows, and on the text of the last of them."""
    with entrepot_reel.opened():
        for source, card in load_catalogue().items():
            folder = entrepot_reel.mirror / source
            if not folder.is_dir():
                assert card.est_apport or not card.verifiee, f"{source} : seen on a real file, yet not in the mirror"
                continue
            files = [path for path in folder.glob("*/*") if path.is_file()]
            read = [livre for path in files if (livre := describe(card, path.parent.name, path))]
            loaded = raw(
                "SELECT millesime, fichier, table_raw, livraison FROM pilotage.livraisons "
                f"WHERE source = '{source}' AND table_raw IS NOT NULL"
            )
            deliveries = {(millesime, fichier): (table, livraison) for millesime, fichier, table, livraison in loaded}
            assert len(deliveries) == len(loaded) == len(read) > 0, source
            assert sum(_compare(card, livre, *deliveries[livre.millesime, livre.chemin.name]) for livre in read) > 0


def _compare(card, livre, table: str, livraison: str) -> int:
    """Rows of a file, those set aside included: as many as the reader counts, and the last one as the reader gives
    it."""
    columns = read_columns(livre)
    counted, last = 0, None
    for last in iter_records(livre):  # noqa: B007
        counted += 1
    assert last is not None, livre.chemin
    expected = {name: v for v, name in zip(last.valeurs, columns.noms, strict=True) if name}
    served = f"FROM raw.{table} WHERE _livraison = '{livraison}'"
    stored = raw(f"SELECT {', '.join(expected)} {served} AND _ligne = {last.rang}")
    ((count,),) = raw(f"SELECT count(*) {served}")
    if card.source in JUGEES:
        aside = raw(f"SELECT contenu, ligne FROM quarantaine.{card.source} WHERE livraison = '{livraison}'")
        count += len(aside)
        stored += [tuple(row[name] for name in expected) for row, ligne in aside if ligne == last.rang]
    assert count == counted, (card.source, livre.chemin.name)
    ((*values,),) = stored
    assert [v or None for v in values] == list(expected.values()), (card.source, livre.chemin.name)
    return count


def test_csv_written_for_copy_reads_back() -> None:
    """Commas, quotes, line breaks and absent values survive the way through csv."""
    from pilotage.readers import Enregistrement, to_csv

    values = ["a,b", 'dit "oui"', "deux\nlignes", None, "é"]
    text = b"".join(to_csv(None, [Enregistrement(1, 1, values)])).decode()
    assert next(csv.reader(io.StringIO(text))) == ["a,b", 'dit "oui"', "deux\nlignes", "", "é"]
    with psycopg_connection() as connection:
        connection.execute("CREATE TEMP TABLE t (a text, b text, c text, d text, e text)")
        with connection.cursor().copy("COPY t FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.encode())
        assert connection.execute("SELECT * FROM t").fetchone() == tuple(values)
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM u")
