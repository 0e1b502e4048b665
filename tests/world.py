"""One of everything, in sight of one team: what the tests of the whole product walk over."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from core import clock
from core.approvals.models import Substitution
from core.procedures.models import Duty, Procedure
from core.procedures.services import running
from core.questionnaires.services import token_of
from crm.followups.services import invite_for_solved_ticket, plan_visit
from crm.insights.complaints.services import create_problem
from crm.insights.improvements.services import create_improvement
from crm.insights.innovations.services import create_innovation
from crm.integrations.models import Webhook
from crm.performance.drawing import ensure_rules, scorecard
from crm.performance.models import QualitySample, SamplingRule
from crm.staff.choices import Role
from crm.staff.models import ApiToken, PeakPlan, ShiftPlan, ShiftTemplate, Team, TemplateShift, User
from crm.staff.services.relief import ask_relief
from crm.staff.services.tokens import issue_token
from crm.workbench.bulk.changing import change_many
from crm.workbench.bulk.replying import reply_many
from crm.workbench.saved_views.services import save_view
from customers.models import Customer, Order, Shop, Tag, TagGroup
from customers.services import add_care_note, add_tag, create_customer, merge_customers, resolve_customer, upsert_order
from tests.aftersales_world import build_aftersales
from tests.disputes_world import build_disputes
from tests.factories import TeamFactory, UserFactory
from tests.legal_world import build_legal
from tests.logistics_world import build_logistics
from tests.product_world import build_products
from tests.scripts_library.factories import make_article, make_script
from tests.tickets.conftest import always_open, promise
from tickets.grading import escalation
from tickets.ledger.chain import catch_up as catch_up_ledger
from tickets.ledger.checking import begin as begin_ledger_check
from tickets.models import (
    AfterSalesLimit,
    Channel,
    ComplaintOutcome,
    LedgerEntry,
    PlatformNorm,
    Queue,
    RoutingRule,
    SLAPolicy,
    Ticket,
    TicketLink,
    TicketTransfer,
)
from tickets.models.grading import ComplaintLevel
from tickets.procedures import following
from tickets.services import (
    abuse,
    attachments,
    compensations,
    contact,
    conversation,
    intake,
    merging,
    notices,
    sending,
    transitions,
)
from tickets.services.appointments import book
from tickets.services.import_batches import check_file
from tickets.services.norms import breaches, configuring

ANONYMOUS = "anonymous"
ROLES = (ANONYMOUS, "agent", "other_agent", "lead", "supervisor", "admin", "auditor")
PHONE, EMAIL = "13800138000", "chen.jing@example.com"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "e221bc330000000049454e44ae426082"
)
#: A word that stands in the texts of the team and nowhere else.
SECRET_WORD = "琉璃盏"

IMPROVEMENT = {
    "title": "晚班加人",
    "metric": "fast_replies",
    "baseline_first": date(2026, 10, 1),
    "baseline_last": date(2026, 10, 14),
}


@dataclass
class World:
    """`ids` fills the addresses: the names in braces of the tables, all of the first team."""

    people: dict[str, User]
    team: Team
    other_team: Team
    queue: Queue
    ids: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, role: str, *, address: str = "127.0.0.1") -> APIClient:
        """Speaks for the role over the API with a token, for `anonymous` with none."""
        client = APIClient(REMOTE_ADDR=address)
        if role != ANONYMOUS:
            client.credentials(HTTP_AUTHORIZATION=f"Token {self.tokens[role]}")
        return client

    def browser(self, role: str, *, address: str = "127.0.0.1") -> Client:
        """A browser in which the role is signed in."""
        browser = Client(REMOTE_ADDR=address)
        if role != ANONYMOUS:
            browser.force_login(self.people[role], backend="crm.staff.backends.RoleBackend")
        return browser

    def address(self, template: str) -> str:
        return template.format_map(self.ids)


def build_world() -> World:
    """Make the cast, their desk and one of everything; needs a database."""
    head, team, other = TeamFactory(name="客服中心"), TeamFactory(name="售后一组"), TeamFactory(name="售前组")
    team.parent = head
    team.save(update_fields=["parent"])
    queue = Queue.objects.create(key="desk", name="售后队列", is_default=True)
    team.queues.add(queue)
    other.queues.add(Queue.objects.create(key="presale", name="售前队列"))
    people = {
        role: UserFactory(username=role, role=role.removeprefix("other_"), team=place)
        for role, place in (
            ("agent", team),
            ("other_agent", other),
            (Role.LEAD.value, team),
            (Role.SUPERVISOR.value, head),
            (Role.ADMIN.value, None),
            (Role.AUDITOR.value, None),
        )
    }
    world = World(people=people, team=team, other_team=other, queue=queue)
    _tokens(world)
    _configuration(world)
    _customers(world)
    _tickets(world)
    _library(world)
    _procedures(world)
    _views(world)
    _offline(world)
    build_logistics(world)
    build_products(world)
    main = Ticket.objects.get(pk=world.ids["ticket"])
    world.ids |= build_disputes(main, people["agent"], word=SECRET_WORD)
    return world


def _tokens(world: World) -> None:
    for role, person in world.people.items():
        _row, world.tokens[role] = issue_token(user=person, name=role, actor=person)
    world.ids |= {
        "staff": world.people["agent"].pk,
        "token": ApiToken.objects.get(user=world.people["agent"]).pk,
        "team": world.team.pk,
        "queue": world.queue.pk,
    }

    template = ShiftTemplate.objects.create(name="平日班")
    TemplateShift.objects.create(
        template=template, user=world.people["agent"], weekday=0, opens_minute=540, closes_minute=1080
    )
    begin = datetime(2098, 1, 1, 9, tzinfo=timezone.get_default_timezone())
    peak = PeakPlan.objects.create(name="年货节", starts_at=begin, ends_at=begin + timedelta(days=3))
    shift = ShiftPlan.objects.create(user=world.people["agent"], starts_at=begin, ends_at=begin + timedelta(hours=9))
    world.ids |= {"shift_template": template.pk, "peak": peak.pk, "shift": shift.pk}


def _configuration(world: World) -> None:
    calendar = always_open()
    policy = SLAPolicy.objects.create(name="标准", position=10, calendar=calendar)
    promise(policy, first_response=3600, next_response=1800, resolution=86400)
    channel = Channel.objects.create(key="taobao", name="淘宝", kind="shop")
    chat = Channel.objects.create(key="webchat", name="官网客服", kind="chat")
    rule = RoutingRule.objects.create(
        name="全部",
        position=10,
        condition={"field": "channel", "op": "eq", "value": "taobao"},
        queue=world.queue,
    )
    webhook = Webhook.objects.create(
        url="https://example.com/hook",
        events=["ticket.created"],
        secret="whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=",
        created_by=world.people["admin"],
        created_at=clock.now(),
        after_event=0,
    )
    world.ids |= {
        "calendar": calendar.pk,
        "policy": policy.pk,
        "channel": channel.pk,
        "channel_key": channel.key,
        "chat_channel": chat.pk,
        "chat_key": chat.key,
        "rule": rule.pk,
        "webhook": webhook.pk,
    }


def _customers(world: World) -> None:
    lead, agent = world.people["lead"], world.people["agent"]
    shop = Shop.objects.create(key="tmall-flagship", name="天猫旗舰店", platform="tmall")
    customer = resolve_customer(
        name=f"陈{SECRET_WORD}", phone=PHONE, email=EMAIL, external_ids={"taobao": "tb_88"}, verified=True, actor=agent
    )
    merged = create_customer(actor=agent, changes={"name": "陈静（旧）", "phone": "13900139000"})
    spare = create_customer(actor=agent, changes={"name": "周敏"})
    merge = merge_customers(source=merged, target=customer, actor=lead)
    group = TagGroup.objects.create(name="客户类型", is_exclusive=True)
    tag = Tag.objects.create(name="大促敏感", group=group)
    spare_tag = Tag.objects.create(name="常客")
    rule_tag = Tag.objects.create(
        name="高消费客户", kind="rule", condition={"field": "paid_total", "op": "gte", "value": 2000}
    )
    add_tag(customer=customer, tag=tag, actor=agent, reason="投诉过物流")
    care = add_care_note(customer=customer, actor=agent, kind="preference", text="工作日晚上联系")
    order, _is_new = upsert_order(
        actor=agent,
        shop=shop,
        order_no="TB20261118001",
        customer=customer,
        values={
            "ordered_at": clock.now(),
            "total": Decimal("199.00"),
            "paid": Decimal("179.00"),
            "receiver_name": "陈静",
            "receiver_phone": PHONE,
            "receiver_address": "上海市徐汇区漕溪北路 88 号",
        },
        items=[{"sku": "CUP-350", "name": "玻璃杯", "quantity": 2, "price": Decimal("99.50")}],
    )
    world.ids |= {
        "shop": shop.pk,
        "customer": customer.pk,
        "care_note": care.pk,
        "spare_customer": spare.pk,
        "merged_customer": merged.pk,
        "customer_merge": merge.pk,
        "group": group.pk,
        "tag": tag.pk,
        "tag_name": tag.name,
        "spare_tag": spare_tag.name,
        "rule_tag": rule_tag.pk,
        "order": order.pk,
    }


def _tickets(world: World) -> None:
    agent, customer = world.people["agent"], Customer.objects.get(pk=world.ids["customer"])
    given = intake.CustomerGiven(name=customer.name, phone=PHONE, external_ids={"taobao": "tb_88"}, verified=True)

    def ticket(body: str, **values: Any) -> Ticket:
        request = intake.Request(channel="taobao", body=f"{body}，{SECRET_WORD}", customer=given, **values)
        made = intake.receive(request=request, actor=None).ticket
        if made.assignee_id is None:
            transitions.assign(ticket=made, actor=agent)
        return Ticket.objects.get(pk=made.pk)

    main = ticket("玻璃杯碎了，我要投诉", external_id="w-1", type="complaint", order_no="TB20261118001")
    stored = attachments.store_attachment(upload=SimpleUploadedFile("图.png", PNG), actor=agent)
    message = conversation.reply(ticket=main, actor=agent, body="您好，马上为您处理。", attachments=[stored])
    conversation.add_note(ticket=main, actor=agent, body="客户很着急")
    contact.record_attempt(ticket=main, actor=agent, outcome="unreachable")
    source = ticket("玻璃杯又碎了", external_id="w-2")
    merge = merging.merge(source=source, target=main, actor=agent)
    solved = ticket("请问怎么清洗", external_id="w-3")
    conversation.reply(ticket=solved, actor=agent, body="清水冲洗即可。")
    transitions.solve(ticket=solved, actor=agent)
    solved.refresh_from_db()
    survey = invite_for_solved_ticket(ticket_id=solved.pk, solve_number=1, solved_at=solved.solved_at or clock.now())
    assert survey is not None
    visit = plan_visit(
        actor=agent, customer=customer, ticket=main, assignee=agent, due_at=clock.now() + timedelta(days=3)
    )
    unsent = attachments.store_attachment(upload=SimpleUploadedFile("稿.png", PNG), actor=agent)
    planned = sending.send_reply(
        ticket=main, actor=agent, body="明天回复您进度。", send_at=clock.now() + timedelta(days=1)
    )
    world.ids |= {
        "waiting_reply": planned.pk,
        "ticket": main.pk,
        "number": main.number,
        "message": message.pk,
        "attachment": stored.pk,
        "unsent_attachment": unsent.pk,
        "merged_ticket": source.pk,
        "ticket_merge": merge.pk,
        "solved_ticket": solved.pk,
        "solved_number": solved.number,
        "survey": survey.pk,
        "survey_token": token_of(survey.invitation),
        "visit": visit.pk,
    }
    _about(world, main)


def _about(world: World, main: Ticket) -> None:
    """Norms, money and transfers of the main ticket."""
    agent = world.people["agent"]
    norm, spare_norm = (
        configuring.save_norm(norm=None, actor=None, values={"stage": "accepted", "name": name})
        for name in ("首次回复规范", "称呼规范")
    )
    breach = breaches.mark(ticket=main, norm=norm, actor=world.people["lead"], reason="没有承诺时间")
    goodwill = {"P": "99", "severity": "0.1", "responsibility": "1"}
    granted = compensations.grant(ticket=main, actor=agent, case="C-22", inputs=goodwill, amount=Decimal("9.90"))
    waiting = compensations.grant(ticket=main, actor=agent, case="C-04", inputs={"P": "50"}, amount=Decimal(550))
    solved = Ticket.objects.get(pk=world.ids["solved_ticket"])
    _learnt(world, main)
    _watched(world, main)
    reported = abuse.report_abuse(ticket=solved, actor=agent, note="辱骂")
    asked = ask_relief(ticket=main, actor=agent)
    transfer = TicketTransfer.objects.create(ticket=main, number=1, source=world.queue, target=world.queue)
    world.ids |= build_aftersales(main, Order.objects.get(pk=world.ids["order"]), agent)
    [told] = notices.notify(users=[agent.pk], kind="mentioned", ticket=main, actor=world.people["lead"])
    stands_in = Substitution.objects.create(  # from tomorrow on: today it gives nobody a right
        person=world.people["supervisor"],
        substitute=world.people["lead"],
        starts_at=clock.now() + timedelta(days=1),
        ends_at=clock.now() + timedelta(days=2),
    )
    tied = TicketLink.objects.create(ticket=main, other_id=world.ids["solved_ticket"], kind="related")
    world.ids |= build_legal(main, agent, PNG)
    world.ids |= {
        "compensation": granted.pk,
        "approval": waiting.approval_id,
        "norm": norm.pk,
        "aftersales_limit": AfterSalesLimit.objects.create(stage="executing", platform="jd", hours=48).pk,
        "platform_norm": PlatformNorm.objects.create(platform="douyin", name="3分钟人工回复率").pk,
        "spare_norm": spare_norm.pk,
        "breach": breach.pk,
        "transfer": transfer.pk,
        "substitution": stands_in.pk,
        "abuse_report": reported.pk,
        "relief_request": asked.pk,
        "notice": told.pk,
        "ticket_link": tied.pk,
        "customer_message": main.messages.filter(kind="customer").values_list("pk", flat=True)[0],
    }


def _learnt(world: World, main: Ticket) -> None:
    """What is learnt from complaints, and a visit to come."""
    lead, agent = world.people["lead"], world.people["agent"]
    closed_at, tomorrow = clock.now() - timedelta(days=40), clock.now() + timedelta(days=1)
    outcome = ComplaintOutcome.objects.create(
        ticket=main, closed_at=closed_at, category=main.category, methods=["apology"], handling_minutes=90
    )
    visit = book(
        ticket=main,
        actor=agent,
        technician=agent,
        starts_at=tomorrow,
        ends_at=tomorrow + timedelta(hours=2),
        address="上海市徐汇区漕溪北路 88 号",
    )
    world.ids |= {
        "outcome": outcome.pk,
        "problem": create_problem(actor=lead, values={"title": "玻璃杯破损"}).pk,
        "improvement": create_improvement(actor=lead, values=IMPROVEMENT).pk,
        "appointment": visit.pk,
    }


def _watched(world: World, main: Ticket) -> None:
    """What looks at the work: the ledger, quality checks, and what is tried out."""
    catch_up_ledger()
    ensure_rules()
    rule = SamplingRule.objects.get(position=10)
    sample = QualitySample.objects.create(
        ticket_id=world.ids["solved_ticket"], rule=rule, rate=rule.rate, version=scorecard()
    )
    innovation = create_innovation(actor=world.people["lead"], values={"title": "退款进度自助查询"})
    world.ids |= {
        "innovation": innovation.pk,
        "ledger_entry": LedgerEntry.objects.filter(ticket=main).values_list("pk", flat=True)[0],
        "ledger_check": begin_ledger_check(actor=None).pk,
        "quality_sample": sample.pk,
        "sampling_rule": rule.pk,
    }


def _procedures(world: World) -> None:
    following.ensure_built_in()
    refund = Procedure.objects.select_related("live_version").get(key="refund")
    run = running.start(procedure=refund, subject_id=world.ids["ticket"], actor=world.people["agent"])
    task = running.open_main(run)
    raised = escalation.raise_ticket(ticket=Ticket.objects.get(pk=world.ids["ticket"]), kind="staff")
    assert task is not None
    assert raised is not None
    world.ids |= {
        "procedure": refund.pk,
        "run": run.pk,
        "task": task.pk,
        "department": task.department_id,
        "level": ComplaintLevel.objects.get(key="major").pk,
        "escalation": raised.pk,
        "escalation_trigger": raised.trigger_id,
        "duty": Duty.objects.filter(category="").first().pk,  # type: ignore[union-attr]
    }


def _views(world: World) -> None:
    values = {"name": "待办投诉", "condition": {"field": "type", "op": "eq", "value": "complaint"}}
    shared = values | {"sharing": "team", "team": world.team}
    ids = [world.ids["ticket"]]
    tagged = change_many(actor=world.people["agent"], action="tag", values={"tag": "大促"}, ticket_ids=ids, key=uuid4())
    replied = reply_many(actor=world.people["lead"], body="您好，已恢复。", ticket_ids=ids, key=uuid4())
    world.ids |= {"bulk_change": tagged.pk, "bulk_reply": replied.pk}
    world.ids |= {"saved_view": save_view(view=None, actor=world.people["lead"], values=shared).pk}


def _offline(world: World) -> None:
    upload = SimpleUploadedFile("登记.csv", "渠道,内容\nphone,没人接电话\nphone,".encode())
    world.ids |= {"import_batch": check_file(upload=upload, actor=world.people["lead"]).pk}


def _library(world: World) -> None:
    lead, supervisor = world.people["lead"], world.people["supervisor"]
    script = make_script(author=lead, reviewer=supervisor, key="REPLY-01", title="退款到账", body="您好，已为您退款。")
    article = make_article(author=lead, reviewer=supervisor, key="KB-0001", title="清洗说明", body="清水冲洗即可。")
    world.ids |= {
        "script": script.item_id,
        "script_key": script.item.key,
        "script_version": script.pk,
        "article": article.item_id,
        "article_key": article.item.key,
        "article_version": article.pk,
        "version": script.number,
    }
