"""Reads the two data files beside this module: how common things are, and what people and streets
are called."""

from pathlib import Path
from typing import Any

from nostop.strict_yaml import read_yaml

Shapes = dict[str, Any]

_HERE = Path(__file__).parent


def read_shapes() -> Shapes:
    """Return shapes.yaml: weights, quantiles and rates with the source of each."""
    return dict(read_yaml(_HERE / "shapes.yaml").data)


def read_names() -> Shapes:
    """Return names.yaml: first names, surnames, nicknames, streets and towns."""
    return dict(read_yaml(_HERE / "names.yaml").data)
