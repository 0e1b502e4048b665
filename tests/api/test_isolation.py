"""What another team may not see does not exist: in lists, search, counts, files, exports and live news."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from crm.staff.choices import Role
from customers.models import Customer
from tests.api.page_table import PAGES
from tests.api.permission_table import ROWS, Row
from tests.api.walking import api_answer, filled, fresh_address, undone
from tests.factories import UserFactory
from tests.world import EMAIL, PHONE, SECRET_WORD, World
from tickets.models import Ticket
from tickets.services import intake

pytestmark = [pytest.mark.django_db, pytest.mark.capability("J20")]

#: Whose rows are seen by who sees these.
OWNERS = (Customer, Ticket)

ALIEN = "other_agent"
FOUND_BY = (SECRET_WORD, PHONE, PHONE[-4:], EMAIL, "TB20261118001", "tb_88", "{number}", "玻璃杯", "c")
#: Lists by what narrows them: each asked for with every id of the first team.
LISTS = {
    "/api/v1/tickets/": ("search", "customer", "queue", "assignee"),
    "/api/v1/customers/": ("search", "phone", "tag"),
    "/api/v1/orders/": ("customer", "order_no"),
    "/api/v1/follow-up-visits/": ("ticket", "customer", "assignee"),
    "/api/v1/surveys/": ("ticket",),
    "/api/v1/staff/": ("team",),
    "/api/v1/tokens/": (),
    "/tickets/": ("search", "queue", "assignee"),
    "/customers/": ("search", "tag"),
    "/visits/": ("tab", "plan"),
    "/desk/": ("q", "search", "queue", "view"),
    "/desk/rows/": ("q", "search", "queue", "view"),
    "/desk/counts/": (),
    "/team/": (),
    "/home/now/": (),
    "/": (),
}


#: An address with such a word is the permission: who holds the link may read what it shows.
TOKENS = ("survey_token", "room_token")


def marks(world: World) -> list[str]:
    """Words that stand in the first team's rows only."""
    names = ("number", "solved_number", "survey_token")
    return [SECRET_WORD, "138****8000", "TB20261118001", "tb_88", "图.png", *(str(world.ids[name]) for name in names)]


def leaks(answer: Any, world: World, asked: str = "") -> list[str]:
    """Marks that the answer holds; the words of the question may be repeated."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return [mark for mark in marks(world) if mark in content.decode() and mark not in asked]


@pytest.fixture
def stranger(world: World) -> Client:
    return world.browser(ALIEN, address=fresh_address())


def questions(world: World, names: tuple[str, ...]) -> list[dict[str, str]]:
    values = [world.address(value) for value in FOUND_BY]
    values += sorted({str(value) for value in world.ids.values()})
    return [{}, *({name: value} for name in names for value in values)]


@pytest.mark.parametrize("path", LISTS)
def test_no_list_search_or_count_shows_another_teams_rows(path: str, world: World, stranger: Client) -> None:
    client = world.client(ALIEN) if path.startswith("/api/") else stranger
    found = {}
    for query in questions(world, LISTS[path]):
        answer = client.get(path, query)
        assert answer.status_code in (200, 400, 404), (query, answer.status_code)
        if leaked := leaks(answer, world, asked=str(query)):
            found[str(query)] = leaked
    assert found == {}


def test_every_page_and_address_with_an_id_is_silent(world: World, stranger: Client) -> None:
    """Whatever the status: not a word of the other team's in the answer."""
    found = {}
    for row in ROWS + PAGES:
        if "{" not in row.path or any(token in row.path for token in TOKENS):
            continue
        answer = api_answer(row, ALIEN, world) if row in ROWS else _page(row, stranger, world)
        if leaked := leaks(answer, world, asked=world.address(row.path)):
            found[str(row)] = leaked
    assert found == {}


def _page(row: Row, browser: Client, world: World) -> Any:
    with undone():
        call = browser.post if row.method == "POST" else browser.get
        return call(world.address(row.path), filled(row.body, world) if row.method == "POST" else None)


