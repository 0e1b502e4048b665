"""The demo, told once for all of these."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, F, Q
from django.test import RequestFactory, TestCase

from core import clock
from core.events import Event
from core.privacy import mask_phone
from core.versions.choices import VersionStatus
from crm.followups.choices import VisitOutcome, VisitStatus
from crm.followups.models import FollowUpVisit, SurveyInvitation
from crm.staff.models import User
from crm.workbench.demo.buyers import make_buyers
from crm.workbench.demo.conversations import fill_script, topics
from crm.workbench.demo.people import LOGINS, TEAMS, Roster
from crm.workbench.demo.shop import QUEUES
from customers.models import Customer, CustomerTag, Order
from knowledge.models import Article, ArticleVersion
from scripts_library.models import ScriptUsage, ScriptVersion
from tickets.choices import OPEN_STATUSES, Metric, Priority, TicketStatus, TicketType
from tickets.models import Queue, SLAClock, Ticket, TicketMerge, TicketMessage

#: A Wednesday afternoon in Shanghai.
END = datetime(2026, 11, 18, 7, 20, tzinfo=UTC)
PASSWORD = "Wr7-demo-of-a-shop"

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.django_db]


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The story, with everything that happens when it is committed; taken back after the last test."""
    with django_db_blocker.unblock(), transaction.atomic():
        with clock.at(END), TestCase.captureOnCommitCallbacks(execute=True):
            told = say("demo", password=PASSWORD)
        yield told
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _at_the_end() -> Iterator[None]:
    with clock.at(END):
        yield


def say(*words: str, **options: Any) -> str:
    output, errors = StringIO(), StringIO()
    call_command(*words, stdout=output, stderr=errors, **options)
    assert "没有演完" not in errors.getvalue()
    return output.getvalue()


def running() -> Any:
    return SLAClock.objects.filter(met_at=None, cancelled_at=None)


def test_without_a_password_nothing_is_made() -> None:
    """Stands first: the tests below share a database that the story has filled."""
    with pytest.raises(CommandError, match="密码"):
        say("demo", password="")
    assert not User.objects.exists()


def test_one_line_tells_what_was_made(told: str) -> None:
    assert told.count("\n") == 1
    assert f"{Ticket.objects.count()} 张工单" in told


def test_a_second_run_changes_nothing(told: str) -> None:
    before = (Event.objects.count(), Ticket.objects.count(), User.objects.count())
    assert "什么都没有改动" in say("demo", password=PASSWORD)
    assert (Event.objects.count(), Ticket.objects.count(), User.objects.count()) == before


def test_every_demo_login_signs_in(told: str) -> None:
    for username in LOGINS:
        assert authenticate(RequestFactory().post("/"), username=username, password=PASSWORD) is not None, username
    teams = dict(User.objects.filter(username__in=LOGINS).values_list("username", "teams__name"))
    assert teams["agent"] == teams["agent2"] == "售后组"
    assert teams["other_agent"] != teams["agent"]


def test_every_queue_is_served_by_a_team(told: str) -> None:
    keys = {key for key, _name in QUEUES} | {"default"}
    assert set(Queue.objects.values_list("key", flat=True)) == keys
    assert not Queue.objects.filter(teams=None).exists()
    assert set(TEAMS) <= set(Queue.objects.values_list("teams__name", flat=True))


def test_every_status_type_and_priority_is_there(told: str) -> None:
    assert 280 <= Ticket.objects.count() <= 330
    assert set(Ticket.objects.values_list("status", flat=True)) == set(TicketStatus.values)
    assert set(Ticket.objects.values_list("type", flat=True)) == set(TicketType.values)
    assert set(Ticket.objects.values_list("priority", flat=True)) == set(Priority.values)
    assert Ticket.objects.values("channel").distinct().count() >= 10


def test_the_desk_is_alive(told: str) -> None:
    for username in ("agent", "agent2"):
        mine = Ticket.objects.filter(assignee__username=username)
        assert 6 <= mine.filter(status=TicketStatus.OPEN).count() <= 9
        assert mine.filter(status__in=[TicketStatus.PENDING, TicketStatus.ON_HOLD]).exists()
        assert User.objects.get(username=username).availability == "online"
    assert Ticket.objects.waiting().values("queue").distinct().count() >= 3


