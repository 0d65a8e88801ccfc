"""All operations by their names, such as ``operations.create_project``. Pass them to ``Nexus.call`` and ``Nexus.items``."""

from __future__ import annotations

import importlib
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        return importlib.import_module(f".generated.api.default.{name}", __package__)
    except ModuleNotFoundError as error:
        raise AttributeError(f"the API has no operation {name}") from error
