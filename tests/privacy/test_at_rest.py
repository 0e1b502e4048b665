"""Whoever holds a copy of the database, of Redis or of the logs holds nobody's phone number or e-mail address."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from core import clock
from core.events import run_consumers
from core.redis import client as redis_client
from core.timers import fire_due
from crm.followups.services import invite_for_solved_ticket, plan_visit, survey_url
from crm.integrations.models import Webhook
from tests.api.walking import fresh_address
from tests.world import World, build_world
from tickets.models import Ticket
from tickets.services import conversation, intake, transitions

pytestmark = [pytest.mark.django_db, pytest.mark.capability("J03")]

PEOPLE = 200
Committing = Callable[[], AbstractContextManager[None]]


def phone(number: int) -> str:
    """Numbers that occur nowhere by chance."""
    return f"1{'358'[number % 3]}7{(number * 7919 + 20_000_003) % 100_000_000:08d}"


def email(number: int) -> str:
    return f"seed.{number * 37 + 100_003}@mail.example"


def needles() -> dict[str, bytes]:
    return {word: word.encode() for number in range(PEOPLE) for word in (phone(number), email(number))}


@pytest.fixture
def planted(
    db: None, settings: Any, tmp_path: Any, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> World:
    """Two hundred people come in by every door, and are written about in every free text."""
    settings.MEDIA_ROOT = tmp_path
    caplog.set_level(logging.INFO)
    world = build_world()
    Webhook.objects.update(events=["ticket.created", "ticket.updated", "message.created", "visit.completed"])
    doors = (_by_api, _by_web_form, _by_signed_post, _as_customer, _with_order, _in_conversation, _after_the_answer)
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(PEOPLE):
            doors[number % len(doors)](world, number)
    with django_capture_on_commit_callbacks(execute=True):
        run_consumers()
        fire_due()
        run_consumers()
    return world


def _ok(answer: Any) -> Any:
    assert answer.status_code in (200, 201, 302), answer.content.decode()[:500]
    return answer


def _said(number: int) -> str:
    return f"请回电 {phone(number)}，或写信到 {email(number)}，我姓王"


def _by_api(world: World, number: int) -> None:
    body = {
        "channel": "phone",
        "external_id": f"seed-{number}",
        "subject": f"联系 {phone(number)}",
        "body": _said(number),
        "customer": {"name": f"王{number}", "phone": phone(number), "email": email(number)},
    }
    client = world.client("agent")
    _ok(client.post("/api/v1/tickets/", body, format="json", HTTP_IDEMPOTENCY_KEY=f"seed-{number}"))


def _by_web_form(world: World, number: int) -> None:
    form = {"form_id": f"seed-form-{number:08d}", "body": _said(number), "phone": phone(number), "name": "王女士"}
    _ok(Client(REMOTE_ADDR=fresh_address()).post("/complain/", form))
    body = {"body": _said(number), "email": email(number), "subject": f"找 {email(number)}"}
    _ok(world.client("anonymous", address=fresh_address()).post("/api/v1/public/complaints/", body, format="json"))


def _by_signed_post(world: World, number: int) -> None:
    """What a shop's system sends, after its signature was checked."""
    given = intake.CustomerGiven(phone=phone(number), email=email(number), verified=True)
    intake.receive(request=intake.Request(channel="taobao", body=_said(number), customer=given), actor=None)


def _as_customer(world: World, number: int) -> None:
    client = world.client("agent")
    made = _ok(client.post("/api/v1/customers/", {"phone": phone(number), "email": email(number)}, format="json"))
    address = f"/api/v1/customers/{made.json()['id']}/"
    changes = {
        "address": f"上海市漕溪北路 88 号 {phone(number)}",
        "notes": _said(number),
        "do_not_contact": True,
        "do_not_contact_reason": f"只用 {email(number)}",
    }
    _ok(client.patch(address, changes, format="json"))
    _ok(client.post(f"{address}reveal/", {"field": "phone", "reason": f"核对 {phone(number)}"}, format="json"))
    _ok(client.post(f"{address}tags/", {"tag": "常客", "reason": f"来电 {phone(number)}"}, format="json"))
    _ok(client.get("/api/v1/customers/", {"search": phone(number)}))


def _with_order(world: World, number: int) -> None:
    order = {
        "order_no": f"SEED{number}",
        "shop": "tmall-flagship",
        "customer": {"name": "王", "phone": phone(number), "email": email(number)},
        "receiver_name": "王女士",
        "receiver_phone": phone(number),
        "receiver_address": f"杭州市文三路 1 号，{phone(number)}",
    }
    _ok(world.client("agent").post("/api/v1/orders/", order, format="json"))


