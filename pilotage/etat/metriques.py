"""The state as metrics: one table of families, from which the registry, the text file and the page are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest

from pilotage.budget import load_budget
from pilotage.etat.jugement import judge, worst
from pilotage.etat.modele import REPOND, Entrepot, Releve

JOUR = 86400
FAMILLES = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}
Echantillons = Iterator[tuple[tuple[str, ...], float]]


@dataclass(frozen=True)
class Famille:
    """A metric: `nom` without prefix, unit or suffix; `lire` gives (label values, value) for each of its series."""

    nom: str
    unite: str
    aide: str
    etiquettes: tuple[str, ...]
    lire: Callable[[Releve], Echantillons]
    genre: str = "gauge"

    @property
    def nom_complet(self) -> str:
        """Name of the series, as a query writes it."""
        parts = ["pilotage", self.nom, self.unite, "total" if self.genre == "counter" else ""]
        return "_".join(filter(None, parts))

    def collect(self, releve: Releve) -> Metric:
        name = "_".join(filter(None, ("pilotage", self.nom, self.unite)))
        family = FAMILLES[self.genre](name, self.aide, labels=self.etiquettes, unit=self.unite)
        for labels, value in self.lire(releve):
            family.add_metric(labels, value)
        return family


def _of(read: Callable[[Entrepot, Releve], Echantillons]) -> Callable[[Releve], Echantillons]:
    """A reader of what the database tells: no series at all when nothing is known."""
    return lambda releve: read(releve.entrepot, releve) if releve.entrepot else iter(())


def _steps(value: str) -> Callable[[Releve], Echantillons]:
    def read(entrepot: Entrepot, _: Releve) -> Echantillons:
        for step in entrepot.nuit.etapes if entrepot.nuit else ():
            if getattr(step, value) is not None:
                yield (step.etape, step.objet), getattr(step, value)

    return _of(read)


def _levels(releve: Releve) -> Echantillons:
    yield from (((v.partie,), v.niveau) for v in judge(releve, load_budget().seuils))


def _code(releve: Releve) -> Echantillons:
    yield (), worst(judge(releve, load_budget().seuils))


def _states(entrepot: Entrepot, _: Releve) -> Echantillons:
    for state in ("reussie", "sans_changement", "echouee", "en_cours"):
        yield (state,), sum(step.etat == state for step in entrepot.nuit.etapes) if entrepot.nuit else 0


def _night_end(entrepot: Entrepot, _: Releve) -> Echantillons:
    if entrepot.nuit and entrepot.nuit.fin:
        yield (), entrepot.nuit.fin.timestamp()


def _night_length(entrepot: Entrepot, _: Releve) -> Echantillons:
    if entrepot.nuit:
        yield (), entrepot.nuit.secondes


def _generation_age(entrepot: Entrepot, releve: Releve) -> Echantillons:
    if entrepot.visible and entrepot.visible.publiee_le:
        yield (), (releve.quand - entrepot.visible.publiee_le).total_seconds()


def _expectations(entrepot: Entrepot, _: Releve) -> Echantillons:
    for suite in entrepot.suites:
        for outcome in ("tenues", "signalees", "bloquantes"):
            yield (suite.porte, suite.suite, outcome), getattr(suite, outcome)


def _refused(entrepot: Entrepot, _: Releve) -> Echantillons:
    for name in sorted({refusal.source for refusal in entrepot.refus}):
        yield (name,), sum(refusal.source == name for refusal in entrepot.refus)


def _tables(entrepot: Entrepot, _: Releve) -> Echantillons:
    for name, rows in sorted(entrepot.tables.items()):
        schema, _, table = name.partition(".")
        yield (schema, table), rows


def _disk_left(releve: Releve) -> Echantillons:
    if releve.disque.jours_restants is not None:
        yield (), releve.disque.jours_restants * JOUR


FAMILLES_PILOTAGE = (
    Famille("releve_timestamp", "seconds", "Moment de ce relevé.", (), lambda r: iter([((), r.quand.timestamp())])),
    Famille("etat_code", "", "Code de `pilotage etat` : 0 bien, 1 attention, 2 critique, 3 inconnu.", (), _code),
    Famille("partie_code", "", "Code de chaque partie de l'état, 0 à 3.", ("partie",), _levels),
    Famille("base_repond", "", "1 si PostgreSQL répond.", (), lambda r: iter([((), r.base == REPOND)])),
    Famille("airflow_repond", "", "1 si Airflow répond.", (), lambda r: iter([((), r.airflow.etat == "répond")])),
    Famille("nuit_duree", "seconds", "Durée de la dernière nuit.", (), _of(_night_length)),
    Famille("nuit_fin_timestamp", "seconds", "Fin de la dernière nuit.", (), _of(_night_end)),
    Famille("nuit_etapes", "", "Étapes de la dernière nuit, par résultat.", ("resultat",), _of(_states)),
    Famille("etape_duree", "seconds", "Durée d'une étape de la nuit.", ("etape", "objet"), _steps("secondes")),
    Famille("etape", "rows", "Lignes traitées par une étape.", ("etape", "objet"), _steps("lignes")),
    Famille("source_age", "seconds", "Âge des données servies d'une source, depuis le jour qu'elles décrivent.",
            ("source", "millesime"),
            _of(lambda e, _: (((s.source, s.millesime), s.age_jours * JOUR) for s in e.sources))),
    Famille("source_age_max", "seconds", "Âge au-delà duquel une source est en retard, d'après sa fiche.",
            ("source",), _of(lambda e, _: (((s.source,), s.age_max_jours * JOUR) for s in e.sources))),
    Famille("source", "rows", "Lignes reçues et servies d'une source.",
            ("source",), _of(lambda e, _: (((s.source,), s.lignes) for s in e.sources))),
    Famille("sources_jamais_recues", "", "Fiches dont aucune livraison n'a été acceptée.",
            (), _of(lambda e, _: iter([((), len(e.jamais_recues))]))),
    Famille("table", "rows", "Lignes d'une table visible.", ("schema", "table"), _of(_tables)),
    Famille("porte_attentes", "", "Attentes de la dernière évaluation de ce qui est servi, par résultat.",
            ("porte", "suite", "resultat"), _of(_expectations)),
    Famille("livraisons_refusees", "", "Livraisons refusées qui attendent une décision.", ("source",), _of(_refused)),
    Famille("quarantaine", "rows", "Lignes en quarantaine.",
            ("source",), _of(lambda e, _: (((q.source,), q.lignes) for q in e.quarantaine))),
    Famille("quarantaine_plus_ancienne_timestamp", "seconds", "Mise de côté de la plus ancienne ligne en quarantaine.",
            ("source",), _of(lambda e, _: (((q.source,), q.plus_ancienne.timestamp()) for q in e.quarantaine))),
    Famille("generation_age", "seconds", "Temps depuis la publication de la génération visible.",
            (), _of(_generation_age)),
    Famille("generations_gardees", "", "Générations précédentes gardées pour un retour.",
            (), _of(lambda e, _: iter([((), sum(g.etat == "precedente" for g in e.generations))]))),
    Famille("disque_utilise", "bytes", "Place prise sur le disque, par partie.",
            ("partie",), lambda r: (((name,), n) for name, n in sorted(r.disque.parties.items()))),
    Famille("disque_libre", "bytes", "Place libre sur le disque.", (), lambda r: iter([((), r.disque.libre)])),
    Famille("disque_plein_dans", "seconds", "Temps avant que le disque soit plein, quand sa croissance est connue.",
            (), _disk_left),
    Famille("alertes", "", "Alertes du journal, par sévérité.",
            ("severite",), lambda r: (((s,), n) for s, n in r.alertes.par_severite.items()), "counter"),
    Famille("alertes_semaine", "", "Alertes des sept derniers jours, sans les muettes.",
            (), lambda r: iter([((), r.alertes.semaine)])),
    Famille("alertes_budget", "", "Alertes qu'une semaine peut avoir.", (), lambda r: iter([((), r.alertes.budget)])),
    Famille("alertes_non_lues", "", "Alertes non lues.", (), lambda r: iter([((), r.alertes.non_lues)])),
)  # fmt: skip


class Collecteur:
    """What prometheus_client asks at each scrape; `lire` takes a new reading, or gives one that was taken."""

    def __init__(self, lire: Callable[[], Releve]) -> None:
        self.lire = lire

    def describe(self) -> list[Metric]:
        """Nothing: a registry would otherwise take a reading only to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        releve = self.lire()
        served = releve.entrepot.visible if releve.entrepot else None
        info = InfoMetricFamily("pilotage", "Génération visible et nature des données.")
        nature = "simulees" if releve.simulee else "reelles"
        info.add_metric([], {"generation": served.generation if served else "", "donnees": nature})
        yield info
        for famille in FAMILLES_PILOTAGE:
            yield famille.collect(releve)


def make_registry(lire: Callable[[], Releve]) -> CollectorRegistry:
    """A registry of our own: nothing of this process's is in it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collecteur(lire))
    return registry


def to_openmetrics(releve: Releve) -> str:
    return generate_latest(make_registry(lambda: releve)).decode()


def write_metrics(file: Path, releve: Releve) -> None:
    """Write the text file of node_exporter's collector, by one rename; it reads the classic text format only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(file), make_registry(lambda: releve))
    file.chmod(0o644)
