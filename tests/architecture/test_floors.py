"""What the import linter cannot see: keys between tables, migrations, and habits of the house."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import models

ROOT = Path(settings.BASE_DIR)
#: From the ground up. A floor may know those before it.
FLOORS = (
    "core",
    "customers",
    "knowledge",
    "scripts_library",
    "tickets",
    "crm.staff",
    "crm.followups",
    "crm.performance",
    "crm.insights",
    "crm.integrations",
    "crm.workbench",
    "config",
)
LONGEST_FILE, LONGEST_FUNCTION = 500, 60
#: Keys that point at people go through AUTH_USER_MODEL and may come from any floor.
PEOPLE = settings.AUTH_USER_MODEL
#: Tables a person never edits one by one, with where they are looked at instead.
WITHOUT_ADMIN = {
    "core.EventSeal": "the chain over events, checked by verify_audit",
    "core.IdempotencyRecord": "answers kept for a day, with personal data",
    "core.RecordEvidence": "stands on the page of its record",
    "core.RecordLink": "stands on the page of its record",
    "core.Response": "answers stand on the page of the survey",
    "core.TermCount": "counted from the texts of scripts and articles",
    "core.TermProfile": "counted from the texts of scripts and articles",
    "insights.DayCount": "counted from events, shown as reports",
    "insights.PersonDayCount": "counted from events, shown as reports",
    "insights.TriageDay": "counted from events, shown as reports",
    "staff.Membership": "edited on the page of the person",
}


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if floor_of(model._meta.app_config.name) is not None]


def floor_of(app_name: str) -> int | None:
    return FLOORS.index(app_name) if app_name in FLOORS else None


def sources(*, tests: bool = False) -> list[tuple[Path, ast.Module]]:
    folders = sorted({name.partition(".")[0] for name in FLOORS}) + ["tests"] * tests
    return [found for folder in folders for found in _parsed(folder)]


@cache
def _parsed(folder: str) -> list[tuple[Path, ast.Module]]:
    files = (path for path in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in path.parts)
    return [(path.relative_to(ROOT), ast.parse(path.read_text())) for path in files]


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


# Floors -------------------------------------------------------------------------------------


def test_keys_between_tables_point_down() -> None:
    wrong = []
    for model in our_models():
        own = floor_of(model._meta.app_config.name)
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            target = field.related_model
            if not isinstance(target, type) or target._meta.label == PEOPLE:
                continue
            other = floor_of(target._meta.app_config.name)
            if other is not None and own is not None and other > own:
                wrong.append(f"{model._meta.label}.{field.name} → {target._meta.label}")
    assert wrong == []


def test_migrations_of_apps_form_no_circle() -> None:
    """Between apps, as written in the files; the user model's first migration is everybody's neighbour."""
    graph: dict[str, set[str]] = {}
    for config in apps.get_app_configs():
        folder = Path(config.path) / "migrations"
        if floor_of(config.name) is None or not folder.is_dir():
            continue
        for path in sorted(folder.glob("0*.py")):
            migration = import_module(f"{config.name}.migrations.{path.stem}").Migration
            for dependency in migration.dependencies:
                app = dependency[0]
                if type(dependency).__name__ == "SwappableTuple" or app in ("__setting__", config.label):
                    continue
                graph.setdefault(config.label, set()).add(app)
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"Migrations of these apps wait for each other: {error.args[1]}")
    labels = {config.label: config.name for config in apps.get_app_configs()}
    wrong = [
        f"{label} → {app}"
        for label, needed in graph.items()
        for app in needed
        if (other := floor_of(labels.get(app, ""))) is not None and other > (floor_of(labels[label]) or 0)
    ]
    assert wrong == []
    assert order is not None


# Habits -------------------------------------------------------------------------------------


def test_tasks_are_never_scheduled_in_the_broker() -> None:
    """A due moment is a row of core/timers; the broker forgets."""
    wrong = [
        f"{path}:{call.lineno}"
        for path, tree in sources()
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("apply_async", "delay", "delay_on_commit", "send_task", "signature", "s", "si")
        and {keyword.arg for keyword in call.keywords} & {"eta", "countdown", "expires"}
    ]
    assert wrong == []


def test_markup_is_marked_safe_in_one_module_at_most() -> None:
    users = {
        str(path)
        for path, tree in sources()
        for node in ast.walk(tree)
        if (isinstance(node, ast.alias | ast.Name | ast.Attribute) and "mark_safe" in ast.dump(node))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "SafeString")
    }
    assert len(users) <= 1, users
    templates = [
        f"{path.relative_to(ROOT)}"
        for folder in ("core", "customers", "knowledge", "scripts_library", "tickets", "crm")
        for path in (ROOT / folder).rglob("*.html")
        if re.search(r"\|\s*safe\b|{%\s*autoescape\s+off", path.read_text())
    ]
    # Help texts, which are our own; mails, which were cleaned and stand in a frame without scripts.
    assert sorted(templates) == [
        "crm/templates/crm/components/field.html",
        "crm/workbench/templates/workbench/mail.html",
    ]


def test_services_do_not_know_tasks() -> None:
    wrong = []
    for path, tree in sources():
        if "services" not in path.as_posix():
            continue
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            wrong += [f"{path}: {name}" for name in names if "tasks" in name.split(".")]
    assert wrong == []


def test_every_table_is_in_the_admin() -> None:
    inlined = {
        inline.model for model_admin in admin.site._registry.values() for inline in getattr(model_admin, "inlines", ())
    }
    missing = [
        model._meta.label
        for model in our_models()
        if model not in admin.site._registry
        and model not in inlined
        and not model._meta.auto_created
        and model._meta.label not in WITHOUT_ADMIN
    ]
    assert missing == []


def _reaches_people(model: type[models.Model]) -> bool:
    """Whether rows are about one customer: a key to customers or tickets, or personal data of their own."""
    if any(type(field).__name__.startswith("Encrypted") for field in model._meta.local_fields):
        return True
    keys = [field.related_model for field in model._meta.local_fields if isinstance(field, models.ForeignKey)]
    return any(isinstance(key, type) and key._meta.label in ("customers.Customer", "tickets.Ticket") for key in keys)


#: Reached only through what is named, which has the rule.
THROUGH_ANOTHER = {
    "core.IdempotencyRecord": "the caller who sent the same key",
    "core.ProcedureStep": "the run",
    "core.RecordEvidence": "the record",
    "core.RecordLink": "the record and what it points at",
    "core.Response": "the survey",
    "customers.CareNote": "the customer",
    "customers.CustomerIdentity": "the customer",
    "customers.CustomerMerge": "the customer",
    "customers.CustomerTag": "the customer",
    "tickets.Channel": "nobody: a secret, and of no person",
    "tickets.ChannelAccess": "nobody: a secret, and of no person",
    "tickets.ChannelContact": "the ticket",
    "tickets.ContactAttempt": "the ticket",
    "tickets.Draft": "the ticket, and its writer alone",
    "tickets.GoodsInspection": "the request it belongs to",
    "tickets.InboundMessage": "the ticket made of it",
    "tickets.Mailbox": "nobody: a secret, and of no person",
    "tickets.PlatformTurn": "the ticket",
    "tickets.InvestigationEntry": "the investigation",
    "tickets.LegalMoment": "the case",
    "tickets.SLAClock": "the ticket",
    "tickets.TicketLink": "both tickets",
    "tickets.TicketMerge": "the ticket",
    "tickets.TicketMessage": "the ticket",
    "tickets.TicketPause": "the ticket",
    "tickets.TicketTag": "the ticket",
    "tickets.TicketSeen": "the ticket",
    "tickets.TicketWatcher": "the ticket",
    "workbench.BulkChangeRow": "the change, which is its author's",
    "workbench.BulkReplyRow": "the reply, which is its author's",
}


def test_querysets_of_personal_rows_say_who_may_see_them() -> None:
    missing = [
        model._meta.label
        for model in our_models()
        if _reaches_people(model)
        and not hasattr(model._default_manager.all(), "visible_to")
        and model._meta.label not in THROUGH_ANOTHER
    ]
    assert missing == []


def test_files_and_functions_stay_readable() -> None:
    wrong = []
    for path, tree in sources(tests=True):
        text = (ROOT / path).read_text()
        if (lines := text.count("\n")) > LONGEST_FILE:
            wrong.append(f"{path}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    wrong.append(f"{path}:{node.lineno} {node.name}: {length} lines")
    assert wrong == []


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    wrong = [str(path) for path, _tree in sources() if words.search((ROOT / path).read_text())]
    assert wrong == []


def _is_bare(handler: ast.ExceptHandler) -> bool:
    broad = handler.type is None or (isinstance(handler.type, ast.Name) and handler.type.id == "Exception")
    return broad and all(isinstance(step, ast.Pass) for step in handler.body)


def test_no_error_is_swallowed() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in sources(tests=True)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _is_bare(node)
    ]
    assert wrong == []
