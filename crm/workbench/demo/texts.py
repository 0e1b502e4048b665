"""The words of the story, kept apart from its code."""

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "words"


def load(name: str) -> dict[str, list[dict[str, Any]]]:
    """The tables of one file of words."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
