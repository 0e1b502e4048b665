"""The form of a line, and what bodies of calls have in common."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    statuses: str
    body: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


CALENDAR = {"name": "客服时间", "hours": [{"weekday": 0, "opens": "09:00", "closes": "18:00"}]}
TARGETS = [{"priority": "normal", "metric": "first_response", "seconds": 3600}]
CONDITION = {"field": "type", "op": "eq", "value": "complaint"}
RULE = {"name": "投诉", "position": 5, "condition": CONDITION, "queue": "desk"}
POLICY = {"name": "投诉", "position": 5, "calendar": "{calendar}", "targets": TARGETS}
NORM = {"stage": "handled", "name": "少转接", "requirement": {"field": "transfers", "op": "lte", "value": 2}}
TAG_RULE = {"field": "paid_total", "op": "gte", "value": 2000}
#: Stands for an uploaded picture; the call is then multipart.
UPLOAD = "<picture>"
STEPS = [{"key": "check", "title": "核对", "department": "service", "due": {"seconds": 3600}}]
RUNGS = [{"share": "0.5"}, {"share": "1", "extra": "0.1"}]
CHECKED = {"items": {"c1": True, "c2": True}, "proof": {"solution": ["refund"], "amount": "59.00"}}
LATER = "2099-01-01T10:00:00+08:00"
LONG_AGO = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
#: A visit three days ahead; nobody may be booked for a year like 2099.
VISIT_AT = (datetime.now(UTC) + timedelta(days=3)).isoformat()
VISIT_UNTIL = (datetime.now(UTC) + timedelta(days=3, hours=2)).isoformat()
BOOKING = {
    "ticket": "{number}",
    "technician": "{staff}",
    "starts_at": VISIT_AT,
    "ends_at": VISIT_UNTIL,
    "address": "漕溪北路 88 号",
}
#: Verbs that a version which is out already refuses.
MOVES_REFUSED = (("submit", {}), ("approve", {}), ("reject", {"reason": "不妥"}), ("publish", {}))
INCIDENT = {
    "ticket": "{number}",
    "sku": "CUP-9",
    "harm": "minor",
    "injured_count": 1,
    "injury": "划伤",
    "circumstances": "炸裂",
    "storage": "常温",
    "occurred_at": LONG_AGO,
    "our_role": "seller",
}


def library_pages(
    prefix: str,
    item: str,
    *,
    new: dict[str, Any],
    words: dict[str, Any],
    title: str = "改名",
    lead_retires: bool = False,
) -> tuple[Row, ...]:
    """The pages of a library of reviewed texts whose one version is out. `item`: the world's name of the text."""
    place, writing, taken = f"/{prefix}/{{{item}}}", "302 403 403 200 200 200 403", "302 403 403 302 302 302 403"
    return (
        Row("GET", f"/{prefix}/", "302 200 200 200 200 200 200"),
        Row("GET", f"/{prefix}/new/", writing),
        Row("POST", f"/{prefix}/new/", taken, new),
        Row("GET", f"{place}/", "302 200 200 200 200 200 200"),
        Row("GET", f"{place}/edit/", writing),
        Row("POST", f"{place}/edit/", taken, {"title": title}),
        Row("GET", f"{place}/draft/", writing),
        Row("POST", f"{place}/draft/", taken, words),
        Row("GET", f"{place}/versions/1/edit/", taken),
        Row("POST", f"{place}/versions/1/edit/", "302 403 403 422 422 422 403", words),
        Row("POST", f"{place}/versions/1/retire/", taken if lead_retires else "302 403 403 403 302 302 403"),
    )