def test_clocks_run_pause_warn_and_break(told: str) -> None:
    soon = running().filter(due_at__gt=END, due_at__lte=END + timedelta(hours=1))
    assert soon.values("metric").distinct().count() >= 2
    assert soon.filter(ticket__queue__teams__name="售后组").exists()
    assert running().filter(due_at=None).count() >= 5
    late = running().filter(due_at__lte=END)
    assert 3 <= late.values("ticket").distinct().count() <= 25
    assert set(SLAClock.objects.exclude(breached_at=None).values_list("metric", flat=True)) == set(Metric.values)
    assert SLAClock.objects.filter(breached_at__lt=F("met_at")).exists()
    met = SLAClock.objects.filter(met_at__isnull=False, metric=Metric.FIRST_RESPONSE)
    kept = met.filter(breached_at=None).count() / met.count()
    assert 0.75 <= kept <= 0.98


def test_every_promise_past_its_time_is_marked_broken_at_that_time(told: str) -> None:
    assert not running().filter(due_at__lte=END, breached_at=None).exists()
    assert not running().filter(breached_at__isnull=False).exclude(breached_at=F("due_at")).exists()
    broken = Event.objects.filter(kind="sla.breached").first()
    assert broken is not None
    assert datetime.fromisoformat(broken.payload["due_at"]) == broken.at


def test_nothing_happens_after_the_end(told: str) -> None:
    after = Q(created_at__gt=END) | Q(solved_at__gt=END) | Q(closed_at__gt=END) | Q(evaluated_at__gt=END)
    assert not Ticket.objects.filter(after | Q(last_message_at__gt=END) | Q(first_responded_at__gt=END)).exists()
    assert not Event.objects.filter(at__gt=END).exists()
    assert not TicketMessage.objects.filter(created_at__gt=END).exists()
    assert not SLAClock.objects.filter(Q(breached_at__gt=END) | Q(met_at__gt=END)).exists()
    assert not Order.objects.filter(Q(signed_at__gt=END) | Q(ordered_at__gt=END)).exists()


def test_history_is_in_the_order_of_time(told: str) -> None:
    """Only what people set up before the story, and promises checked late, may stand apart."""
    moments = list(Event.objects.order_by("id").values_list("at", flat=True))
    backwards = sum(later < earlier for earlier, later in pairwise(moments))
    assert backwards <= 5


def test_conversations_have_several_turns_and_use_scripts(told: str) -> None:
    lengths = Ticket.objects.annotate(n=Count("messages")).values_list("n", flat=True)
    assert sum(lengths) / len(lengths) > 3.5
    assert max(lengths) >= 8
    assert ScriptUsage.objects.count() > 150
    assert ScriptUsage.objects.values("version").distinct().count() >= 30
    assert TicketMessage.objects.filter(kind="note").count() >= 30
    openings = {
        row.messages.all()[0].body for row in Ticket.objects.filter(merged_into=None).prefetch_related("messages")
    }
    assert len(openings) > 0.8 * Ticket.objects.count()


def test_scripts_and_articles_were_approved_by_somebody_else(told: str) -> None:
    assert not ScriptVersion.objects.filter(reviewer=F("author")).exists()
    assert not ArticleVersion.objects.filter(reviewer=F("author")).exists()
    assert set(ScriptVersion.objects.values_list("status", flat=True)) >= {
        VersionStatus.DRAFT,
        VersionStatus.IN_REVIEW,
        VersionStatus.PUBLISHED,
        VersionStatus.REJECTED,
        VersionStatus.RETIRED,
    }
    assert ScriptVersion.objects.published().count() >= 35
    assert Article.objects.live().count() >= 24
    assert ArticleVersion.objects.filter(valid_until__gt=END).count() >= 2


