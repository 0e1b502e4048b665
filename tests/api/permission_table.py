# ruff: noqa: E501 (a table: one line for each row)
"""Who gets which answer: one line for every address and method of the API.

The columns of `statuses` are the roles of `tests.world.ROLES`: a stranger, an agent of the team,
an agent of another team, and the team's lead, supervisor, admin and auditor. All ids belong to the
first team; to the other team's agent they do not exist.
"""

from dataclasses import dataclass, field
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
LATER = "2099-01-01T10:00:00+08:00"

# fmt: off
#                                           anonymous agent other_agent lead supervisor admin auditor
ROWS = (
    # Tickets
    Row("GET", "/api/v1/tickets/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/tickets/", "401 201 201 201 201 201 403", {"channel": "taobao", "body": "快递没到"}),
    Row("GET", "/api/v1/tickets/{ticket}/", "401 200 404 200 200 200 200"),
    Row("GET", "/api/v1/tickets/{number}/", "401 200 404 200 200 200 200"),
    Row("PATCH", "/api/v1/tickets/{ticket}/", "401 200 404 200 200 200 403", {"priority": "high"}),
    Row("GET", "/api/v1/tickets/{ticket}/messages/", "401 200 404 200 200 200 200"),
    Row("POST", "/api/v1/tickets/{ticket}/messages/", "401 201 404 201 201 201 403", {"kind": "reply", "body": "您好"}),
    Row("POST", "/api/v1/tickets/{ticket}/transitions/", "401 200 404 200 200 200 403", {"action": "escalate", "reason": "客户催促"}),
    Row("POST", "/api/v1/tickets/{solved_ticket}/merge/", "401 200 404 200 200 200 403", {"into": "{number}"}),
    Row("POST", "/api/v1/tickets/{merged_ticket}/unmerge/", "401 200 404 200 200 200 403", {"merge": "{ticket_merge}"}),
    Row("GET", "/api/v1/tickets/{ticket}/events/", "401 200 404 200 200 200 200"),
    Row("GET", "/api/v1/tickets/{ticket}/suggestions/", "401 200 404 200 200 200 200"),
    Row("GET", "/api/v1/tickets/{ticket}/contact-attempts/", "401 200 404 200 200 200 200"),
    Row("POST", "/api/v1/tickets/{ticket}/contact-attempts/", "401 201 404 201 201 201 403", {"outcome": "unreachable"}),
    Row("GET", "/api/v1/views/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/views/", "401 201 201 201 201 201 403", {"name": "我的投诉", "condition": CONDITION}),
    Row("GET", "/api/v1/views/{saved_view}/", "401 200 404 200 200 200 200"),
    Row("PATCH", "/api/v1/views/{saved_view}/", "401 403 404 200 403 200 403", {"order": "oldest"}),
    Row("DELETE", "/api/v1/views/{saved_view}/", "401 403 404 204 403 204 403"),
    Row("GET", "/api/v1/transfers/", "401 200 200 200 200 200 200"),
    Row("GET", "/api/v1/transfers/{transfer}/", "401 200 404 200 200 200 200"),
    Row("POST", "/api/v1/attachments/", "401 201 201 201 201 201 403", {"file": UPLOAD}),
    Row("GET", "/api/v1/attachments/{attachment}/", "401 200 404 200 200 200 200"),
    Row("GET", "/api/v1/attachments/{attachment}/download/", "401 200 404 200 200 200 200"),
    Row("GET", "/api/v1/attachments/{unsent_attachment}/", "401 200 404 404 404 404 404"),
    # Customers and what belongs to them
    Row("GET", "/api/v1/customers/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/customers/", "401 201 201 201 201 201 403", {"name": "李娜"}),
    Row("GET", "/api/v1/customers/{customer}/", "401 200 404 200 200 200 200"),
    Row("GET", "/api/v1/customers/{merged_customer}/", "401 200 404 200 200 200 200"),
    Row("PATCH", "/api/v1/customers/{customer}/", "401 200 404 200 200 200 403", {"level": "金卡"}),
    Row("POST", "/api/v1/customers/{customer}/reveal/", "401 200 404 200 200 200 403", {"field": "phone", "reason": "核对收件人"}),
    Row("POST", "/api/v1/customers/{customer}/verify/", "401 200 404 200 200 200 403", {"field": "phone"}),
    Row("GET", "/api/v1/customers/{customer}/merge-preview/?into={spare_customer}", "401 403 403 200 200 200 403"),
    Row("POST", "/api/v1/customers/{customer}/merge/", "401 403 403 200 200 200 403", {"into": "{spare_customer}"}),
    Row("POST", "/api/v1/customers/{merged_customer}/unmerge/", "401 403 403 200 200 200 403", {"merge": "{customer_merge}"}),
    Row("GET", "/api/v1/customers/{customer}/tags/", "401 200 404 200 200 200 200"),
    Row("POST", "/api/v1/customers/{customer}/tags/", "401 201 404 201 201 201 403", {"tag": "{spare_tag}"}),
    Row("DELETE", "/api/v1/customers/{customer}/tags/{tag_name}/", "401 204 404 204 204 204 403"),
    Row("GET", "/api/v1/customers/{customer}/consents/", "401 200 404 200 200 200 200"),
    Row("POST", "/api/v1/customers/{customer}/consents/", "401 201 404 201 201 201 403", {"purpose": "profiling", "decision": "refused", "channel": "phone"}),
    Row("GET", "/api/v1/tags/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/tags/", "401 403 403 201 201 201 403", {"name": "新标签"}),
    Row("GET", "/api/v1/tags/{tag}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/tags/{tag}/", "401 403 403 200 200 200 403", {"colour": "red"}),
    Row("POST", "/api/v1/tags/preview/", "401 403 403 200 200 200 403", {"condition": TAG_RULE}),
    Row("POST", "/api/v1/tags/{rule_tag}/apply/", "401 403 403 200 200 200 403"),
    Row("GET", "/api/v1/tag-groups/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/tag-groups/", "401 403 403 201 201 201 403", {"name": "来源"}),
    Row("GET", "/api/v1/tag-groups/{group}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/tag-groups/{group}/", "401 403 403 200 200 200 403", {"name": "类型"}),
    Row("GET", "/api/v1/orders/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/orders/", "401 201 201 201 201 201 403", {"order_no": "N-1", "shop": "tmall-flagship", "customer": {"name": "李娜"}}),
    Row("GET", "/api/v1/orders/{order}/", "401 200 404 200 200 200 200"),
    Row("PATCH", "/api/v1/orders/{order}/", "401 200 404 200 200 200 403", {"status": "signed"}),
    Row("GET", "/api/v1/shops/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/shops/", "401 403 403 403 403 201 403", {"key": "jd", "name": "京东", "platform": "jd"}),
    Row("GET", "/api/v1/shops/{shop}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/shops/{shop}/", "401 403 403 403 403 200 403", {"name": "旗舰店"}),
    # Scripts and articles
    Row("GET", "/api/v1/scripts/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/scripts/", "401 403 403 201 201 201 403", {"key": "NEW-1", "title": "新话术", "kind": "basic"}),
    Row("GET", "/api/v1/scripts/placeholders/", "401 200 200 200 200 200 200"),
    Row("GET", "/api/v1/scripts/{script}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/scripts/{script}/", "401 403 403 200 200 200 403", {"topic": "退款"}),
    Row("POST", "/api/v1/scripts/{script}/render/", "401 200 404 200 200 200 403", {"ticket": "{number}"}),
    Row("GET", "/api/v1/scripts/{script}/versions/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/scripts/{script}/versions/", "401 403 403 201 201 201 403", {"body": "您好，第二版。"}),
    Row("GET", "/api/v1/scripts/{script}/versions/{version}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/scripts/{script}/versions/{version}/", "401 403 403 409 409 409 403", {"body": "改"}),
    Row("GET", "/api/v1/scripts/{script}/versions/{version}/diff/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/scripts/{script}/versions/{version}/submit/", "401 403 403 409 409 409 403"),
    Row("POST", "/api/v1/scripts/{script}/versions/{version}/approve/", "401 403 403 409 409 409 403"),
    Row("POST", "/api/v1/scripts/{script}/versions/{version}/reject/", "401 403 403 409 409 409 403", {"reason": "不妥"}),
    Row("POST", "/api/v1/scripts/{script}/versions/{version}/publish/", "401 403 403 409 409 409 403"),
    Row("POST", "/api/v1/scripts/{script}/versions/{version}/retire/", "401 403 403 200 200 200 403"),
    Row("GET", "/api/v1/articles/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/articles/", "401 403 403 201 201 201 403", {"key": "KB-9", "title": "新文章"}),
    Row("GET", "/api/v1/articles/{article}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/articles/{article}/", "401 403 403 200 200 200 403", {"category": "清洗"}),
    Row("POST", "/api/v1/articles/{article}/rate/", "401 200 200 200 200 200 403", {"is_helpful": True}),
    Row("GET", "/api/v1/articles/{article}/versions/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/articles/{article}/versions/", "401 403 403 201 201 201 403", {"body": "第二版"}),
    Row("GET", "/api/v1/articles/{article}/versions/{version}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/articles/{article}/versions/{version}/", "401 403 403 409 409 409 403", {"body": "改"}),
    Row("GET", "/api/v1/articles/{article}/versions/{version}/diff/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/articles/{article}/versions/{version}/submit/", "401 403 403 409 409 409 403"),
    Row("POST", "/api/v1/articles/{article}/versions/{version}/approve/", "401 403 403 409 409 409 403"),
    Row("POST", "/api/v1/articles/{article}/versions/{version}/reject/", "401 403 403 409 409 409 403", {"reason": "不妥"}),
    Row("POST", "/api/v1/articles/{article}/versions/{version}/publish/", "401 403 403 409 409 409 403"),
    Row("POST", "/api/v1/articles/{article}/versions/{version}/retire/", "401 403 403 200 200 200 403"),
    # Rules, clocks, places
    Row("GET", "/api/v1/queues/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/queues/", "401 403 403 403 403 201 403", {"name": "物流"}),
    Row("GET", "/api/v1/queues/{queue}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/queues/{queue}/", "401 403 403 403 403 200 403", {"description": "售后"}),
    Row("GET", "/api/v1/channels/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/channels/", "401 403 403 403 403 201 403", {"key": "jd", "name": "京东"}),
    Row("GET", "/api/v1/channels/{channel}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/channels/{channel}/", "401 403 403 403 403 200 403", {"name": "淘宝店"}),
    Row("GET", "/api/v1/routing-rules/", "401 403 403 403 200 200 200"),
    Row("POST", "/api/v1/routing-rules/", "401 403 403 403 201 201 403", RULE),
    Row("GET", "/api/v1/routing-rules/{rule}/", "401 403 403 403 200 200 200"),
    Row("PATCH", "/api/v1/routing-rules/{rule}/", "401 403 403 403 200 200 403", {"name": "所有"}),
    Row("POST", "/api/v1/routing-rules/preview/", "401 403 403 403 200 200 200", {"condition": CONDITION}),
    Row("GET", "/api/v1/business-calendars/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/business-calendars/", "401 403 403 403 201 201 403", CALENDAR),
    Row("GET", "/api/v1/business-calendars/{calendar}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/business-calendars/{calendar}/", "401 403 403 403 200 200 403", {"name": "全天候"}),
    Row("GET", "/api/v1/sla-policies/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/sla-policies/", "401 403 403 403 201 201 403", POLICY),
    Row("GET", "/api/v1/sla-policies/{policy}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/sla-policies/{policy}/", "401 403 403 403 200 200 403", {"name": "普通"}),
    Row("GET", "/api/v1/stage-norms/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/stage-norms/", "401 403 403 403 201 201 403", NORM),
    Row("GET", "/api/v1/stage-norms/{norm}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/stage-norms/{norm}/", "401 403 403 403 200 200 403", {"standard": "先问候，再说时间"}),
    Row("POST", "/api/v1/stage-norms/preview/", "401 403 403 403 200 200 403", {"stage": "accepted", "requirement": NORM["requirement"]}),
    Row("GET", "/api/v1/norm-breaches/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/norm-breaches/", "401 403 403 201 201 201 403", {"ticket": "{number}", "norm": "{spare_norm}", "reason": "没有称呼"}),
    Row("GET", "/api/v1/norm-breaches/{breach}/", "401 200 404 200 200 200 200"),
    Row("POST", "/api/v1/norm-breaches/{breach}/objection/", "401 200 404 403 403 403 403", {"note": "当时系统故障"}),
    Row("POST", "/api/v1/norm-breaches/{breach}/withdrawal/", "401 403 403 200 200 200 403", {"reason": "异议成立"}),
    Row("GET", "/api/v1/triage/accuracy/", "401 403 403 200 200 200 200"),
    # Money and decisions
    Row("POST", "/api/v1/compensations/quote/", "401 200 200 200 200 200 200", {"case": "C-04", "inputs": {"P": "50"}}),
    Row("GET", "/api/v1/compensations/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/compensations/", "401 201 400 201 201 201 403", {"ticket": "{number}", "case": "C-22", "inputs": {"P": "100", "severity": "0.1", "responsibility": "1"}, "amount": "10.00"}),
    Row("GET", "/api/v1/compensations/{compensation}/", "401 200 404 200 200 200 200"),
    Row("POST", "/api/v1/compensations/{compensation}/pay/", "401 200 404 200 200 200 403"),
    Row("GET", "/api/v1/approvals/", "401 200 200 200 200 200 200"),
    Row("GET", "/api/v1/approvals/{approval}/", "401 200 404 200 200 200 200"),
    Row("POST", "/api/v1/approvals/{approval}/approve/", "401 403 404 403 200 200 403"),
    Row("POST", "/api/v1/approvals/{approval}/reject/", "401 403 404 403 200 200 403", {"note": "请补充照片"}),
    # People
    Row("GET", "/api/v1/staff/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/staff/", "401 403 403 403 201 201 403", {"username": "newcomer", "teams": ["售后一组"]}),
    Row("GET", "/api/v1/staff/{staff}/", "401 200 404 200 200 200 200"),
    Row("PATCH", "/api/v1/staff/{staff}/", "401 403 404 403 200 200 403", {"concurrency_limit": 5}),
    Row("POST", "/api/v1/staff/{staff}/logout/", "401 403 403 403 200 200 403", {"reason": "失联"}),
    Row("GET", "/api/v1/staff/me/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/staff/me/", "401 200 200 200 200 200 403", {"availability": "busy"}),
    Row("GET", "/api/v1/shifts/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/shifts/", "401 403 403 403 201 201 403", {"user": "{staff}", "starts_at": LATER, "ends_at": "2099-01-01T18:00:00+08:00"}),
    Row("GET", "/api/v1/shifts/{shift}/", "401 200 404 200 200 200 200"),
    Row("PATCH", "/api/v1/shifts/{shift}/", "401 403 403 403 200 200 403", {"ends_at": "2098-01-01T20:00:00+08:00"}),
    Row("DELETE", "/api/v1/shifts/{shift}/", "401 403 403 403 204 204 403"),
    Row("POST", "/api/v1/shifts/import/", "401 403 403 403 400 400 403", {"file": UPLOAD}),
    Row("GET", "/api/v1/shifts/export/", "401 403 403 403 200 200 403"),
    Row("GET", "/api/v1/shift-templates/", "401 200 200 200 200 200 200"),
    Row("GET", "/api/v1/shift-templates/{shift_template}/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/shift-templates/{shift_template}/copy/", "401 403 403 403 200 200 403", {"first": "2098-12-29", "last": "2099-01-04"}),
    Row("GET", "/api/v1/peak-plans/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/peak-plans/", "401 403 403 403 201 201 403", {"name": "双十一", "starts_at": LATER, "ends_at": "2099-01-03T00:00:00+08:00"}),
    Row("GET", "/api/v1/peak-plans/{peak}/", "401 200 200 200 200 200 200"),
    Row("PATCH", "/api/v1/peak-plans/{peak}/", "401 403 403 403 200 200 403", {"limit_percent": 150}),
    Row("POST", "/api/v1/peak-plans/{peak}/stop/", "401 403 403 403 200 200 403"),
    Row("GET", "/api/v1/teams/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/teams/", "401 403 403 403 201 201 403", {"name": "新团队", "parent": "客服中心"}),
    Row("GET", "/api/v1/teams/{team}/", "401 200 404 200 200 200 200"),
    Row("PATCH", "/api/v1/teams/{team}/", "401 403 403 403 200 200 403", {"name": "一组"}),
    Row("GET", "/api/v1/tokens/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/tokens/", "401 201 201 201 201 201 201", {"name": "脚本"}),
    Row("GET", "/api/v1/tokens/{token}/", "401 200 404 404 404 200 200"),
    Row("POST", "/api/v1/tokens/{token}/revoke/", "401 200 404 404 404 200 403"),
    # After the answer, and other systems
    Row("GET", "/api/v1/follow-up-visits/", "401 200 200 200 200 200 200"),
    Row("POST", "/api/v1/follow-up-visits/", "401 201 400 201 201 201 403", {"ticket": "{number}", "due_at": LATER}),
    Row("GET", "/api/v1/follow-up-visits/{visit}/", "401 200 404 200 200 200 200"),
    Row("PATCH", "/api/v1/follow-up-visits/{visit}/", "401 200 404 200 200 200 403", {"note": "下午打"}),
    Row("POST", "/api/v1/follow-up-visits/{visit}/complete/", "401 200 404 200 200 200 403", {"outcome": "satisfied"}),
    Row("GET", "/api/v1/surveys/", "401 200 200 200 200 200 200"),
    Row("GET", "/api/v1/surveys/{survey}/", "401 200 404 200 200 200 200"),
    Row("GET", "/api/v1/webhooks/", "401 403 403 403 403 200 200"),
    Row("POST", "/api/v1/webhooks/", "401 403 403 403 403 201 403", {"url": "https://127.0.0.1/hook", "events": ["ticket.created"]}),
    Row("GET", "/api/v1/webhooks/{webhook}/", "401 403 403 403 403 200 200"),
    Row("DELETE", "/api/v1/webhooks/{webhook}/", "401 403 403 403 403 204 403"),
    # Open to everybody
    Row("POST", "/api/v1/inbound/{channel_key}/", "401 401 401 401 401 401 401", {"body": "没有签名"}),
    Row("GET", "/api/v1/inbound/{channel_key}/wechat/", "403 403 403 403 403 403 403"),
    Row("POST", "/api/v1/inbound/{channel_key}/wechat/", "403 403 403 403 403 403 403", {"xml": "没有签名"}),
    Row("POST", "/api/v1/public/complaints/", "201 201 201 201 201 201 201", {"body": "坏了", "phone": "13800138000"}),
    Row("POST", "/api/v1/public/track/", "200 200 200 200 200 200 200", {"number": "{number}", "phone_tail": "8000"}),
    Row("GET", "/api/schema/", "200 200 200 200 200 200 200"),
    Row("GET", "/api/docs/", "200 200 200 200 200 200 200"),
    Row("GET", "/healthz", "200 200 200 200 200 200 200"),
    Row("GET", "/readyz", "503 503 503 503 503 503 503"),
    Row("GET", "/metrics", "403 403 403 403 403 403 403"),
)