def _in_conversation(world: World, number: int) -> None:
    agent = world.people["agent"]
    ticket = Ticket.objects.get(pk=world.ids["ticket"])
    conversation.customer_message(ticket=ticket, actor=agent, body=_said(number))
    conversation.add_note(ticket=ticket, actor=agent, body=_said(number))
    conversation.reply(ticket=ticket, actor=agent, body=_said(number))
    client, base = world.client("agent"), world.address("/api/v1/tickets/{ticket}/")
    _ok(client.post(f"{base}contact-attempts/", {"outcome": "unreachable", "note": _said(number)}, format="json"))
    _ok(client.post(f"{base}transitions/", {"action": "wait", "reason": f"等 {phone(number)}"}, format="json"))
    _ok(client.post(f"{base}transitions/", {"action": "resume", "reason": f"{email(number)} 已回"}, format="json"))
    _ok(client.patch(base, {"subject": f"回电 {phone(number)}"}, format="json"))


def _after_the_answer(world: World, number: int) -> None:
    agent = world.people["agent"]
    given = intake.CustomerGiven(phone=phone(number))
    request = intake.Request(channel="taobao", body="请问怎么清洗", customer=given)
    ticket = intake.receive(request=request, actor=None).ticket
    transitions.assign(ticket=ticket, actor=agent, assignee=agent, reason=_said(number))
    conversation.reply(ticket=ticket, actor=agent, body="清水即可。")
    transitions.solve(ticket=ticket, actor=agent, reason=_said(number))
    ticket.refresh_from_db()
    assert ticket.solved_at is not None
    survey = invite_for_solved_ticket(ticket_id=ticket.pk, solve_number=1, solved_at=ticket.solved_at)
    assert survey is not None
    link = (survey_url(survey) or "").removeprefix(settings.PUBLIC_URL)
    answers = {"score": "2", "comment": _said(number)}
    _ok(Client(REMOTE_ADDR=fresh_address()).post(link, answers))
    visit = plan_visit(
        actor=agent,
        customer=ticket.customer,
        ticket=ticket,
        assignee=agent,
        due_at=clock.now(),
        note=_said(number),
    )
    done = {"outcome": "satisfied", "note": _said(number)}
    _ok(world.client("agent").post(f"/api/v1/follow-up-visits/{visit.pk}/complete/", done, format="json"))


def tables() -> Iterator[tuple[str, str]]:
    """Every column of every table as (table.column, all its values as text)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
        )
        for table, column, kind in cursor.fetchall():
            shown = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f'SELECT string_agg({shown}, chr(10)) FROM "{table}"')  # noqa: S608
            yield f"{table}.{column}", cursor.fetchone()[0] or ""


def redis_values() -> Iterator[tuple[str, bytes]]:
    """Keys of this test's room in the cache, with what they hold."""
    connected, prefix = redis_client(), settings.CACHES["default"]["KEY_PREFIX"]
    for key in connected.scan_iter(match=f"*{prefix}*"):
        kind = connected.type(key)
        kind = kind.decode() if isinstance(kind, bytes) else kind
        read = {"string": connected.get, "hash": connected.hgetall, "set": connected.smembers}.get(kind)
        value = read(key) if read else connected.zrange(key, 0, -1) if kind == "zset" else connected.lrange(key, 0, -1)
        yield str(key), value if isinstance(value, bytes) else repr(value).encode()


def hits(content: bytes) -> list[str]:
    return [word for word, needle in needles().items() if needle in content]


def test_nothing_at_rest_holds_a_phone_number_or_an_address(planted: World, caplog: pytest.LogCaptureFixture) -> None:
    assert len(needles()) == 2 * PEOPLE
    found: dict[str, list[str]] = {}
    for place, text in tables():
        if hit := hits(text.encode()):
            found[place] = hit[:3]
    for key, value in redis_values():
        if hit := hits(value):
            found[f"redis {key}"] = hit[:3]
    if hit := hits(caplog.text.encode()):
        found["logs"] = hit[:3]
    assert found == {}, json.dumps(found, ensure_ascii=False, indent=2)
    _the_seed_is_there_and_found_by_who_may(planted)


def _the_seed_is_there_and_found_by_who_may(planted: World) -> None:
    """The search above means something: the same values come back through the right door."""
    client = planted.client("admin")
    for number in (0, 1, 2, 3, 4):
        found = client.get("/api/v1/customers/", {"search": phone(number)}).json()["results"]
        assert [row["phone"][-4:] for row in found] == [phone(number)[-4:]], number
