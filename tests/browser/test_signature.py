"""A signature drawn on the page of a visit, in a real browser at a phone's width."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from core import clock
from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk
from tickets.models import Appointment
from tickets.services import appointments, intake

__all__ = ["desk"]
pytestmark = [pytest.mark.browser, pytest.mark.capability("B20")]


def test_the_customer_signs_with_a_finger(
    open_as: OpenAs, desk: Desk, agent: User, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    given = intake.Request(
        channel="taobao", external_id="m1", body="热水器坏了", customer=intake.CustomerGiven(name="陈")
    )
    ticket = intake.receive(request=given, actor=None).ticket
    starts = clock.now() + timedelta(seconds=2)
    made = appointments.book(
        ticket=ticket,
        actor=agent,
        technician=agent,
        starts_at=starts,
        ends_at=starts + timedelta(hours=1),
        address="漕溪北路 88 号",
    )
    page = open_as(agent, f"/appointments/{made.pk}/", width=390)
    box = page.locator("canvas[data-signature]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 120, steps=8)
    page.mouse.up()
    page.get_by_text("已解决", exact=True).click()
    page.get_by_role("button", name="登记结果").click()
    expect(page.get_by_text("下载签名")).to_be_visible()
    signed = Appointment.objects.get(pk=made.pk)
    content = appointments.signature_of(signed)
    assert content is not None
    assert content.startswith(b"\x89PNG")
    assert len(content) > 500  # a line, not an empty sheet
