"""What must be in order before Kean runs: the database, and mail where customers reach it.

Run by `migrate` and `check --database default`.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet

from tickets.choices import ChannelKind
from tickets.models import Channel, Mailbox

OLDEST_POSTGRESQL = 14
HOW_TO_MAKE_IT = (
    "initdb -E UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --lc-collate=C --lc-ctype=C.UTF-8, "
    "or before PostgreSQL 17: "
    "CREATE DATABASE kean TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'."
)


@register(Tags.database)
def check_database(*, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Version, encoding, sight of Chinese, and pg_trgm, with the statement that repairs each."""
    if "default" not in (databases or []):
        return []
    connection = connections["default"]
    assert isinstance(connection, DatabaseWrapper)  # settings accept nothing else
    try:
        version = connection.pg_version // 10000
        if version < OLDEST_POSTGRESQL:
            return [_too_old(version)]
        with connection.cursor() as cursor:
            return [*_check_chinese(cursor), *_check_trigrams(cursor)]
    except DatabaseError as error:
        return [
            Error(
                f"The database cannot be reached: {error}",
                hint="Check DATABASE_URL, or unset it to let bin/run start its own PostgreSQL.",
                id="kean.E001",
            )
        ]


def _too_old(version: int) -> CheckMessage:
    return Error(
        f"PostgreSQL {version} is too old: {OLDEST_POSTGRESQL} or newer is needed.",
        hint="Name a newer server in DATABASE_URL, or unset it to let bin/run start its own.",
        id="kean.E002",
    )


def _check_chinese(cursor: CursorWrapper) -> list[CheckMessage]:
    """A database made with LC_CTYPE=C takes Chinese for punctuation: every search would find nothing."""
    cursor.execute("SELECT getdatabaseencoding(), length(to_tsvector('simple', '退款，问题'))")
    encoding, words = cursor.fetchone()
    if encoding == "UTF8" and words == 2:
        return []
    return [
        Error(
            f"The database cannot see Chinese (encoding {encoding}, wrong LC_CTYPE): search would find nothing.",
            hint=f"Make it anew with a UTF-8 LC_CTYPE: {HOW_TO_MAKE_IT}",
            id="kean.E003",
        )
    ]


def _check_trigrams(cursor: CursorWrapper) -> list[CheckMessage]:
    """pg_trgm must be there, or be creatable by the first migration."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm'), "
        "EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'), "
        "has_database_privilege(current_database(), 'CREATE')"
    )
    installed, available, may_create = cursor.fetchone()
    if installed:
        cursor.execute("SELECT cardinality(show_trgm('退款'))")
        return [] if cursor.fetchone()[0] else [_blind_trigrams()]
    if available and may_create:
        return []
    return [
        Error(
            "The extension pg_trgm is missing.",
            hint="Install PostgreSQL's contrib package if needed, then as a superuser, in this database: "
            "CREATE EXTENSION pg_trgm;",
            id="kean.E004",
        )
    ]


def _blind_trigrams() -> CheckMessage:
    return Error(
        "pg_trgm sees no Chinese: show_trgm('退款') is empty.",
        hint=f"Make the database anew with a UTF-8 LC_CTYPE: {HOW_TO_MAKE_IT}",
        id="kean.E005",
    )


@register(Tags.database)
def check_mail(*, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Customers who write by mail to a public installation get no answer while letters are only kept."""
    if "default" not in (databases or []) or not settings.EMAIL_IS_KEPT or _is_for_this_machine():
        return []
    try:
        if Mailbox._meta.db_table not in connections["default"].introspection.table_names():
            return []
        if not _channels_without_a_way_out().exists():
            return []
    except DatabaseError:
        return []  # told by check_database, or about to be mended by the migration that is starting
    return [
        Warning(
            "EMAIL_URL is not set, but a mail channel is active: no answer and no survey link reaches a customer. "
            f"Letters are only kept in {settings.EMAIL_FILE_PATH}.",
            hint="Set EMAIL_URL, for instance smtp+tls://user:password@host:587, and KEAN_FROM_EMAIL.",
            id="kean.W006",
        )
    ]


def _channels_without_a_way_out() -> QuerySet[Channel]:
    """Mail channels that do not answer through a mailbox of their own."""
    own = Mailbox.objects.filter(is_active=True).exclude(smtp_host="").values("channel")
    return Channel.objects.filter(kind=ChannelKind.EMAIL, is_active=True).exclude(pk__in=own)


def _is_for_this_machine() -> bool:
    return urlsplit(settings.PUBLIC_URL).hostname in ("localhost", "127.0.0.1", "::1")
