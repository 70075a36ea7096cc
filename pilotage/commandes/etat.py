"""`pilotage etat`: the state of the warehouse on one screen, for a person or for monitoring."""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="L'état de l'entrepôt : écran, codes de retour à la Nagios, métriques.")
DELAI_BASE_S = "5"


class Format(StrEnum):
    texte = "texte"
    json = "json"
    openmetrics = "openmetrics"


@app.callback(invoke_without_command=True)
def etat(
    context: typer.Context,
    tout: Annotated[bool, typer.Option("--tout", help="Déplier toutes les listes.")] = False,
    preter: Annotated[
        bool, typer.Option("--preter", help="Faire répondre le PostgreSQL embarqué le temps de lire.")
    ] = False,
    format: Annotated[Format, typer.Option(help="texte, json ou openmetrics.")] = Format.texte,
) -> None:
    """Dit l'état de l'entrepôt sans rien démarrer. Codes : 0 bien, 1 attention, 2 critique, 3 inconnu."""
    if context.invoked_subcommand:
        return
    from pilotage.errors import ErreurPilotage

    os.environ.setdefault("PGCONNECT_TIMEOUT", DELAI_BASE_S)
    try:
        code = _show(tout, preter, format)
    except ErreurPilotage as error:
        Console(stderr=True, soft_wrap=True).print(f"INCONNU  {error}", highlight=False, markup=False)
        code = 3
    raise typer.Exit(code)


@app.command()
def servir(
    port: Annotated[int, typer.Option(help="Port, sur 127.0.0.1 seulement ; 0 : un port libre.")] = 9464,
) -> None:
    """Sert les métriques à Prometheus jusqu'à Ctrl-C ; chaque lecture est un nouveau relevé."""
    from prometheus_client import start_http_server

    from pilotage.etat.metriques import make_registry
    from pilotage.etat.releve import take

    os.environ.setdefault("PGCONNECT_TIMEOUT", DELAI_BASE_S)
    take()  # a setting that cannot be used is told now, not at the first scrape
    server, thread = start_http_server(port, addr="127.0.0.1", registry=make_registry(take))
    Console().print(f"http://127.0.0.1:{server.server_port}/metrics", highlight=False)
    try:
        thread.join()
    except KeyboardInterrupt:
        server.shutdown()


def _show(tout: bool, preter: bool, format: Format) -> int:
    from pilotage.budget import load_budget
    from pilotage.config import get_settings
    from pilotage.etat.ecran import print_etat
    from pilotage.etat.jugement import judge, worst
    from pilotage.etat.metriques import to_openmetrics
    from pilotage.etat.releve import remember, take
    from pilotage.postgres import lend

    settings = get_settings()
    with lend(settings) if preter else nullcontext():
        releve = take(settings)
    if preter:
        remember(settings, releve)
    verdicts = judge(releve, load_budget().seuils)
    code = worst(verdicts)
    if format is Format.openmetrics:
        sys.stdout.write(to_openmetrics(releve))
    elif format is Format.json:
        content = {"code": code, "parties": [vars(v) for v in verdicts], **releve.model_dump(mode="json")}
        sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    else:
        print_etat(releve, verdicts, code, Console(), tout=tout)
    return code