def test_merged_doubled_escalated_and_strange_tickets(told: str) -> None:
    merge = TicketMerge.objects.get()
    assert merge.source.customer_id == merge.target.customer_id
    double = Ticket.objects.get(possible_duplicate_of__isnull=False)
    assert double.customer_id == Ticket.objects.get(pk=double.possible_duplicate_of_id).customer_id
    assert Ticket.objects.open().filter(escalation_level__gte=2, priority=Priority.URGENT).exists()
    assert Ticket.objects.filter(channel__key="other", channel_given="xiaohongshu").exists()
    assert Ticket.objects.filter(needs_human_triage=True, channel__key="email").exists()
    assert Ticket.objects.filter(product="MHT-4J-YUN", batch="2610A").count() >= 12
    assert Ticket.objects.filter(move_count__gt=0).exists()
    confirmations = set(Ticket.objects.filter(status=TicketStatus.CLOSED).values_list("confirmation", flat=True))
    assert confirmations == {"customer", "unreachable", "timeout", "merged", "cancelled"}


def test_customers_answered_gladly_and_angrily(told: str) -> None:
    scores = list(SurveyInvitation.objects.filter(answered_at__isnull=False).values_list("score", flat=True))
    assert set(scores) == {1, 2, 3, 4, 5}
    assert 3.7 <= sum(scores) / len(scores) <= 4.7
    reopened = Ticket.objects.filter(reopen_count__gt=0, status__in=OPEN_STATUSES)
    assert not SurveyInvitation.objects.filter(
        ticket__in=reopened, invitation__answered_at=None, invitation__cancelled_at=None
    ).exists()


def test_visits_are_planned_made_missed_and_skipped(told: str) -> None:
    done = FollowUpVisit.objects.filter(status=VisitStatus.DONE)
    assert done.filter(outcome=VisitOutcome.SATISFIED).exists()
    unhappy = done.filter(outcome=VisitOutcome.UNSATISFIED)
    assert unhappy.filter(ticket__reopen_count__gt=0).exists()
    assert FollowUpVisit.objects.filter(status=VisitStatus.SKIPPED, skip_reason="do_not_contact").exists()
    planned = FollowUpVisit.objects.filter(status=VisitStatus.PLANNED)
    assert planned.filter(due_at__gt=END).exists()
    assert planned.filter(due_at__lt=END - timedelta(hours=1)).exists()


def test_reactions_at_commit_repeat_nothing(told: str) -> None:
    twice = FollowUpVisit.objects.values("ticket", "planned_from").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twice.exists()
    invited = Event.objects.filter(kind="survey.invited").count()
    assert invited == SurveyInvitation.objects.count()


def test_customers_are_invented_and_known_from_their_first_order(told: str) -> None:
    assert 140 <= Customer.objects.count() <= 170
    phones = [customer.phone for customer in Customer.objects.all() if customer.phone]
    assert all(phone.startswith("1990000") for phone in phones)
    assert mask_phone(phones[0]).startswith("199")
    assert Customer.objects.filter(important=True).exists()
    assert CustomerTag.objects.filter(tag__kind="rule").exists()
    assert Customer.objects.filter(created_at__lt=END - timedelta(days=10)).exists()


def test_chance_falls_the_same_way_every_time() -> None:
    assert make_buyers() == make_buyers()
    assert len({buyer.name for buyer in make_buyers()}) == 150


def test_a_script_that_misses_a_word_is_not_sent() -> None:
    with pytest.raises(KeyError, match="order_no"):
        fill_script("订单 {{order_no}}", {})


def test_every_topic_has_its_words() -> None:
    for topic in topics().values():
        assert topic.facts
        assert topic.first
        assert topic.result
        assert (topic.pause == "wait") <= bool(topic.supply)


def test_the_last_hours_are_working_hours_at_any_time_of_day() -> None:
    roster = Roster(curtain=END - timedelta(hours=3))
    assert roster.is_on_duty("agent", END)
    assert not roster.is_on_duty("hanjiang", END)
    night = datetime(2026, 11, 10, 19, 0, tzinfo=UTC)
    assert not roster.is_on_duty("agent", night)
    opens = roster.next_on_duty("agent", night)
    assert opens is not None
    assert opens.astimezone(UTC).hour == 1