def test_exports_hold_only_what_one_may_see(world: World) -> None:
    manager = UserFactory(username="other_supervisor", role=Role.SUPERVISOR, team=world.other_team)
    browser = Client()
    browser.force_login(manager, backend="crm.staff.backends.RoleBackend")
    for path in ("/tickets/export/", "/customers/export/", "/reports/export/"):
        for file_format in ("csv", "xlsx") if "reports" not in path else ("csv",):
            answer = browser.get(path, {"format": file_format})
            assert answer.status_code == 200, path
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert not [mark for mark in marks(world) if mark.encode() in content], path


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
def test_the_admin_shows_nothing_of_another_team(role: str, world: World) -> None:
    person = UserFactory(username=f"admin_{role}", role=role, team=world.other_team)
    browser, found = Client(), {}
    browser.force_login(person, backend="crm.staff.backends.RoleBackend")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{name}_changelist"), f"{reverse(f'{name}_changelist')}?q={SECRET_WORD}"]
        pages += [
            reverse(f"{name}_change", args=[pk]) for pk in model._default_manager.values_list("pk", flat=True)[:5]
        ]
        for page in pages:
            if leaked := leaks(browser.get(page), world, asked=page):
                found[page] = leaked
    assert found == {}


@pytest.mark.parametrize("role", [Role.AGENT, Role.LEAD, Role.SUPERVISOR])
def test_the_admin_lists_no_row_of_a_ticket_or_customer_out_of_sight(role: str, world: World) -> None:
    request = RequestFactory().get("/admin/")
    request.user = UserFactory(username=f"admin_{role}", role=role, team=world.other_team)
    found = {}
    for model, page in admin.site._registry.items():
        rows = page.get_queryset(request)
        named = {field.name: field.related_model for field in model._meta.fields if field.related_model in OWNERS}
        for name, owner in named.items():
            seen = owner.objects.visible_to(request.user)
            if too_many := rows.exclude(**{name: None}).exclude(**{f"{name}__in": seen.values("pk")}).count():
                found[f"{model._meta.label}.{name}"] = too_many
        everything = model._default_manager.all()
        if hasattr(everything, "visible_to"):
            seen = everything.visible_to(request.user)
            if too_many := rows.exclude(pk__in=seen.values("pk")).count():
                found[model._meta.label] = too_many
    assert found == {}


@pytest.fixture
def own_ticket(world: World) -> Ticket:
    """A ticket of the stranger's own team."""
    request = intake.Request(channel="phone", body="售前咨询", customer=intake.CustomerGiven(name="吴芳"))
    ticket = intake.receive(request=request, actor=None).ticket
    Ticket.objects.filter(pk=ticket.pk).update(queue=world.other_team.queues.get(), assignee=world.people[ALIEN])
    return ticket


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("tickets/{own}/merge/", {"into": "{ticket}"}, 400),
        ("tickets/{own}/merge/", {"into": "{number}"}, 400),
        ("tickets/{own}/unmerge/", {"merge": "{ticket_merge}"}, 400),
        ("tickets/{own}/messages/", {"kind": "reply", "body": "看图", "attachments": ["{attachment}"]}, 400),
        ("tickets/{own}/messages/", {"kind": "reply", "body": "看图", "attachments": ["{unsent_attachment}"]}, 400),
        ("follow-up-visits/", {"ticket": "{ticket}", "due_at": "2099-01-01T10:00:00+08:00"}, 400),
        ("follow-up-visits/", {"ticket": "{number}", "due_at": "2099-01-01T10:00:00+08:00"}, 400),
        ("orders/", {"order_no": "X-1", "shop": "tmall-flagship", "customer": "{customer}"}, 400),
        ("scripts/{script}/render/", {"ticket": "{ticket}"}, 404),
        ("tickets/", {"channel": "phone", "body": "新", "attachments": ["{unsent_attachment}"]}, 400),
        ("tickets/", {"channel": "taobao", "external_id": "w-1", "body": "重复"}, 409),
        ("orders/", {"order_no": "TB20261118001", "shop": "tmall-flagship", "customer": {"name": "吴芳"}}, 409),
    ],
)
def test_ids_of_another_team_are_refused_in_bodies(
    path: str, body: dict[str, Any], status: int, world: World, own_ticket: Ticket
) -> None:
    world_and_own = World(**{**vars(world), "ids": {**world.ids, "own": own_ticket.pk}})
    answer = api_answer(Row("POST", f"/api/v1/{path}", "", _numbers(body, world_and_own)), ALIEN, world_and_own)
    assert answer.status_code == status, answer.content.decode()
    assert leaks(answer, world) == []


def _numbers(value: Any, world: World) -> Any:
    """Ids as JSON numbers where they stand alone, as clients send them."""
    if isinstance(value, str) and value.startswith("{") and isinstance(world.ids.get(value[1:-1]), int):
        return world.ids[value[1:-1]]
    if isinstance(value, dict):
        return {name: _numbers(inner, world) for name, inner in value.items()}
    return [_numbers(inner, world) for inner in value] if isinstance(value, list) else value
