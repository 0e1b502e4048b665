"""Secrets that are made once and kept in the data folder, and the file that tells others how to join."""

import base64
import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

from .errors import EngineError

# No letters that look alike: the password is read off a screen.
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _random_password() -> str:
    return "-".join("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(4)) for _ in range(3))


def load_secrets(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The secrets of this installation: from the environment, else from DATA/secrets, else new ones.

    Losing the two privacy keys means losing every phone number and address, so the file is
    written completely, flushed to disk and only then put in place.
    """
    file = folder / "secrets"
    kept = read_env_file(file)
    makers = {
        "KEAN_SECRET_KEY": lambda: secrets.token_urlsafe(50),
        "KEAN_PRIVACY_KEYS": lambda: f"k1:{_random_key()}",
        "KEAN_PRIVACY_INDEX_KEY": _random_key,
        "KEAN_DEMO_PASSWORD": _random_password,
    }
    if not kept and (folder / "pg").exists() and not all(environ.get(name) for name in makers):
        raise EngineError(
            f"{file} 不见了，但数据库还在：没有其中的密钥，客户的个人信息无法解密。请从备份恢复该文件。"
            f"({file} is missing but the database is there: without its keys personal data cannot be read. "
            "Restore the file from a backup.)"
        )
    complete = kept | {name: kept.get(name) or make() for name, make in makers.items()}
    if complete != kept:
        write_env_file(file, complete)
    return {name: environ.get(name) or value for name, value in complete.items()}


def read_env_file(file: Path) -> dict[str, str]:
    """The `KEY='value'` lines of a file; nothing when it does not exist."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise EngineError(
            f"没有权限读取 {file}，请用创建它的用户运行。(No permission to read {file}: run as the user who made it.)"
        ) from error
    values = {}
    for line in lines:
        name, found, value = line.partition("=")
        if found:
            values[name] = "".join(shlex.split(value))
    return values


def write_env_file(file: Path, values: Mapping[str, str]) -> None:
    """Write `KEY='value'` lines, readable by the owner only, all or nothing."""
    unfinished = file.with_name(file.name + ".part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.writelines(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
        output.flush()
        os.fsync(output.fileno())
    unfinished.replace(file)
