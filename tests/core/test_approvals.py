"""Limits of a day, requests, decisions, substitutes and expiry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db.models import Q

from core import clock
from core.approvals import ApprovalKind, LimitKind, authority, registry
from core.approvals.models import ApprovalRequest, AuthorityDay
from core.approvals.services import decide, name_substitute, request_approval
from core.errors import Conflict, DomainError, NotAllowed
from core.events import Event
from core.timers import fire_due
from crm.staff.models import Team, User
from tests.core.concurrency import in_threads

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B17"), pytest.mark.capability("D09")]

NOON = datetime(2026, 11, 16, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """A kind that supervisors decide and everybody sees; what it is told lands in the list."""
    told: list[tuple[str, Any]] = []
    kind = ApprovalKind(
        key="sample",
        label="样例",
        codename="staff.add_team",
        sight=lambda user: Q(subject_id__gt=0),
        decided=lambda request, actor: told.append((request.state, actor)),
        link=lambda request: "/",
    )
    monkeypatch.setitem(registry.kinds, "sample", kind)
    monkeypatch.setitem(registry.limits, "sample", LimitKind("sample", "样例", {"agent": Decimal(50), "admin": None}))
    return told


def ask(person: User, subject: int = 1) -> ApprovalRequest:
    return request_approval(
        kind="sample",
        subject_type="sample",
        subject_id=subject,
        requester=person,
        title="补偿 80 元",
        reason="超出额度",
        amount=Decimal(80),
    )


def test_grants_up_to_the_limit_of_the_day_pass_and_the_next_fen_does_not(agent: User) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        assert authority.take(kind="sample", person=agent, amount=Decimal("49.99"))
        assert authority.take(kind="sample", person=agent, amount=Decimal("0.01"))
        assert not authority.take(kind="sample", person=agent, amount=Decimal("0.01"))
        assert authority.left("sample", agent) == 0
        now.move_to(datetime(2026, 11, 16, 16, 0, tzinfo=UTC))  # midnight in Shanghai: a new day
        assert authority.take(kind="sample", person=agent, amount=Decimal(50))


def test_a_role_without_limit_and_a_role_without_authority(admin: User, auditor: User) -> None:
    assert authority.take(kind="sample", person=admin, amount=Decimal(1_000_000))
    assert authority.left("sample", admin) is None
    assert not authority.take(kind="sample", person=auditor, amount=Decimal("0.01"))


def test_an_admins_new_limit_counts_at_once_and_is_on_record(agent: User, admin: User) -> None:
    authority.set_limit(actor=admin, kind="sample", role="agent", per_day=Decimal(10), approves_up_to=None)
    assert not authority.take(kind="sample", person=agent, amount=Decimal(11))
    assert Event.objects.get(kind="authority.limit_changed").payload["per_day"] == "10"


@pytest.mark.django_db(transaction=True)
def test_fifty_grants_at_once_never_pass_the_sum_of_the_day(agent: User) -> None:
    """Ten connections with five grants of 3.00 each; a limit of 50 has room for sixteen."""

    def work() -> int:
        return sum(authority.take(kind="sample", person=agent, amount=Decimal(3)) for _number in range(5))

    assert sum(in_threads(10, work)) == 16
    assert AuthorityDay.objects.get(person=agent).used == Decimal(48)


def test_a_request_is_decided_once_by_someone_allowed_and_never_by_the_requester(
    agent: User, lead: User, supervisor: User, heard: list[Any]
) -> None:
    request = ask(agent)
    for person, code in ((agent, "own_request"), (lead, "permission_denied")):
        with pytest.raises(NotAllowed) as caught:
            decide(request=request, actor=person, approve=True)
        assert caught.value.code == code
    assert decide(request=request, actor=supervisor, approve=True, note="同意").state == "approved"
    with pytest.raises(Conflict) as again:
        decide(request=request, actor=supervisor, approve=False)
    assert again.value.code == "already_decided"
    assert heard == [("approved", supervisor)]
    assert list(Event.objects.filter(subject_type="approval").order_by("id").values_list("kind", flat=True)) == [
        "approval.requested",
        "approval.approved",
    ]


def test_a_supervisor_cannot_approve_the_own_request(supervisor: User) -> None:
    with pytest.raises(NotAllowed):
        decide(request=ask(supervisor), actor=supervisor, approve=True)


def test_a_role_approves_up_to_its_own_limit(agent: User, supervisor: User, admin: User) -> None:
    authority.set_limit(
        actor=admin, kind="sample", role="supervisor", per_day=Decimal(0), approves_up_to=Decimal("79.99")
    )
    with pytest.raises(NotAllowed):
        decide(request=ask(agent), actor=supervisor, approve=True)
    assert decide(request=ApprovalRequest.objects.get(), actor=admin, approve=True).decider == admin


def test_a_substitute_decides_only_while_the_person_is_away(agent: User, lead: User, supervisor: User) -> None:
    now = clock.now()
    name_substitute(
        actor=supervisor, person=supervisor, substitute=lead, starts_at=now, ends_at=now + timedelta(days=2)
    )
    decided = decide(request=ask(agent), actor=User.objects.get(pk=lead.pk), approve=False)
    assert (decided.decider, decided.decided_for) == (lead, supervisor)
    with clock.at(now + timedelta(days=2)), pytest.raises(NotAllowed):
        decide(request=ask(agent, 2), actor=User.objects.get(pk=lead.pk), approve=True)


def test_a_substitute_never_decides_for_the_requester(supervisor: User, lead: User) -> None:
    now = clock.now()
    name_substitute(
        actor=supervisor, person=supervisor, substitute=lead, starts_at=now, ends_at=now + timedelta(days=2)
    )
    with pytest.raises(NotAllowed):
        decide(request=ask(supervisor), actor=User.objects.get(pk=lead.pk), approve=True)


def test_nobody_names_a_substitute_for_someone_else(supervisor: User, lead: User, admin: User) -> None:
    now = clock.now()
    span = {"starts_at": now, "ends_at": now + timedelta(days=1)}
    with pytest.raises(NotAllowed):
        name_substitute(actor=lead, person=supervisor, substitute=lead, **span)
    name_substitute(actor=admin, person=supervisor, substitute=lead, **span)
    with pytest.raises(DomainError):
        name_substitute(actor=lead, person=lead, substitute=lead, **span)
    with pytest.raises(DomainError):
        name_substitute(actor=lead, person=lead, substitute=admin, starts_at=now, ends_at=now)


def test_an_undecided_request_expires_by_itself_to_the_second(agent: User, supervisor: User, heard: list[Any]) -> None:
    with time_machine.travel(NOON, tick=False):
        request = ask(agent)
    end = NOON + registry.kinds["sample"].expires_after
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        fire_due(now=clock.now())
        assert ApprovalRequest.objects.get().state == "pending"
    with time_machine.travel(end, tick=False):
        with pytest.raises(Conflict):
            decide(request=request, actor=supervisor, approve=True)
        fire_due(now=clock.now())
    assert ApprovalRequest.objects.get().state == "expired"
    assert heard == [("expired", None)]


def test_sight_follows_the_kind_and_the_requester(
    agent: User, agent2: User, other_agent: User, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = replace(registry.kinds["sample"], sight=lambda user: Q(subject_id__in=[7] if user == agent2 else []))
    monkeypatch.setitem(registry.kinds, "sample", narrow)
    ask(agent, 7)
    visible = {person.pk: ApprovalRequest.objects.visible_to(person).count() for person in (agent, agent2, other_agent)}
    assert visible == {agent.pk: 1, agent2.pk: 1, other_agent.pk: 0}
