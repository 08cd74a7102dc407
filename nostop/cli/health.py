"""`nostop health` and `nostop metrics`: whether the store and the schedule are well, in words and
in figures."""

import json
import os
from datetime import UTC, datetime

import typer

from nostop.app.health import health_at
from nostop.app.metrics import metrics_at
from nostop.app.opened import VARIABLE
from nostop.cli.shared import JsonOption, out
from nostop.model import SettingsError


def health(as_json: JsonOption = False) -> None:
    """Say whether the store answers, has this version's tables, and has a leader; 1 if not."""
    found = health_at(_url(), datetime.now(UTC))
    if as_json:
        checks = {check.name: {"ok": check.ok, "found": check.found} for check in found.checks}
        typer.echo(json.dumps({"ready": found.ready, "checks": checks}, indent=2))
    else:
        for check in found.checks:
            word = "ok" if check.ok else "NOT OK"
            out().print(f"{check.name:<8}{word:<8}{check.found}", soft_wrap=True)
        out().print("ready" if found.ready else "not ready")
    if not found.ready:
        raise typer.Exit(1)


def metrics() -> None:
    """Print figures for Prometheus: counts and moments, and nothing of any person."""
    typer.echo(metrics_at(_url(), datetime.now(UTC)), nl=False)


def _url() -> str:
    url = os.environ.get(VARIABLE)
    if not url:
        raise SettingsError(f"set {VARIABLE} to the address of the store")
    return url
