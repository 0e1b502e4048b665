# ruff: noqa: E501 (a table: one line for each row)
"""What people and systems send wrong, and the sentence each gets: never a 5xx, always one shape."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient
from standardwebhooks.webhooks import Webhook

from crm.staff.models import Team
from crm.staff.services.tokens import issue_token, revoke_token
from customers.models import Customer, Tag, TagGroup
from customers.services import add_tag
from tests.api.walking import fresh_address
from tests.world import PNG, World
from tickets.models import Channel

pytestmark = [pytest.mark.django_db, pytest.mark.capability("C01", "C02")]

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(frozen=True)
class Bad:
    """`sentence` is a part of `message` or of the sentences at `field`; `raw` is sent as it is."""

    name: str
    path: str
    body: Any
    status: int
    sentence: str
    field: str = ""
    method: str = "POST"
    raw: bytes | None = None
    role: str = "admin"
    content_type: str = "application/json"
    code: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.name


def soon(**shift: int) -> str:
    return (datetime.now(UTC) + timedelta(**shift)).isoformat()


def post(path: str, body: Any, status: int, sentence: str, field: str = "", *, name: str, **more: Any) -> Bad:
    return Bad(name, f"/api/v1/{path}", body, status, sentence, field, **more)


def patch(path: str, body: Any, status: int, sentence: str, field: str = "", *, name: str, **more: Any) -> Bad:
    return Bad(name, f"/api/v1/{path}", body, status, sentence, field, method="PATCH", **more)


def get(path: str, status: int, sentence: str, field: str = "", *, name: str, **more: Any) -> Bad:
    return Bad(name, f"/api/v1/{path}", None, status, sentence, field, method="GET", **more)


def ticket(**values: Any) -> dict[str, Any]:
    return {"channel": "taobao", "body": "快递没到", **values}


def policy(**values: Any) -> dict[str, Any]:
    target = {"priority": "normal", "metric": "first_response", "seconds": 60}
    return {"name": "投诉", "position": 5, "calendar": "{calendar}", "targets": [target], **values}


def rule(condition: Any) -> dict[str, Any]:
    return {"name": "规则", "position": 5, "condition": condition, "queue": "desk"}


HOURS = [{"weekday": 0, "opens": "09:00", "closes": "18:00"}]
MOVES = "tickets/{ticket}/transitions/"

# fmt: off
TABLE = (
    # The body as a whole
    post("tickets/", None, 400, "必填", "channel", name="empty object", raw=b"{}"),
    post("tickets/", None, 400, "必填", "channel", name="empty body", raw=b""),
    post("tickets/", None, 400, "不是有效的 JSON", name="broken JSON", raw=b'{"channel": "taobao", '),
    post("tickets/", None, 400, "UTF-8", name="not UTF-8", raw='{"body": "快递"}'.encode("gb18030")),
    post("tickets/", [], 400, "", name="a list instead of an object"),
    post("tickets/", None, 400, "不接受 NaN", name="NaN", raw=b'{"channel": "taobao", "body": NaN}'),
    post("tickets/", None, 400, "数字超出范围", "body", name="a number beyond infinity", raw=b'{"channel": "taobao", "body": 1e999}'),
    post("tickets/", None, 400, "嵌套超过 50 层", name="deep nesting", raw=b'{"body": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
    post("tickets/", None, 400, "嵌套超过 50 层", name="nesting beyond the recursion limit", raw=b"[" * 200_000),
    post("tickets/", None, 413, "超过 1 MB", name="10 MB", raw=b'{"channel": "taobao", "body": "' + b"a" * 10_000_000 + b'"}'),
    post("tickets/", None, 400, "同一字段出现了多次", "body", name="duplicate key", raw='{"channel": "taobao", "body": "一", "body": "二"}'.encode()),
    post("tickets/", None, 415, "媒体类型", name="a form instead of JSON", raw=b"channel=taobao", content_type="application/x-www-form-urlencoded"),
    post("tickets/", None, 415, "压缩", name="gzip", raw=b"\x1f\x8b", headers=(("HTTP_CONTENT_ENCODING", "gzip"),)),
    # Text
    post("tickets/", {"channel": "taobao"}, 400, "必填", "body", name="missing body"),
    post("tickets/", ticket(body="   "), 400, "不能为空", "body", name="spaces only"),
    post("tickets/", ticket(body="长" * 20_001), 400, "20000", "body", name="body of 20,001 characters"),
    post("tickets/", ticket(subject="长" * 201), 400, "200", "subject", name="subject of 201 characters"),
    post("tickets/", ticket(channel="长" * 101), 400, "100", "channel", name="name of 101 characters"),
    post("tickets/", ticket(body="空\x00字"), 400, "不允许的字符", "body", name="NUL"),
    post("tickets/", None, 400, "不允许的字符", "body", name="half a surrogate pair", raw=b'{"channel": "taobao", "body": "\\ud83d"}'),
    post("tickets/", ticket(subject="反\u202e向"), 400, "不允许的字符", "subject", name="writing direction in a line"),
    post("tickets/", ticket(body={"text": "快递"}), 400, "字符串", "body", name="an object for text"),
    post("tickets/", ticket(colour="red"), 400, "未知字段", "colour", name="unknown field"),
    post("tickets/", ticket(customer={"nickname": "静"}), 400, "未知字段", "customer.nickname", name="unknown field inside"),
    # Choices, times, people
    post("tickets/", ticket(type="rant"), 400, "不是合法选项", "type", name="unknown type"),
    post("tickets/", ticket(priority=1), 400, "不是合法选项", "priority", name="priority as a number"),
    post("tickets/", ticket(occurred_at=soon(days=1)), 400, "不能晚于现在", "occurred_at", name="future time"),
    post("tickets/", ticket(occurred_at=soon(days=-1200)), 400, "三年前", "occurred_at", name="older than three years"),
    post("tickets/", ticket(occurred_at="昨天"), 400, "时间", "occurred_at", name="time in words"),
    post("tickets/", ticket(occurred_at="9999-12-31T23:59:59Z"), 400, "超出有效范围", "occurred_at", name="year 9999"),
    post("tickets/", ticket(occurred_at="2026-02-30T10:00:00+08:00"), 400, "时间", "occurred_at", name="a day that does not exist"),
    post("tickets/", ticket(customer={"phone": "12345"}), 400, "手机号应为", "customer.phone", name="bad phone"),
    post("tickets/", ticket(customer={"email": "chen@"}), 400, "邮箱", "customer.email", name="bad e-mail"),
    post("tickets/", ticket(customer={"external_ids": {"": "x"}}), 400, "平台名", "customer.external_ids", name="platform without a name"),
    post("tickets/", ticket(attachments=[2**63]), 400, "", "attachments.0", name="id 2^63 in a list"),
    post("customers/", {"phone": "021-88886666"}, 400, "请填写 11 位手机号", "phone", name="a landline as mobile"),
    post("customers/", {"name": "李", "preferences": {"备用电话": "13912345678"}}, 400, "请填写在备注中", "preferences", name="a phone among the preferences"),
    post("customers/", {"name": "陈静", "phone": "13800138000"}, 409, "已有客户使用该信息", "phone", name="duplicate customer", code="duplicate_customer"),
    # Conversation and moves
    post("tickets/{ticket}/messages/", {"kind": "reply", "body": ""}, 400, "请填写", "body", name="empty reply"),
    post("tickets/{ticket}/messages/", {"kind": "auto", "body": "您好"}, 400, "不是合法选项", "kind", name="a message of a kind that writes itself"),
    post("tickets/{ticket}/messages/", {"kind": "reply", "body": "退 {{amount}} 元"}, 400, "还有未填写的占位符：金额", "body", name="unfilled placeholder", code="placeholder_unfilled"),
    post("tickets/{ticket}/messages/", {"kind": "reply", "body": "您好", "script": 999}, 400, "没有这个已发布的话术版本", "script", name="unpublished script"),
    post("tickets/{ticket}/messages/", {"kind": "note", "body": "看", "attachments": [999]}, 400, "附件不存在或已被使用", "attachments", name="somebody else's attachment"),
    post(MOVES, {"action": "fly"}, 400, "不是合法选项", "action", name="unknown move"),
    post(MOVES, {"action": "reopen"}, 409, "处理中", name="illegal move", code="illegal_transition"),
    post(MOVES, {"action": "assign", "assignee": "{auditor}"}, 400, "", "assignee", name="assign to the auditor"),
    post(MOVES, {"action": "assign", "assignee": 2**63}, 400, "", "assignee", name="assign to 2^63"),
    post(MOVES, {"action": "move"}, 400, "请选择队列", "queue", name="move nowhere"),
    post(MOVES, {"action": "move", "queue": "nowhere"}, 400, "队列", "queue", name="move to an unknown queue"),
    post("tickets/{solved_ticket}/transitions/", {"action": "close", "confirmation": "unreachable"}, 409, "", name="close without feedback"),
    post("tickets/{ticket}/merge/", {"into": "{number}"}, 409, "不能把工单合并到自身", name="merge into itself"),
    post("tickets/{ticket}/merge/", {"into": "nothing"}, 400, "没有这张工单", "into", name="merge into nothing"),
    post("tickets/{ticket}/unmerge/", {"merge": "{ticket_merge}"}, 400, "没有这次合并", "merge", name="unmerge elsewhere"),
    patch("tickets/{ticket}/", {"status": "closed"}, 400, "未知字段", "status", name="status past the moves"),
    patch("tickets/{ticket}/", {"priority": "low", "updated_at": "2020-01-01T00:00:00+08:00"}, 409, "修改", name="changed by somebody meanwhile"),
    # Addresses, filters, pages
    get("tickets/abc/", 404, "没有找到", name="id abc"),
    get("tickets/9223372036854775808/", 404, "没有找到", name="id 2^63"),
    get("tickets/-1/", 404, "没有找到", name="id below zero"),
    get("tickets/%00/", 404, "没有找到", name="NUL in the address"),
    get("nothing/", 404, "没有找到", name="unknown address"),
    get("tickets/?colour=red", 400, "未知的查询参数", "colour", name="unknown filter"),
    get("tickets/?status=done", 400, "done", "status", name="unknown status in a filter"),
    get("tickets/?queue=nowhere", 400, "", "queue", name="unknown queue in a filter"),
    get("tickets/?overdue=yes", 400, "true 或 false", "overdue", name="yes for true"),
    get("tickets/?customer=9223372036854775808", 400, "", "customer", name="filter by 2^63"),
    get("tickets/?ordering=name", 400, "不支持的排序方式", "ordering", name="unknown ordering"),
    get("tickets/?cursor=xyz", 400, "翻页标记无效", "cursor", name="bad cursor"),
    get("tickets/?page_size=1000", 400, "1 到 100", "page_size", name="page_size 1000"),
    get("tickets/?page_size=zehn", 400, "1 到 100", "page_size", name="page_size in words"),
    get("tickets/?search=%00", 400, "不允许的字符", "search", name="NUL in a filter"),
    get("customers/?phone_tail=80", 400, "", "phone_tail", name="two digits for four"),
    # Keys
    get("tickets/", 401, "身份", name="no token", role="anonymous"),
    get("tickets/", 401, "令牌无效", name="malformed token", role="anonymous", headers=(("HTTP_AUTHORIZATION", "Token ü"),)),
    get("tickets/", 401, "令牌无效", name="unknown token", role="anonymous", headers=(("HTTP_AUTHORIZATION", "Token kean_nobody"),)),
    get("tickets/", 401, "令牌无效", name="revoked token", role="anonymous", headers=(("HTTP_AUTHORIZATION", "Token {revoked}"),)),
    get("tickets/", 401, "令牌无效", name="expired token", role="anonymous", headers=(("HTTP_AUTHORIZATION", "Token {expired}"),)),
    post("tickets/", ticket(), 400, "Idempotency-Key", "Idempotency-Key", name="bad idempotency key", headers=(("HTTP_IDEMPOTENCY_KEY", "a b"),)),
    post("tickets/", ticket(), 403, "权限", name="the auditor writes", role="auditor"),
    Bad("wrong method", "/api/v1/tickets/{ticket}/", None, 405, "DELETE", method="DELETE"),
    # Rules and clocks
    post("sla-policies/", policy(targets=[]), 400, "", "targets", name="no targets"),
    post("sla-policies/", policy(targets=[{"priority": "normal", "metric": "first_response", "seconds": 0}]), 400, "1", "targets.0.seconds", name="0 seconds"),
    post("sla-policies/", policy(targets=[{"priority": "normal", "metric": "resolution", "seconds": 60}] * 2), 400, "只能有一个目标", "targets", name="one target twice"),
    post("sla-policies/", policy(position=10), 409, "已被占用", "position", name="duplicate position"),
    post("sla-policies/", policy(calendar=999), 400, "999", "calendar", name="unknown calendar"),
    post("routing-rules/", rule({"field": "weather", "op": "eq", "value": 1}), 400, "weather", "condition", name="condition on an unknown field"),
    post("routing-rules/", rule({"field": "type", "op": "like", "value": "x"}), 400, "like", "condition", name="condition with an unknown operator"),
    post("routing-rules/", rule({"field": "urgent", "op": "gte", "value": "很"}), 400, "", "condition", name="condition with a word for a number"),
    post("routing-rules/", rule({"all": "type"}), 400, "", "condition", name="condition of the wrong form"),
    post("business-calendars/", {"name": "空", "hours": []}, 400, "", "hours", name="calendar without hours"),
    post("business-calendars/", {"name": "倒", "hours": [{"weekday": 0, "opens": "18:00", "closes": "09:00"}]}, 400, "", "hours", name="closes before it opens"),
    post("business-calendars/", {"name": "外", "timezone": "Asia/Nowhere", "hours": HOURS}, 400, "", "timezone", name="unknown time zone"),
    post("business-calendars/", {"name": "时", "hours": [{"weekday": 7, "opens": "09:00", "closes": "25:00"}]}, 400, "09:00", "hours.0.closes", name="25 o'clock"),
    patch("teams/{head_team}/", {"parent": "{team}"}, 409, "不能是自己或自己的下级", "parent", name="team cycle"),
    post("staff/", {"username": "agent"}, 400, "该用户名已被使用", "username", name="username in use"),
    post("staff/", {"username": "new", "role": "boss"}, 400, "不是合法选项", "role", name="unknown role"),
    # Customers' labels, scripts, files, the outside
    post("customers/{customer}/merge/", {"into": "{customer}"}, 400, "不能把客户与自己合并", "into", name="customer into itself", code="same_record"),
    post("customers/{merged_customer}/unmerge/", {"merge": 999}, 400, "没有这次合并", "merge", name="unmerge what never was"),
    patch("tag-groups/{loose_group}/", {"is_exclusive": True}, 409, "不能设为互斥", "is_exclusive", name="exclusive while customers hold two"),
    post("customers/{customer}/tags/", {"tag": "高消费客户"}, 400, "规则标签", "tag", name="rule tag by hand"),
    post("customers/{customer}/tags/", {"tag": "常客", "expires_at": "2020-01-01T00:00:00+08:00"}, 400, "晚于现在", "expires_at", name="label that has expired"),
    post("customers/{customer}/reveal/", {"field": "phone"}, 400, "必填", "reason", name="showing without a reason"),
    post("orders/", {"order_no": "N-1", "shop": "nowhere", "customer": {"name": "李"}}, 400, "没有这个启用的店铺", "shop", name="order of an unknown shop"),
    post("orders/", {"order_no": "N-1", "shop": "tmall-flagship", "customer": {"name": "李"}, "total": "-1"}, 400, "", "total", name="money below zero"),
    post("orders/", {"order_no": "N-1", "shop": "tmall-flagship", "customer": {"name": "李"}, "total": "1.001"}, 400, "", "total", name="a tenth of a cent"),
    post("scripts/{script}/versions/", {"body": "{{客户}}您好"}, 400, "{{客户}}", "body", name="unknown placeholder"),
    post("scripts/{script}/versions/{version}/approve/", {}, 409, "", name="approve what is published"),
    post("scripts/", {"key": "REPLY-01", "title": "重复"}, 400, "编号“REPLY-01”已被使用", "key", name="script key in use"),
    post("webhooks/", {"url": "http://169.254.169.254/", "events": ["ticket.created"]}, 400, "", "url", name="webhook into the network"),
    post("webhooks/", {"url": "https://example.com/", "events": ["ticket.exploded"]}, 400, "不是合法选项", "events.0", name="unknown event"),
    post("inbound/signed/", {"body": "假的"}, 401, "签名不正确或已过期", name="wrong webhook signature", role="anonymous", headers=(("HTTP_WEBHOOK_ID", "m"), ("HTTP_WEBHOOK_TIMESTAMP", "1"), ("HTTP_WEBHOOK_SIGNATURE", "v1,x"))),
    post("public/complaints/", {"body": "坏了"}, 400, "请填写手机号或邮箱", "phone", name="complaint without contact", role="anonymous"),
    post("public/track/", {"number": "00000000000000", "phone_tail": "8000"}, 404, "没有找到对应的记录", name="progress of nothing", role="anonymous"),
    post("public/track/", {"number": "{number}", "phone_tail": "80000"}, 400, "4", "phone_tail", name="five digits for four", role="anonymous"),
    Bad("forged survey link", "/s/forged-token/", {"score": 5}, 404, "", role="anonymous"),
    Bad("survey score out of range", "/s/{survey_token}/", {"score": 9}, 400, "", "score", role="anonymous"),
    Bad("survey with an unknown field", "/s/{survey_token}/", {"score": 5, "colour": "red"}, 400, "", "colour", role="anonymous"),
    Bad("survey answer that is no object", "/s/{survey_token}/", [5], 400, "JSON 对象", role="anonymous"),
)
# fmt: on


@pytest.fixture(scope="module")
def prepared(world: World) -> World:
    """The world with what only wrong input needs."""
    admin = world.people["admin"]
    token, revoked = issue_token(user=admin, name="old", actor=admin)
    revoke_token(token=token, actor=admin)
    late, expired = issue_token(user=admin, name="late", actor=admin)
    type(late).objects.filter(pk=late.pk).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    group = TagGroup.objects.create(name="随意")
    for name in ("甲", "乙"):
        tag = Tag.objects.create(name=name, group=group)
        add_tag(customer=Customer.objects.get(pk=world.ids["customer"]), tag=tag, actor=admin)
    Channel.objects.create(key="signed", name="自营系统", kind="api", secret=SECRET)
    world.ids |= {
        "auditor": world.people["auditor"].pk,
        "head_team": Team.objects.get(name="客服中心").pk,
        "loose_group": group.pk,
        "revoked": revoked,
        "expired": expired,
    }
    return world


def send(bad: Bad, world: World) -> Any:
    client = world.client(bad.role, address=fresh_address())
    headers = {name: world.address(value) for name, value in bad.headers}
    headers.setdefault("HTTP_ACCEPT", "application/json")
    raw = bad.raw if bad.raw is not None else json.dumps(_filled(bad.body, world)).encode()
    content = {} if bad.method == "GET" else {"data": raw, "content_type": bad.content_type}
    return client.generic(bad.method, world.address(bad.path), **content, **headers)


def _filled(value: Any, world: World) -> Any:
    """Ids in braces as numbers; other braces stay, they are placeholders."""
    if isinstance(value, str):
        known = value.startswith("{") and value.endswith("}") and not value.startswith("{{")
        return world.ids[value[1:-1]] if known else value
    if isinstance(value, dict):
        return {name: _filled(inner, world) for name, inner in value.items()}
    return [_filled(inner, world) for inner in value] if isinstance(value, list) else value


def check_shape(answer: Any) -> dict[str, Any]:
    """{"code", "message", "fields": {name: [sentence]}}, in Chinese."""
    body = answer.json()
    assert {"code", "message", "fields"} <= set(body)
    assert isinstance(body["code"], str)
    assert any("\u4e00" <= character <= "\u9fff" for character in body["message"]), body
    for name, sentences in body["fields"].items():
        assert isinstance(name, str)
        assert sentences
        assert all(isinstance(sentence, str) for sentence in sentences)
    return dict(body)


@pytest.mark.parametrize("bad", TABLE, ids=str)
def test_bad_input_gets_its_sentence(bad: Bad, prepared: World) -> None:
    answer = send(bad, prepared)
    assert answer.status_code == bad.status, answer.content.decode()[:1000]
    body = check_shape(answer)
    if bad.code:
        assert body["code"] == bad.code
    said = body["fields"].get(bad.field, []) if bad.field else []
    if bad.field:
        assert said, body
    assert bad.sentence in " ".join([body["message"], *said]), body


def refused(answer: Any, status: int, sentence: str, field: str = "") -> None:
    assert answer.status_code == status, answer.content.decode()
    body = check_shape(answer)
    assert sentence in " ".join([body["message"], *body["fields"].get(field, [])]), body
    assert not field or field in body["fields"], body


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("空.png", b"", "空"),
        ("照片.jpg", PNG, "内容"),
        ("run.exe", b"MZ" + b"\0" * 100, "不支持 .exe 文件"),
        ("页面.html", b"<script>alert(1)</script>", "不支持 .html 文件"),
        ("大.txt", b"a" * (2 * 1024 * 1024 + 1), "不能超过 2 MB"),
    ],
)
def test_files_are_refused_with_a_sentence(
    name: str, content: bytes, sentence: str, world: World, settings: Any
) -> None:
    settings.ATTACHMENT_MAX_BYTES = 2 * 1024 * 1024
    upload = {"file": SimpleUploadedFile(name, content)}
    answer = world.client("agent").post("/api/v1/attachments/", upload, format="multipart")
    refused(answer, 413 if "超过" in sentence else 400, sentence, "file")


def test_an_upload_without_a_file(world: World) -> None:
    refused(world.client("agent").post("/api/v1/attachments/", {}, format="multipart"), 400, "没有提交", "file")


def test_one_idempotency_key_with_two_bodies(world: World) -> None:
    client = world.client("admin")
    key = {"HTTP_IDEMPOTENCY_KEY": "k-1"}
    assert client.post("/api/v1/tags/", {"name": "一"}, format="json", **key).status_code == 201
    refused(client.post("/api/v1/tags/", {"name": "二"}, format="json", **key), 409, "已用于另一个请求")


def test_unmerging_twice(world: World) -> None:
    client, merge = world.client("agent"), {"merge": world.ids["ticket_merge"]}
    address = world.address("/api/v1/tickets/{merged_ticket}/unmerge/")
    assert client.post(address, merge, format="json").status_code == 200
    refused(client.post(address, merge, format="json"), 409, "撤销")


def test_a_survey_link_works_once_and_until_it_expires(world: World) -> None:
    address = world.address("/s/{survey_token}/")
    later = datetime.now(UTC) + timedelta(days=400)
    client = APIClient(REMOTE_ADDR=fresh_address(), HTTP_ACCEPT="application/json")
    with time_machine.travel(later):
        refused(client.post(address, {"score": 5}, format="json"), 409, "评价链接已过期")
    assert client.post(address, {"score": 5}, format="json").status_code == 200
    refused(client.post(address, {"score": 1}, format="json"), 409, "已")


def test_an_old_signature(prepared: World) -> None:
    raw, at = json.dumps({"body": "旧"}), datetime.now(UTC) - timedelta(minutes=6)
    answer = APIClient().generic(
        "POST",
        "/api/v1/inbound/signed/",
        raw,
        content_type="application/json",
        HTTP_WEBHOOK_ID="m-1",
        HTTP_WEBHOOK_TIMESTAMP=str(int(at.timestamp())),
        HTTP_WEBHOOK_SIGNATURE=Webhook(SECRET).sign("m-1", at, raw),
    )
    refused(answer, 401, "签名不正确或已过期")


def test_there_are_more_than_sixty() -> None:
    assert len(TABLE) >= 60
    assert len({bad.name for bad in TABLE}) == len(TABLE)
