"""bin/manage is transparent; bin/lock keeps what we chose and why; the lock files agree with it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.rig import ROOT, clean_environment
from tests.platform.test_engines import new_folder

MANAGE = "import sys; sys.path.insert(0, 'config'); from engines.cli import main; from pathlib import Path; "
MANAGE += "sys.exit(main(Path.cwd(), 'manage', sys.argv[1:]))"
ECHO = "import sys; print(sys.stdin.read().upper()); sys.exit(3)"
sys.path.insert(0, str(ROOT / "bin"))
import _lock  # noqa: E402 (the folder of commands is not a package)


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    folder = new_folder()
    yield clean_environment() | {"KEAN_DATA": str(folder), "PYTHONWARNINGS": "ignore"}
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.mark.faults
def test_manage_passes_input_output_and_exit_code_and_leaves_nothing_running(environ: dict[str, str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", MANAGE, "shell", "-v", "0", "-c", ECHO],
        cwd=ROOT,
        env=environ,
        input="token",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.stdout, answer.returncode) == ("TOKEN\n", 3), answer.stderr
    data = Path(environ["KEAN_DATA"])
    assert not (data / "env").exists()
    assert not (data / "pg" / "postmaster.pid").exists()


def test_pins_are_added_where_missing_and_reasons_kept() -> None:
    text = "# Why\nfirst[extra]==1.0                      # the reason\nsecond   # new\n-r other.txt\n"
    versions = {"first": "2.0", "second": "0.1"}
    assert _lock.write_pins(text, versions, every=False) == (
        "# Why\nfirst[extra]==1.0                      # the reason\n"
        "second==0.1                              # new\n-r other.txt\n"
    )
    assert "first[extra]==2.0" in _lock.write_pins(text, versions, every=True)
    assert _lock.lift_pins(text) == "\nfirst[extra]\nsecond\n\n"


def test_the_version_for_the_oldest_python_is_pinned() -> None:
    lock = (
        "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:0\n"
        "numpy==2.5.5 ; python_full_version >= '3.12' \\\n    --hash=sha256:1\n"
        "plain==1.0 \\\n    --hash=sha256:2\n"
    )
    assert _lock.locked_versions(lock) == {"numpy": "2.4.6", "plain": "1.0"}


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_lock_files_hold_what_we_chose(name: str) -> None:
    locked = _lock.locked_versions((ROOT / f"{name}.lock").read_text())
    for line in (ROOT / f"{name}.txt").read_text().splitlines():
        found = _lock.LINE.match(line)
        if found and found["name"]:
            assert f"=={locked[_lock.normal(found['name'])]}" == found["version"], line
            assert found["reason"], f"{line}: say why"


def test_both_lock_files_agree_and_carry_hashes() -> None:
    run, dev = ((ROOT / f"{name}.lock").read_text() for name in ("requirements", "requirements-dev"))
    assert _lock.locked_versions(run).items() <= _lock.locked_versions(dev).items()
    for text in (run, dev):
        assert len(re.findall(r"^[a-z0-9].*==", text, re.M)) <= text.count("--hash=sha256:")
        assert "://" not in text
