"""The home page and the reports in a browser: charts draw in both looks, within the security policy."""

from typing import Any

import pytest

from crm.staff.models import User
from tests.browser.conftest import OpenAs
from tests.tickets.conftest import Desk, desk, make_ticket

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/reports/"])
def test_the_chart_draws_beside_its_table(
    open_as: OpenAs, supervisor: User, desk: Desk, make_ticket: Any, scheme: str, path: str
) -> None:
    make_ticket()
    page = open_as(supervisor, path, color_scheme=scheme)
    page.wait_for_selector(".i-chart canvas")
    assert page.locator("table").count() >= 1
    box = page.locator(".i-chart canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(200)


def test_service_times_arrive_after_the_report(open_as: OpenAs, supervisor: User, desk: Desk) -> None:
    page = open_as(supervisor, "/reports/")
    page.wait_for_selector(".i-times")


@pytest.mark.parametrize("path", ["/", "/reports/"])
def test_nothing_is_wider_than_a_phone(
    open_as: OpenAs, supervisor: User, desk: Desk, make_ticket: Any, path: str
) -> None:
    make_ticket()
    page = open_as(supervisor, path, width=390)
    page.wait_for_selector(".i-chart canvas")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
