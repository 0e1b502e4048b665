"""The paper of an evidence pack: cover, contents with every exhibit's hash, then exhibit after exhibit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from core.pdf import Document
from tickets.choices import MessageKind
from tickets.models import Attachment, LegalCase

#: Pictures on paper; what comes after them stands in the archive only. Keeps one export from filling the memory.
MOST_PICTURES = 120


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One file of the pack. `name` says which facts it holds, "" for a file; `told`: lines below its heading;
    `sha256` of a piece that is not enclosed is that of what was frozen, and `path` is empty."""

    title: str
    path: str = ""
    size: int = 0
    sha256: str = ""
    name: str = ""
    told: Sequence[tuple[str, str]] = ()
    file: Attachment | None = None


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything the paper tells. `facts`: case, order, logistics, conversation as they stand in the JSON files."""

    head: dict[str, Any]
    at: datetime
    case: LegalCase | None
    facts: dict[str, Any]
    exhibits: Sequence[Exhibit] = field(default_factory=list)


def moment(at: datetime | str | None) -> str:
    """A moment as people read it here; "—" for none."""
    if not at:
        return "—"
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{timezone.localtime(found):%Y-%m-%d %H:%M:%S}"


def rendered(contents: Contents) -> bytes:
    """The pack as one PDF."""
    subject = contents.head["case"] or contents.head["ticket"] or ""
    title = _("证据包 %(subject)s") % {"subject": subject}
    page = Document(title=title, foot=title, author=contents.head["made_by"], at=contents.at)
    labels = {_label(number, row): row for number, row in enumerate(contents.exhibits, start=1)}
    _cover(page, contents, title)
    page.contents(_("目录与指纹"), ((label, _hash_line(row)) for label, row in labels.items()))
    numbers = {row.sha256: number for number, row in enumerate(contents.exhibits, start=1)}
    pictures = MOST_PICTURES
    for label, row in labels.items():
        page.heading(label)
        page.note(_hash_line(row))
        page.pairs(row.told)
        if row.name:
            _FACTS[row.name](page, contents.facts[row.name], numbers)
        elif row.file is not None:
            pictures -= _picture(page, row.file, pictures > 0)
    return page.content()


def _label(number: int, row: Exhibit) -> str:
    return _("证据 %(number)d　%(title)s") % {"number": number, "title": row.title}


def _hash_line(row: Exhibit) -> str:
    if not row.path:
        return _("未随附（含个人信息）· SHA-256 %(digest)s") % {"digest": row.sha256}
    values = {"path": row.path, "size": f"{row.size:,}", "digest": row.sha256}
    return _("%(path)s · %(size)s 字节 · SHA-256 %(digest)s") % values


def _cover(page: Document, contents: Contents, title: str) -> None:
    head, case = contents.head, contents.case
    page.title(title, _("个人信息已脱敏") if head["masked"] else _("含完整个人信息，请妥善保管"))
    if case is not None:
        before = [case.get_authority_display(), case.get_platform_display() if case.platform else ""]
        page.pairs(
            [
                (_("机关"), " · ".join(part for part in [*before, case.get_matter_display()] if part)),
                (_("外部编号"), case.external_number),
                (_("收到时间"), moment(case.received_at)),
            ]
        )
    page.pairs(
        [
            (_("工单"), head["ticket"] or ""),
            (_("导出"), f"{head['made_by']} · {moment(contents.at)}"),
            (_("证据"), _("%(n)d 件，指纹见目录与 manifest.json") % {"n": len(contents.exhibits)}),
        ]
    )
    if case is not None and contents.facts["case"]["deadlines"]:
        page.heading(_("法定时限"))
        _deadlines(page, contents.facts["case"])


def _deadlines(page: Document, case: dict[str, Any]) -> None:
    for row in case["deadlines"]:
        if row["met_at"]:
            state = _("已完成 %(at)s") % {"at": moment(row["met_at"])}
        else:
            state = _("已错过") if row["missed_at"] else _("进行中")
        page.pairs([(row["what"], _("截止 %(at)s · %(state)s") % {"at": moment(row["due_at"]), "state": state})])
        page.note(row["basis"])


def _case(page: Document, facts: dict[str, Any], numbers: dict[str, int]) -> None:
    page.pairs([(_("外部编号"), facts["external_number"]), (_("收到时间"), moment(facts["received_at"]))])
    page.pairs([(row["what"], " · ".join(filter(None, (moment(row["at"]), row["note"])))) for row in facts["moments"]])


def _order(page: Document, facts: dict[str, Any], numbers: dict[str, int]) -> None:
    paid = _("%(total)s %(currency)s，实付 %(paid)s") % facts
    page.pairs(
        [
            (_("订单号"), f"{facts['order_no']} · {facts['shop']}"),
            (_("金额"), paid),
            (_("下单时间"), moment(facts["ordered_at"])),
            (_("付款时间"), moment(facts["paid_at"])),
            (_("收货人"), " ".join(filter(None, facts["receiver"].values()))),
        ]
    )
    for item in facts["items"]:
        batch = _("批次 %(batch)s") % {"batch": item["batch"]} if item["batch"] else ""
        what = f"{item['name']}（{item['sku']}）× {item['quantity']} · {item['price']}"
        page.pairs([(_("商品"), " · ".join(filter(None, (what, batch))))])


def _logistics(page: Document, facts: dict[str, Any], numbers: dict[str, int]) -> None:
    page.pairs([(_("发货时间"), moment(facts["shipped_at"])), (_("签收时间"), moment(facts["signed_at"]))])
    for parcel in facts["parcels"]:
        page.heading(f"{parcel['carrier']} {parcel['tracking_no']}", level=1)
        for node in parcel["nodes"]:
            page.pairs([(moment(node["at"]), f"{node['place']} {node['text'] or node['kind']}".strip())])


def _conversation(page: Document, facts: dict[str, Any], numbers: dict[str, int]) -> None:
    page.pairs(
        [
            (_("工单"), f"{facts['ticket']} · {facts['channel']}"),
            (_("主题"), facts["subject"]),
            (_("客户"), facts["customer"]),
        ]
    )
    for row in facts["messages"]:
        page.gap()
        who = MessageKind(row["kind"]).label
        page.note(" · ".join(filter(None, (moment(row["at"]), str(who), row["author"]))))
        page.text(row["body"])
        for file in row["files"]:
            number = numbers.get(file["sha256"])
            where = _("见证据 %(number)d") % {"number": number} if number else ""
            page.note(" · ".join(filter(None, (f"[{file['name']}]", where, f"SHA-256 {file['sha256']}"))))


_FACTS = {"case": _case, "order": _order, "logistics": _logistics, "conversation": _conversation}


def _picture(page: Document, attachment: Attachment, has_room: bool) -> int:
    """The picture below its heading; returns how many were drawn."""
    if not attachment.content_type.startswith("image/"):
        return 0
    if has_room:
        with attachment.file.open("rb") as file:
            if page.picture(file):
                return 1
    page.note(_("图片未在此显示，请打开证据包中的原文件。"))
    return 0
