"""What would fail later is told at the start: a database that cannot serve, mail that reaches nobody."""

import os
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.mail import EmailMessage
from django.db import connection, connections

from config import checks
from tickets.models import Channel


@pytest.fixture
def blind_database(db: None) -> Iterator[psycopg.Cursor]:
    """A database as `initdb --no-locale` makes it."""
    parameters = connection.get_connection_params()
    parameters = {name: parameters[name] for name in ("host", "port", "user", "password") if parameters.get(name)}
    name = f"blind_{connection.settings_dict['NAME']}"
    with psycopg.connect(**parameters, dbname="postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}"')
        admin.execute(
            f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' "
            "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        with psycopg.connect(**parameters, dbname=name, autocommit=True) as blind, blind.cursor() as cursor:
            yield cursor
        admin.execute(f'DROP DATABASE "{name}"')


@pytest.mark.django_db
def test_our_own_database_passes() -> None:
    assert checks.check_database(databases=["default"]) == []


@pytest.mark.django_db
def test_a_database_blind_to_chinese_is_refused_with_the_way_to_make_it_anew(blind_database: psycopg.Cursor) -> None:
    (finding,) = checks._check_chinese(blind_database)
    assert finding.id == "kean.E003"
    assert "LC_CTYPE" in finding.hint
    blind_database.execute("CREATE EXTENSION pg_trgm")
    (finding,) = checks._check_trigrams(blind_database)
    assert finding.id == "kean.E005"


@pytest.mark.django_db
def test_an_old_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "pg_version", 130011)
    (finding,) = checks.check_database(databases=["default"])
    assert finding.id == "kean.E002"


@pytest.mark.django_db
def test_a_public_installation_that_cannot_send_mail_says_so(settings: Any) -> None:
    channel = Channel.objects.create(key="email", name="邮件", kind="email")
    settings.EMAIL_IS_KEPT, settings.PUBLIC_URL = True, "https://service.example.com"
    (finding,) = checks.check_mail(databases=["default"])
    assert (finding.id, "EMAIL_URL" in finding.msg) == ("kean.W006", True)
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    assert checks.check_mail(databases=["default"]) == []
    settings.PUBLIC_URL, settings.EMAIL_IS_KEPT = "https://service.example.com", False
    assert checks.check_mail(databases=["default"]) == []
    settings.EMAIL_IS_KEPT = True
    Channel.objects.filter(pk=channel.pk).update(is_active=False)
    assert checks.check_mail(databases=["default"]) == []


def test_letters_nobody_sends_are_kept_where_only_the_owner_reads_them(
    settings: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "core.kept_mail.KeptMailBackend", tmp_path / "outbox"
    EmailMessage(subject="您好", body="已补发。", to=["zhang.san@qq.com"]).send()
    (kept,) = (tmp_path / "outbox").iterdir()
    letter = message_from_bytes(kept.read_bytes(), policy=policy.default)
    assert (letter["To"], letter.get_content().strip()) == ("zhang.san@qq.com", "已补发。")
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "zhang" not in "".join(capfd.readouterr())


def test_the_default_prints_no_letters() -> None:
    """What is read without EMAIL_URL, in a process of its own: the test run has a backend of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "EMAIL_URL"}
    code = "from django.conf import settings; print(settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH)"
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("core.kept_mail.KeptMailBackend ")
    assert told.stdout.strip().endswith("/outbox")
