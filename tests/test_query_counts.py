"""How many statements each address takes: compared to the last recorded number, and never growing with the data.

A number that changes is a change of the code that wants a reason. Record anew with
KEAN_RECORD_QUERY_COUNTS=1 and commit tests/query_counts.json with it.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from crm.followups.services import plan_visit
from customers.services import create_customer
from tests.api.page_table import PAGES
from tests.api.permission_table import ROWS
from tests.api.walking import fresh_address, undone
from tests.factories import UserFactory
from tests.scripts_library.factories import make_article, make_script
from tests.world import PHONE, World
from tickets.models import Ticket
from tickets.services import conversation, intake

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B07")]

RECORDED = Path(__file__).with_name("query_counts.json")
RECORDING = os.environ.get("KEAN_RECORD_QUERY_COUNTS") == "1"
#: What speed.md promises, whatever is recorded.
LIMITS = {
    "POST /api/v1/tickets/": 12,
    "GET /api/v1/tickets/": 4,
    "GET /api/v1/complaints/": 4,
    "GET /api/v1/tickets/{ticket}/": 6,
    "GET /api/v1/tickets/{ticket}/messages/": 6,
}
MOST_FOR_A_PAGE = 40
ROLE = "supervisor"
ADDRESSES = sorted(
    {
        row.path
        for row in ROWS + PAGES
        if row.method == "GET"
        and row.statuses.split()[4] == "200"
        and not row.path.startswith(("/accounts/", "/api/schema", "/api/docs", "/healthz", "/s/"))
        and "export" not in row.path
    }
)
MORE = 12


def statements(queries: CaptureQueriesContext) -> int:
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")) for query in queries)


def count(address: str, world: World, browser: Client) -> int:
    """Statements of the second call: keys and configuration are known by then, as they are in a running process."""
    client: Any = world.client(ROLE) if address.startswith("/api/") else browser
    path = world.address(address)
    assert client.get(path).status_code == 200, path
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return statements(queries)


@pytest.fixture(scope="module")
def counts(world: World) -> dict[str, tuple[int, int]]:
    """Statements by address, with little and with more of everything."""
    # Time stands still: a session is written to every fifteen seconds, and that is not what is counted.
    with time_machine.travel(datetime.now(UTC), tick=False):
        cache.clear()
        browser = world.browser(ROLE, address=fresh_address())
        little = {address: count(address, world, browser) for address in ADDRESSES}
        _more(world)
        cache.clear()
        return {address: (before, count(address, world, browser)) for address, before in little.items()}


def _more(world: World) -> None:
    agent, lead, head = (world.people[role] for role in ("agent", "lead", "supervisor"))
    ticket = Ticket.objects.get(pk=world.ids["ticket"])
    for number in range(MORE):
        customer = create_customer(actor=agent, changes={"name": f"客户{number}"})
        request = intake.Request(channel="taobao", body=f"第{number}个问题", customer_id=customer.pk)
        made = intake.receive(request=request, actor=None).ticket
        plan_visit(actor=agent, customer=customer, ticket=made, assignee=agent, due_at=clock.now())
        conversation.add_note(ticket=ticket, actor=agent, body=f"备注{number}")
        make_script(author=lead, reviewer=head, key=f"S-{number}", title=f"话术{number}", body="您好")
        make_article(author=lead, reviewer=head, key=f"A-{number}", title=f"文章{number}", body="正文")
        UserFactory(username=f"more{number}", team=world.team)


@pytest.mark.capability("C31")
def test_statements_do_not_grow_with_the_data(counts: dict[str, tuple[int, int]]) -> None:
    grown = {address: pair for address, pair in counts.items() if pair[1] > pair[0]}
    assert grown == {}


def test_statements_are_those_recorded(counts: dict[str, tuple[int, int]]) -> None:
    found = {f"GET {address}": most for address, (_little, most) in sorted(counts.items())}
    if RECORDING:
        RECORDED.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    recorded = json.loads(RECORDED.read_text())
    changed = {
        address: (recorded.get(address), found.get(address))
        for address in recorded.keys() | found.keys()
        if recorded.get(address) != found.get(address)
    }
    assert changed == {}, "Recorded and found differ; a reason, then KEAN_RECORD_QUERY_COUNTS=1."


def test_what_is_recorded_keeps_to_the_limits(counts: dict[str, tuple[int, int]]) -> None:
    over = {
        address: most
        for address, (_little, most) in counts.items()
        if most > LIMITS.get(f"GET {address}", MOST_FOR_A_PAGE)
    }
    assert over == {}


def test_a_new_ticket_from_a_known_customer(world: World) -> None:
    client = world.client("agent")
    body = {"channel": "taobao", "body": "快递没到", "customer": {"phone": PHONE, "external_ids": {"taobao": "tb_88"}}}
    with undone():
        client.post("/api/v1/tickets/", {**body, "external_id": "q-1"}, format="json")
        with CaptureQueriesContext(connection) as queries:
            answer = client.post("/api/v1/tickets/", {**body, "external_id": "q-2"}, format="json")
        assert answer.status_code == 201
        assert statements(queries) <= LIMITS["POST /api/v1/tickets/"], "\n".join(q["sql"] for q in queries)
