"""Data set A of the house formulas, and the edges."""

from datetime import datetime, timedelta

import pytest

from crm.insights.service_times import (
    TicketStory,
    attainment,
    backlog,
    first_responses,
    measure,
    percentile,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-16T{text}+08:00")


def story(
    created: str, replied: str = "", resolved: str = "", reopened: bool = False, contacts: int = 1
) -> TicketStory:
    return TicketStory(
        created_at=at(created),
        replied_at=at(replied) if replied else None,
        resolved_at=at(resolved) if resolved else None,
        is_reopened=reopened,
        contacts=contacts,
    )


DATA_SET_A = [
    story("09:00:00", "09:00:40", "09:08:00"),
    story("09:05:00", "09:09:10", "09:30:00", contacts=2),
    story("09:10:00", "09:10:20", "10:10:00", reopened=True, contacts=3),
    story("09:20:00", "09:22:59", "09:40:00"),
    story("09:25:00"),
    story("09:30:00", "09:33:00", "09:50:00"),
    story("09:40:00", "09:40:15", "09:44:00"),
    story("09:50:00", "09:55:00", "11:50:00", contacts=2),
]


def test_first_responses_of_data_set_a() -> None:
    assert first_responses(DATA_SET_A) == [40, 250, 20, 179, 180, 15, 300]
    found = measure(DATA_SET_A)
    assert found.mean_first_response == pytest.approx(140.571429, rel=1e-6)
    assert found.median_first_response == 179
    assert found.p90_first_response == pytest.approx(270)


def test_rates_of_data_set_a() -> None:
    found = measure(DATA_SET_A)
    assert (found.n, found.answered, found.resolved) == (8, 7, 7)
    assert found.fast_replies == 5 / 8
    assert found.resolution == 7 / 8
    assert found.reopen == 1 / 7
    assert found.first_contact == 4 / 7


def test_time_to_resolve_of_data_set_a() -> None:
    found = measure(DATA_SET_A)
    assert found.mean_resolve is not None
    assert found.mean_resolve / 60 == pytest.approx(36.714286, rel=1e-6)
    assert found.median_resolve == 20 * 60


def test_a_ticket_past_due_and_open_is_a_breach() -> None:
    assert attainment(DATA_SET_A, within=timedelta(minutes=30), now=at("12:00:00")) == 5 / 8


def test_a_ticket_not_yet_due_is_left_out() -> None:
    within = timedelta(minutes=30)
    assert attainment([story("09:00:00")], within=within, now=at("09:30:00")) is None
    assert attainment([story("09:00:00")], within=within, now=at("09:30:01")) == 0
    assert attainment([story("09:00:00", resolved="09:30:00")], within=within, now=at("12:00:00")) == 1


@pytest.mark.parametrize(
    ("moment", "open_tickets"), [("10:00:00", 3), ("10:30:00", 2), ("08:59:59", 0), ("09:00:00", 1)]
)
def test_backlog_at_a_moment(moment: str, open_tickets: int) -> None:
    assert backlog(DATA_SET_A, at(moment)) == open_tickets


def test_pauses_do_not_count() -> None:
    paused = TicketStory(at("10:00:00"), resolved_at=at("18:30:00"), paused=timedelta(hours=4, minutes=30))
    assert measure([paused]).mean_resolve == 4 * 3600


def test_nothing_to_divide_by_is_none() -> None:
    found = measure([])
    assert found.n == 0
    assert {found.fast_replies, found.resolution, found.reopen, found.mean_resolve, found.p90_first_response} == {None}


def test_percentiles_interpolate() -> None:
    assert percentile([10.0], 0.9) == 10
    assert percentile([0.0, 10.0], 0.25) == 2.5
    assert percentile([3.0, 1.0, 2.0], 1) == 3
    with pytest.raises(ValueError, match="share"):
        percentile([1.0], 1.1)
