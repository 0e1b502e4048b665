"""Door service and disputes of the story: visits before, today and tomorrow; a case on every clock; one missed."""

import math
import struct
import zlib
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core import clock
from crm.workbench.demo.people import SHANGHAI
from crm.workbench.demo.stage import Life
from tickets.choices import TicketStatus, TicketType
from tickets.models import LegalClock, Ticket
from tickets.services import appointments, attachments
from tickets.services.legal import cases, clocks, evidence, investigations, reviews

ADDRESSES = (
    "上海市徐汇区漕溪北路 88 号 1203 室",
    "杭州市西湖区文三路 199 号 6 幢 502 室",
    "苏州市工业园区星湖街 328 号 3 号楼 1101 室",
    "南京市鼓楼区中山北路 30 号 2 单元 401 室",
)
TASKS = ("取暖器检修，带加热管", "更换台灯灯罩", "晾衣架安装", "取暖器复检")


def signature() -> bytes:
    """A stroke of ink as a PNG: black on white, 240 × 80."""
    width, height = 240, 80
    rows = [bytearray(b"\xff" * width) for _row in range(height)]
    for x in range(20, 220):
        y = int(40 + 22 * math.sin(x / 9) * math.cos(x / 41))
        for dy in (0, 1):
            rows[y + dy][x] = 0
    raw = b"".join(b"\0" + bytes(row) for row in rows)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def _tickets(count: int, **given: Any) -> list[Ticket]:
    rows = Ticket.objects.filter(merged_into=None, **given).exclude(assignee=None).exclude(status=TicketStatus.CLOSED)
    return list(rows.select_related("assignee", "shop", "customer", "channel").order_by("-id")[:count])


def _morning(moment: datetime, days: int, hour: int) -> datetime:
    local = moment.astimezone(SHANGHAI) + timedelta(days=days)
    return local.replace(hour=hour, minute=0, second=0, microsecond=0)


def visits(staff: dict[str, Any], end: datetime) -> Life:
    """Booked three days before the end: one served and signed, one cancelled, two still to come."""
    chosen = _tickets(len(ADDRESSES), type__in=[TicketType.AFTER_SALES, TicketType.COMPLAINT])
    technician = staff["luzhou"]
    made = []
    for number, (ticket, address, task) in enumerate(zip(chosen, ADDRESSES, TASKS, strict=False)):
        starts = _morning(end, (-1, 1, 2, 3)[number], (10, 9, 14, 10)[number])
        actor: Any = ticket.assignee
        made.append(
            appointments.book(
                ticket=ticket,
                actor=actor,
                technician=technician,
                starts_at=starts,
                ends_at=starts + timedelta(hours=2),
                address=address,
                task=task,
            )
        )
    if not made:
        return
    yield made[0].ends_at
    stored = attachments.store_attachment(upload=SimpleUploadedFile("signature.png", signature()), actor=technician)
    appointments.serve(
        appointment=made[0], actor=technician, result="solved", note="更换加热管，试机半小时正常", signature=stored
    )
    if len(made) > 3:
        yield clock.now() + timedelta(hours=1)
        appointments.cancel(appointment=made[3], actor=staff["supervisor"], reason="客户改为寄修")


def disputes(staff: dict[str, Any], end: datetime) -> Life:
    """A platform dispute missed and explained, another missed of late, a complaint to 12315, an online settlement."""
    boss = staff["supervisor"]
    chosen = _tickets(4, type=TicketType.COMPLAINT)
    if len(chosen) < 4:
        return
    old, late, samr, odr = chosen
    cases.open_case(
        actor=boss, authority="platform", platform="jd", external_number="JF2026110900231",
        received_at=clock.now() - timedelta(hours=2), ticket=old, summary="买家称收到的台灯有使用痕迹",
    )  # fmt: skip
    yield clock.now() + timedelta(hours=25)
    missed = LegalClock.objects.to_explain().filter(ticket=old).first()
    if missed is not None:
        clocks.explain(
            clock=missed, actor=boss, cause="纠纷单落入无人值守的邮箱", remedy="当日补交举证并退款；邮箱改为工单渠道"
        )
    yield end - timedelta(days=2)
    opened = cases.open_case(
        actor=boss, authority="12315", external_number="310104-2026-118822", received_at=clock.now(), ticket=samr,
        summary="退货半个月未退款",
    )  # fmt: skip
    evidence.freeze(ticket=samr, actor=boss, kind="conversation")
    cases.open_case(
        actor=boss, authority="odr", external_number="ODR-20261120-0077", received_at=clock.now(), ticket=odr
    )
    yield end - timedelta(hours=27)
    cases.open_case(
        actor=boss, authority="platform", platform="jd", external_number="JF2026112100871",
        received_at=clock.now(), ticket=late, summary="买家申请平台介入",
    )  # fmt: skip
    cases.record_moment(case=opened, actor=boss, event="accepted", at=clock.now(), note="电话通知")
    yield end - timedelta(hours=6)
    yield from _inquiry(samr, boss)


def _inquiry(ticket: Ticket, boss: Any) -> Life:
    agent: Any = ticket.assignee
    inquiry = investigations.open_investigation(
        ticket=ticket, actor=agent, questions=["退款是否已发起？", "渠道为何退回？"]
    )
    yield clock.now() + timedelta(minutes=30)
    investigations.call(investigation=inquiry, actor=agent, outcome="unreachable", note="响铃无人接听")
    first = inquiry.entries.order_by("pk").first()
    investigations.state(
        investigation=inquiry, actor=agent, speaker="staff", text="财务：十一日已发起，被渠道退回。", answers=first
    )
    reviews.ask_review(ticket=ticket, actor=agent, question="客户要求按欺诈赔付三倍，请看是否成立。")
