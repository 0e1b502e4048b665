"""Working time as arithmetic: no rows, no Django.

A `Schedule` answers for one calendar: is it open, when does so much working time end, how
much working time lies between two moments. Moments are aware datetimes; answers are in UTC.
A moment is working time when the wall clock of the calendar's zone stands inside a window
of that day, so days with a change to or from summer time are as long as they really are.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

Windows = tuple[tuple[int, int], ...]
"""Opening windows of a day as (opens, closes) in minutes after midnight; closes may be 1440."""
Pauses = Sequence[tuple[datetime, datetime]]
Span = tuple[int, int]

DAY_MINUTES = 1440
LONGEST_WALK_DAYS = 366 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND


class CalendarDataMissing(Exception):
    """A day lies in a year whose public holidays nobody has entered yet."""

    code = "calendar_data_missing"

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__("日历未维护，无法计算工作日")

    def __reduce__(self) -> tuple[type["CalendarDataMissing"], tuple[int]]:
        return type(self), (self.year,)


class EmptySchedule(ValueError):
    """The week has no open hour: working time would never pass."""


class ScheduleTooFar(ValueError):
    """The answer lies more than about 60 years away, or outside the years a date can have."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


def merge_spans(spans: Sequence[Span]) -> list[Span]:
    """The same time as disjoint spans in order; empty and reversed spans vanish."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def without(span: Span, pauses: Sequence[Span]) -> Iterator[Span]:
    """The parts of a span outside the (merged) pauses, in order."""
    start, end = span
    for pause_start, pause_end in pauses[max(0, bisect_right(pauses, (start, start)) - 1) :]:
        if pause_start >= end:
            break
        if pause_end <= start:
            continue
        if pause_start > start:
            yield start, pause_start
        start = pause_end
        if start >= end:
            return
    if start < end:
        yield start, end


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _offset(zone: ZoneInfo, wall: datetime) -> int:
    shift = wall.replace(tzinfo=zone).utcoffset()
    assert shift is not None
    return shift // _MICROSECOND


def _offset_change(zone: ZoneInfo, low: int, high: int, before: int) -> int:
    """The first moment in (low, high] at which the zone no longer has the offset `before`."""
    while high - low > 1:
        middle = (low + high) // 2
        shift = from_micros(middle).astimezone(zone).utcoffset()
        if shift is not None and shift // _MICROSECOND == before:
            low = middle
        else:
            high = middle
    return high


def day_spans(zone_name: str, on: date, windows: Windows) -> list[Span]:
    """The windows of one local day as spans in real time."""
    zone = _zone(zone_name)
    midnight = datetime(on.year, on.month, on.day)  # noqa: DTZ001 — a wall clock reading, placed below
    try:
        next_midnight = (midnight + _DAY).replace(fold=1)
    except OverflowError as error:
        raise ScheduleTooFar("日期超出可计算的范围。") from error
    wall = (midnight - datetime(1970, 1, 1)) // _MICROSECOND  # noqa: DTZ001
    first, last = _offset(zone, midnight), _offset(zone, next_midnight)
    readings = [(wall + opens * _MINUTE, wall + closes * _MINUTE) for opens, closes in windows]
    spans = [(opens - first, closes - first) for opens, closes in readings]
    if first != last:
        reach = abs(first - last)
        change = _offset_change(zone, wall - first - reach, wall + DAY_MINUTES * _MINUTE - last + reach, first)
        spans = [(opens, min(closes, change)) for opens, closes in spans]
        spans += [(max(opens - last, change), closes - last) for opens, closes in readings]
    return merge_spans(spans)


@dataclass(frozen=True)
class Schedule:
    """One calendar's working time.

    `weekly` has the windows of Monday to Sunday. `public_days` maps public closed days to False
    and make-up workdays to True; `own_days` holds the calendar's own exceptions, which win.
    `maintained_years` are the years whose public days are known, None when the calendar follows
    no public holidays; a day outside them and without an own exception raises CalendarDataMissing.
    """

    timezone: str
    weekly: tuple[Windows, ...]
    public_days: Mapping[date, bool] = field(default_factory=dict)
    own_days: Mapping[date, Windows] = field(default_factory=dict)
    maintained_years: frozenset[int] | None = None
    _spans: dict[date, list[Span]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError("A week has seven days.")
        if not any(self.weekly):
            raise EmptySchedule("日历没有任何营业时间。")

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_spans": {}}

    @property
    def zone(self) -> ZoneInfo:
        return _zone(self.timezone)

    def local_date(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def windows(self, on: date) -> Windows:
        """Opening windows of a day, empty when closed; CalendarDataMissing when unknown."""
        own = self.own_days.get(on)
        if own is not None:
            return own
        if self.maintained_years is not None:
            if on.year not in self.maintained_years:
                raise CalendarDataMissing(on.year)
            public = self.public_days.get(on)
            if public is not None:
                return self.workday_windows if public else ()
        return self.weekly[on.weekday()]

    @property
    def workday_windows(self) -> Windows:
        """Hours of a workday that has none of its own: Monday's, else the first open weekday's."""
        return next(windows for windows in self.weekly if windows)

    def spans(self, on: date) -> list[Span]:
        """The open spans of a local day in real time (microseconds), remembered once computed."""
        spans = self._spans.get(on)
        if spans is None:
            spans = self._spans[on] = day_spans(self.timezone, on, self.windows(on))
        return spans

    def open_spans(self, start: int, first_day: date, pauses: Sequence[Span] = ()) -> Iterator[Span]:
        """Working time from `start` on, pauses taken out, without end until ScheduleTooFar."""
        day = first_day
        for _ in range(LONGEST_WALK_DAYS):
            for opens, closes in self.spans(day):
                if closes <= start:
                    continue
                yield from without((max(opens, start), closes), pauses)
            try:
                day += _DAY
            except OverflowError as error:
                raise ScheduleTooFar("日期超出可计算的范围。") from error
        raise ScheduleTooFar("期限过长，无法计算。")

    def add(self, start: datetime, seconds: int, pauses: Pauses = ()) -> datetime:
        """The earliest moment at which `seconds` of working time have passed since `start`.

        Time that ends exactly at closing is due at closing, not at the next opening.
        """
        if seconds < 0:
            raise ValueError("A span of working time is not negative.")
        begin, left = micros(start), seconds * _SECOND
        if left == 0:
            return from_micros(begin)
        stops = merge_spans([(micros(opens), micros(closes)) for opens, closes in pauses])
        day = self.local_date(start)
        if not stops:
            day, begin, left = self._skip_whole_days(day, begin, left)
        for opens, closes in self.open_spans(begin, day, stops):
            if closes - opens >= left:
                return from_micros(opens + left)
            left -= closes - opens
        raise ScheduleTooFar("期限过长，无法计算。")

    def _skip_whole_days(self, day: date, begin: int, left: int) -> tuple[date, int, int]:
        """Use up the first day and whole days after it while they hold less than `left` microseconds."""
        held = sum(max(0, closes - max(opens, begin)) for opens, closes in self.spans(day))
        for _ in range(LONGEST_WALK_DAYS):
            if held >= left:
                break
            left -= held
            try:
                day += _DAY
            except OverflowError as error:
                raise ScheduleTooFar("日期超出可计算的范围。") from error
            held = 0
            for opens, closes in self.spans(day):
                held += closes - opens
        return day, begin, left

    def between(self, start: datetime, end: datetime, pauses: Pauses = ()) -> int:
        """Whole seconds of working time from `start` to `end` (0 when reversed), pauses taken out."""
        begin, finish = micros(start), micros(end)
        if finish <= begin:
            return 0
        stops = merge_spans([(micros(opens), micros(closes)) for opens, closes in pauses])
        total, day, last_day = 0, self.local_date(start), self.local_date(end)
        while day <= last_day:
            for opens, closes in self.spans(day):
                span = (max(opens, begin), min(closes, finish))
                if span[0] < span[1]:
                    total += sum(stop - go for go, stop in without(span, stops)) if stops else span[1] - span[0]
            day += _DAY
        return total // _SECOND

    def is_open(self, at: datetime) -> bool:
        """Whether the moment is working time; a window's closing moment is not."""
        moment = micros(at)
        return any(opens <= moment < closes for opens, closes in self.spans(self.local_date(at)))

    def next_open(self, at: datetime) -> datetime:
        """The first working moment at or after `at`."""
        opens, _ = next(self.open_spans(micros(at), self.local_date(at)))
        return from_micros(opens)

    def is_working_day(self, on: date) -> bool:
        return bool(self.windows(on))

    def add_working_days(self, start: date, days: int) -> date:
        """The day on which a period of working days ends; the first day is not counted."""
        if days < 0:
            raise ValueError("A period is not negative.")
        if days > LONGEST_WALK_DAYS:
            raise ScheduleTooFar("期限过长，无法计算。")
        day, left = start, days
        for _ in range(LONGEST_WALK_DAYS):
            if left == 0:
                return day
            day += _DAY
            left -= self.is_working_day(day)
        raise ScheduleTooFar("期限过长，无法计算。")

    def extend_past_closed(self, last_day: date) -> date:
        """The last day itself, or the first working day after it when it is a holiday or weekend."""
        return last_day if self.is_working_day(last_day) else self.add_working_days(last_day, 1)

    def end_of_day(self, on: date) -> datetime:
        """24:00 of a local day: the first moment that is too late."""
        following = on + _DAY
        midnight = datetime(following.year, following.month, following.day, tzinfo=self.zone)
        return midnight.astimezone(UTC)


ALL_WEEK: tuple[Windows, ...] = (((0, DAY_MINUTES),),) * 7


def natural_schedule(timezone: str = "Asia/Shanghai") -> Schedule:
    """The clock of natural time: always open, no holidays."""
    return Schedule(timezone=timezone, weekly=ALL_WEEK)


def natural_add(start: date, days: int) -> date:
    """The last day of a period of natural days; the first day is not counted."""
    if days < 0:
        raise ValueError("A period is not negative.")
    return start + timedelta(days=days)


def consumer_deadline(start: date, days: int, workdays: Schedule) -> datetime:
    """When a consumer's period of natural days is over: 24:00 of its last day.

    A last day on a holiday or weekend moves to the first working day after it. Duties of the
    seller are never extended: they use `natural_add`.
    """
    return workdays.end_of_day(workdays.extend_past_closed(natural_add(start, days)))
