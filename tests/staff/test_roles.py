"""Roles and what they may do."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.staff.choices import Role
from crm.staff.models import User
from crm.staff.roles import ROLE_PERMISSIONS

pytestmark = pytest.mark.django_db


def test_every_role_has_a_line_in_the_table() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role.values)


@pytest.mark.capability("J20")
@pytest.mark.parametrize(
    ("role", "codename", "allowed"),
    [
        ("agent", "tickets.reply_ticket", True),
        ("agent", "tickets.export_ticket", False),
        ("agent", "scripts_library.publish_scriptversion", False),
        ("agent", "staff.change_user", False),
        ("lead", "scripts_library.publish_scriptversion", True),
        ("lead", "knowledge.publish_articleversion", True),
        ("lead", "staff.change_user", False),
        ("supervisor", "staff.change_user", True),
        ("supervisor", "core.change_businesscalendar", True),
        ("supervisor", "core.replay_timer", False),
        ("admin", "core.replay_timer", True),
        ("auditor", "tickets.view_ticket", True),
        ("auditor", "core.view_event", True),
        ("auditor", "tickets.reply_ticket", False),
        ("auditor", "customers.reveal_customer", False),
        ("auditor", "staff.change_own_availability", False),
    ],
)
def test_the_role_decides_the_right(role: str, codename: str, allowed: bool) -> None:
    assert User(role=role).has_perm(codename) is allowed


def test_asking_for_a_right_costs_no_query(agent: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert agent.has_perm("tickets.view_ticket")
        assert agent.has_perms(["tickets.view_ticket", "tickets.reply_ticket"])
        assert agent.has_module_perms("tickets")
    assert len(queries) == 0


@pytest.mark.parametrize("role", Role.values)
def test_an_inactive_person_may_nothing(role: str) -> None:
    person = User(role=role, is_active=False)
    assert not person.has_perm("tickets.view_ticket")
    assert not person.has_module_perms("tickets")
    assert not person.is_staff
    assert not person.is_superuser


def test_an_auditor_only_looks() -> None:
    assert all(".view_" in codename for codename in ROLE_PERMISSIONS["auditor"])
