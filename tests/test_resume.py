"""The digest: what changed between two generations, in French, once a day and channel, tried again when refused."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pilotage import generations
from pilotage.config import Settings
from pilotage.database import get_engine
from pilotage.errors import ErreurConfiguration
from pilotage.resume import mots
from pilotage.resume.envoi import JOURNAL, resumer_nuit
from pilotage.resume.faits import Mesure
from pilotage.resume.lecture import read_facts
from pilotage.resume.message import Resume, compose
from pilotage.resume.requetes import AXES
from pilotage.resume.sections import LIGNES_MAX, direction

OLD, NEW = "g20260101t000000", "g20260102t000000"
AIN, JURA = "departement:01", "departement:39"
LUNDI = dt.datetime(2026, 1, 5, 4, tzinfo=dt.UTC)
MARDI = LUNDI + dt.timedelta(days=1)
TABLES = {
    "commun.dim_territoires": "cle_territoire text, nom_territoire text, population bigint",
    "commun.dim_indicateurs": "code_indicateur text, libelle text, unite text, sens text",
    "commun.dim_actions": "code_action text, libelle text",
    "commun.dim_services": "service text, libelle text, ordre int",
    "commun.dim_lieux": "id_lieu text, nom_lieu text, categorie text, code_commune text, est_ouvert boolean",
    "commun.dim_sources": "source text, titre text, date_donnees date, fraicheur_max_jours int",
    "commun.pont_communes_territoires": "code_commune text, niveau text, code_territoire text",
    "synthese.suivi": "cle_territoire text, code_indicateur text, etat text, motif text",
    "synthese.enjeux_prioritaires": "cle_territoire text, code_action text, rang smallint, raison text",
    "recommandation.decisions": "code_commune text, service text, action text, libelle_action text",
} | {
    f"{axe}.indicateurs_{axe}": "cle_territoire text, code_indicateur text, millesime text, date_donnees date, "
    "valeur double precision"
    for axe in AXES
}
SAME = {
    "commun.dim_territoires": [
        (AIN, "Ain", 600000),
        (JURA, "Jura", 250000),
        ("commune:01053", "Bourg-en-Bresse", 41000),
        ("commune:01004", "Ambérieu-en-Bugey", 15000),
        ("commune:39300", "Lons-le-Saunier", 17000),
    ],
    "commun.dim_indicateurs": [
        ("fibre", "Locaux raccordables à la fibre", "% des locaux", "plus"),
        ("loin", "Population loin d'un guichet", "% de la population", "moins"),
        ("perdu", "Délibérations publiées", "% des délibérations", "plus"),
        ("fixe", "Aidants habilités", "aidants pour 10 000 habitants", "plus"),
    ],
    "commun.dim_actions": [(f"a{n}", f"Action {n}") for n in range(1, 8)],
    "commun.dim_services": [("poste", "Point de La Poste", 1), ("caf", "Accueil de la CAF", 2)],
    "commun.dim_sources": [
        ("a__fraiche", "Jeu frais", "2025-12-01", 400),
        ("a__vieille", "Jeu ancien", "2020-01-01", 100),
        ("a__juste", "Jeu qui vieillit", "2025-12-02", 33),  # late from 2026-01-05
    ],
    "commun.pont_communes_territoires": [
        ("01053", "departement", "01"),
        ("01004", "departement", "01"),
        ("39300", "departement", "39"),
    ],
}
BEFORE = {
    "infrastructures.indicateurs_infrastructures": [
        (AIN, "fibre", "2024", "2024-12-31", 80.0),
        (AIN, "fibre", "2023", "2023-12-31", 10.0),
        (JURA, "fibre", "2024", "2024-12-31", 70.0),
    ],
    "services.indicateurs_services": [
        (AIN, "loin", "2024", "2024-06-30", 12.0),
        (AIN, "perdu", "2024", "2024-06-30", 5.0),
    ],
    "usages.indicateurs_usages": [(AIN, "fixe", "2024", "2024-06-30", 1.31)],
    "synthese.suivi": [(AIN, "fibre", "en bonne voie", None), (AIN, "loin", "en bonne voie", None)],
    "synthese.enjeux_prioritaires": [(AIN, f"a{n}", n, f"Raison {n}.") for n in range(1, 7)],
    "recommandation.decisions": [
        ("01053", "poste", "maintenir", "maintenir"),
        ("01004", "poste", "maintenir", "maintenir"),
    ],
    "commun.dim_lieux": [
        ("l1", "Médiathèque du centre", "bibliotheque", "01053", True),
        ("l2", "Poste du Bugey", "la_poste", "01004", True),
        ("l3", "Relais d'Ambérieu", "msap", "01004", True),
    ],
}
AFTER = BEFORE | {
    "infrastructures.indicateurs_infrastructures": [
        (AIN, "fibre", "2025", "2025-12-31", 84.25),
        (AIN, "fibre", "2023", "2023-12-31", 11.0),
        (JURA, "fibre", "2024", "2024-12-31", 70.0),
    ],
    "services.indicateurs_services": [(AIN, "loin", "2024", "2024-06-30", 13.5)],
    "synthese.suivi": [(AIN, "fibre", "en bonne voie", None), (AIN, "loin", "s'éloigne", "la part augmente")],
    "synthese.enjeux_prioritaires": [
        (AIN, "a6", 1, "Contact : jean.dupont@ville.fr ou 04 74 00 00 00, 13,5 % de la population."),
        *[(AIN, f"a{n}", n + 1, f"Raison {n}.") for n in range(1, 6)],
    ],
    "recommandation.decisions": [
        ("01053", "poste", "implanter", "implanter"),
        ("01004", "poste", "maintenir", "maintenir"),
        ("01053", "caf", "maintenir", "maintenir"),
    ],
    "commun.dim_lieux": [
        ("l1", "Médiathèque du centre", "bibliotheque", "01053", True),
        ("l2", "Poste du Bugey", "la_poste", "01004", False),
        ("l4", "France services de Bourg", "france_services", "01053", True),
    ],
}


def publish(name: str, rows: dict[str, list[tuple]]) -> None:
    with get_engine().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO pilotage.generations (generation, etat, empreinte, est_simulee) VALUES (:g, :e, :g, true)"
            ),
            {"g": name, "e": "en_construction"},
        )
        for schema in generations.SCHEMAS:
            connection.execute(text(f"CREATE SCHEMA {schema}__{name}"))
        for table, columns in TABLES.items():
            full = table.replace(".", f"__{name}.")
            connection.execute(text(f"CREATE TABLE {full} ({columns})"))
            for row in (SAME | rows).get(table, []):
                values = {f"v{n}": value for n, value in enumerate(row)}
                connection.execute(text(f"INSERT INTO {full} VALUES ({', '.join(f':{v}' for v in values)})"), values)
    generations.switch(name)
    with get_engine().begin() as connection:
        when = {"q": LUNDI - dt.timedelta(hours=6 if name == NEW else 30), "g": name}
        connection.execute(
            text("UPDATE pilotage.generations SET creee_le = :q, publiee_le = :q WHERE generation = :g"), when
        )


@pytest.fixture(scope="module")
def deux(warehouse: Settings) -> Settings:
    """A warehouse whose visible generation differs from the former one in every section."""
    publish(OLD, BEFORE)
    publish(NEW, AFTER)
    return warehouse


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch: pytest.MonkeyPatch, deux: Settings):
    monkeypatch.setenv("PILOTAGE_HOME", str(tmp_path))
    monkeypatch.setenv("PILOTAGE_TERRITOIRES", AIN)
    with get_engine().begin() as connection:
        for table in ("pilotage.etapes", "pilotage.livraisons"):
            connection.execute(text(f"DELETE FROM {table}"))
    return tmp_path


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict]:
    """A web server that answers what `etat` says and keeps what it took."""
    state: dict = {"etat": 200, "recus": []}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if state["etat"] == 200:
                state["recus"].append(body)
            self.send_response(state["etat"])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("PILOTAGE_ALERTE_WEBHOOK", f"http://127.0.0.1:{server.server_port}/")
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def smtp(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A mail server that takes everything."""
    taken: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 ici\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 allez\r\n")
                    lines = []
                    while (part := self.rfile.readline()) != b".\r\n":
                        lines.append(part)
                    taken.append(b"".join(lines))
                self.wfile.write(b"221 fin\r\n" if verb == b"QUIT" else b"250 oui\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("PILOTAGE_SMTP_URL", f"smtp://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("PILOTAGE_ALERTE_COURRIEL", "elue@example.fr")
    yield taken
    server.shutdown()
    server.server_close()


def digest(*territoires: str, **options) -> Resume:
    return compose(read_facts(list(territoires) or [AIN], **{"maintenant": LUNDI, **options}))


def lines(resume: Resume, code: str, part: int = 0) -> list[str]:
    return next((s.lignes for s in resume.parties[part][1] if s.code == code), [])


def test_values_are_told_with_sense_date_and_vintage() -> None:
    assert lines(digest(), "indicateurs") == [
        "Plus connu : Délibérations publiées ; valait 5 % des délibérations au 30/06/2024.",
        "Moins bien : Population loin d'un guichet : 12 → 13,5 % de la population "
        "(données du 30/06/2024, recalculées ou corrigées).",
        "Mieux : Locaux raccordables à la fibre : 80 → 84,2 % des locaux "
        "(nouveau millésime : 31/12/2025, avant 31/12/2024).",
    ]


def test_drifts_stakes_recommendations_and_doors() -> None:
    resume = digest()
    assert lines(resume, "derives") == [
        "Population loin d'un guichet : « en bonne voie » → « s'éloigne » : la part augmente."
    ]
    entered, left = lines(resume, "enjeux")
    assert entered.startswith("Entre au rang 1, était au rang 6 : Action 6.") and "13,5 % de la population" in entered
    assert left == "Sort : Action 5 (était au rang 5, passe au rang 6)."
    assert lines(resume, "recommandations") == ["Point de La Poste : « maintenir » → « implanter » : Bourg-en-Bresse."]
    assert sorted(lines(resume, "lieux")) == [
        "Fermé : Poste du Bugey, point La Poste, à Ambérieu-en-Bugey.",
        "N'est plus dans les sources : Relais d'Ambérieu, maison de services au public, à Ambérieu-en-Bugey.",
        "Ouvert : France services de Bourg, France services, à Bourg-en-Bresse.",
    ]
    assert lines(resume, "services", 1) == ["Accueil de la CAF"]


def test_no_address_and_no_telephone_in_any_form() -> None:
    resume = digest()
    for written in (resume.texte, resume.html, json.dumps(resume.champs, ensure_ascii=False)):
        assert "dupont" not in written and "04 74" not in written and "[adresse retirée]" in written


def test_a_source_is_told_the_day_it_becomes_late_and_never_again() -> None:
    late = lines(digest(), "sources", 1)
    assert late == ["Jeu qui vieillit : données du 02/12/2025, à renouveler avant le 04/01/2026."]
    after = digest(maintenant=MARDI, racontee=NEW, depuis=LUNDI)
    assert not after.a_change and "2 sources étaient déjà trop anciennes" in after.texte


def test_failures_refusals_and_quarantine_of_the_night() -> None:
    with get_engine().begin() as connection:
        step = text(
            "INSERT INTO pilotage.etapes (nuit, etape, objet, etat, debut, message) VALUES ('n',:e,:o,:s,:d,:m)"
        )
        for etape, etat, hours in (
            ("load", "echouee", 2),
            ("gate", "echouee", 2),
            ("gate", "reussie", 1),
            ("fetch", "echouee", 99),
        ):
            values = {"e": etape, "o": "a__vieille", "s": etat, "d": LUNDI - dt.timedelta(hours=hours)}
            connection.execute(step, {**values, "m": "impossible : (psycopg.errors.Undefined) missing x"})
        delivery = text(
            "INSERT INTO pilotage.livraisons (livraison, source, millesime, fichier, table_raw, sha256, "
            "taille_octets, url, etat, motif, nb_quarantaine, decidee_le) "
            "VALUES (:l, :s, '2025', 'f', 't', :l, 1, 'u', :e, :m, :q, :d)"
        )
        for name, etat, quarantaine in (("a__fraiche", "refusee", 0), ("a__juste", "acceptee", 3)):
            values = {"l": name, "s": name, "e": etat, "m": "colonne absente", "q": quarantaine, "d": LUNDI}
            connection.execute(delivery, values)
    resume = digest()
    (failure,) = lines(resume, "nuit", 1)
    assert failure.startswith("Chargement de a__vieille, le ") and failure.endswith(
        ": impossible : erreur de base de données"
    )
    assert lines(resume, "livraisons", 1) == [
        "Refusée : Jeu frais, 2025 : colonne absente ; la précédente reste servie.",
        "Jeu qui vieillit, 2025 : 3 lignes mises de côté ; `pilotage quarantaine` dit pourquoi.",
    ]


def test_each_territory_has_its_own_part_and_an_unknown_one_is_named() -> None:
    resume = digest(AIN, JURA, maintenant=LUNDI - dt.timedelta(days=1))
    assert [titre for titre, _ in resume.parties] == ["Ain", "Données et fonctionnement"]
    assert "Jura : rien n'a changé." in resume.texte
    assert resume.sujet == "DONNÉES SIMULÉES : Pilotage, Ain, Jura : ce qui a changé"
    with pytest.raises(ErreurConfiguration, match=r"territoire inconnu : epci:1 .*PILOTAGE_TERRITOIRES"):
        digest("epci:1")


def test_a_section_is_bounded() -> None:
    facts = read_facts([AIN], maintenant=LUNDI)
    measure = facts.territoires[0].mesures[0]
    facts.territoires[0].mesures.extend([measure] * 30)
    written = lines(compose(facts), "indicateurs")
    assert len(written) == LIGNES_MAX + 1 and written[-1] == "… et 23 autres."


def test_a_former_generation_of_an_older_release_is_compared_where_it_can_be() -> None:
    with get_engine().begin() as connection:
        connection.execute(text(f"ALTER TABLE synthese__{OLD}.suivi RENAME TO suivi_ancien"))
    try:
        resume = digest()
    finally:
        with get_engine().begin() as connection:
            connection.execute(text(f"ALTER TABLE synthese__{OLD}.suivi_ancien RENAME TO suivi"))
    assert "absents de la publication précédente : le suivi" in resume.texte
    assert lines(resume, "indicateurs") and not lines(resume, "derives")


def test_one_message_a_day_then_nothing_when_nothing_changed(
    webhook: dict, smtp: list[bytes], home, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = resumer_nuit(maintenant=LUNDI)
    assert first["envois"] == {"webhook": "envoyé", "courriel": "envoyé"}
    second = resumer_nuit(maintenant=LUNDI + dt.timedelta(hours=2))
    assert set(second["envois"].values()) == {"déjà envoyé aujourd'hui"}
    third = resumer_nuit(maintenant=MARDI)
    assert set(third["envois"].values()) == {"rien à dire"} and not third["a_change"]
    assert (len(webhook["recus"]), len(smtp)) == (1, 1)
    monkeypatch.setenv("PILOTAGE_RESUME_TOUJOURS", "1")
    assert resumer_nuit(maintenant=MARDI)["envois"]["courriel"] == "envoyé"
    assert "Rien n'a changé" in webhook["recus"][1]["text"]
    assert len((home / JOURNAL).read_text().splitlines()) == 4


def test_what_each_channel_receives(webhook: dict, smtp: list[bytes]) -> None:
    resumer_nuit(maintenant=LUNDI)
    (body,) = webhook["recus"]
    assert body["text"].startswith("DONNÉES SIMULÉES : Pilotage, Ain : ce qui a changé\n")
    assert body["generation_precedente"] == OLD
    assert body["territoires"][0]["sections"]["lieux"]["total"] == 3
    message = email.message_from_bytes(smtp[0], policy=email.policy.default)
    assert message["Subject"] == "DONNÉES SIMULÉES : Pilotage, Ain : ce qui a changé"
    plain, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Mieux : Locaux raccordables" in plain and "<" not in plain
    assert html.startswith('<!DOCTYPE html><html lang="fr">') and "<h2>Ain</h2><h3>" in html and "d&#x27;un" in html


def test_a_channel_that_refuses_is_tried_again_alone(webhook: dict, smtp: list[bytes]) -> None:
    webhook["etat"] = 503
    first = resumer_nuit(maintenant=LUNDI)["envois"]
    assert first["webhook"].startswith("non envoyé : HTTPStatusError") and first["courriel"] == "envoyé"
    webhook["etat"] = 200
    second = resumer_nuit(maintenant=LUNDI + dt.timedelta(hours=1))["envois"]
    assert second == {"webhook": "envoyé", "courriel": "déjà envoyé aujourd'hui"}
    assert "Mieux : Locaux raccordables" in webhook["recus"][0]["text"] and len(smtp) == 1


def test_the_command_prints_and_sends_only_when_told(webhook: dict) -> None:
    from pilotage.__main__ import app
    from pilotage.commandes.resumer import resumer

    if "resumer" not in {command.name or command.callback.__name__ for command in app.registered_commands}:
        app.command()(resumer)
    runner = CliRunner()
    printed = runner.invoke(app, ["resumer", "--territoire", AIN])
    assert printed.exit_code == 0 and "Mieux : Locaux raccordables" in printed.output and not webhook["recus"]
    sent = runner.invoke(app, ["resumer", "--envoyer"])
    assert "webhook : envoyé" in sent.output and len(webhook["recus"]) == 1


@pytest.mark.parametrize(
    ("avant", "apres", "sens", "attendu"),
    [
        (1.0, 2.0, "plus", "mieux"),
        (1.0, 2.0, "moins", "moins bien"),
        (1.0, 1.001, "plus", "stable"),
        (None, 0.0, "plus", "nouveau"),
        (0.0, None, "plus", "perdu"),
    ],
)
def test_direction(avant: float | None, apres: float | None, sens: str, attendu: str) -> None:
    assert direction(Mesure("x", "", sens, avant, apres, None, None, "1", "1")) == attendu


def test_numbers_are_french() -> None:
    assert [mots.number(v) for v in (0, -0.01, 12, 1234567.25)] == ["0", "0", "12", "1\u00a0234\u00a0567,2"]
    assert mots.move(0.11, 0.14) == ("0,11", "0,14")
