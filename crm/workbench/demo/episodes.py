"""What must be seen on the desk whatever chance brings: late, paused, merged, doubled, escalated, visited."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core import clock
from crm.followups.choices import VisitOutcome
from crm.workbench.demo.aftersales import returns
from crm.workbench.demo.articles import add_story_article
from crm.workbench.demo.buyers import Buyer
from crm.workbench.demo.dice import Dice
from crm.workbench.demo.legal import disputes, visits
from crm.workbench.demo.lives import Case, World, conversation_of, ending, ordinary, visit
from crm.workbench.demo.money import BETWEEN, PAYOUTS, payouts
from crm.workbench.demo.scripts import add_story_script, renew_scripts
from crm.workbench.demo.shop import FADING, FADING_BATCH, HEATER, watch_batch
from crm.workbench.demo.stage import Life, Stage
from crm.workbench.demo.strain import FURIOUS, asks_now, improvements, insulted, problems, relieved
from crm.workbench.demo.together import together
from customers.choices import TagKind
from customers.services import add_tag, apply_all_rule_tags, update_customer, verify_phone
from tickets.choices import Confirmation
from tickets.models import ContactAttempt
from tickets.services import contact, merging, transitions

MakeCase = Callable[..., Case]
GRAVE_WAIT = timedelta(hours=72)
#: Hours before the end at which the fading of the batch is reported, and when the shop acts on it.
FADING_HOURS = (141, 119, 97, 88, 71, 64, 50, 45, 31, 26, 12, 6, 2.4, 1.1, 0.4)
FADING_NOTICED = timedelta(hours=76)

_SMOKE = "暖手宝充电的时候冒烟了，插头都是烫的，孩子就在旁边，差点出事！这种东西也敢卖？必须马上给我说法"
_LEGAL = "退货半个月了一分钱没退，客服互相推卸，我已经打了 12315，今天不解决就等着市场监管找你们"
_MEDIA = "同一个问题反映了四次没人处理，再拖我就找媒体曝光，聊天记录我都留着"
_TWICE = "收到的台灯灯罩碎了，外箱也压扁了，请尽快补发一个新的"
_ENGLISH = "Hello, my duvet has not arrived yet. Could you please check where it is? Thank you."


def enter_episodes(*, stage: Stage, world: World, case: MakeCase, buyers: Sequence[Buyer]) -> None:
    """Put every episode on the stage, each at its distance from the end.

    Cases are drawn here and not when their life begins: the orders behind them lie before it.
    """
    end = stage.end
    _fading(stage, world, case)
    _grave(stage, world, case)
    _important(stage, world, case)
    stage.enter(renewal(world), end - timedelta(days=12))
    stage.enter(labels(world, buyers), end - timedelta(days=9))
    stage.enter(improvements(world), end - timedelta(days=11))
    stage.enter(problems(world), end - timedelta(hours=20))
    # The last of them stands open at the end, within the time to decide.
    stage.enter(payouts(world.staff), end - len(PAYOUTS) * BETWEEN)
    stage.enter(returns(world.staff), end - timedelta(hours=80))
    stage.enter(disputes(world.staff, end), end - timedelta(days=6))
    stage.enter(visits(world.staff, end), end - timedelta(days=3))
    stage.enter(together(world.staff, end), end - timedelta(days=2))
    for name, hours, life, given in EPISODES:
        at = end - timedelta(hours=hours)
        stage.enter(life(world, case(name, at=at, **given)), at)


def _fading(stage: Stage, world: World, case: MakeCase) -> None:
    """A batch of bedding loses its colour: reports come in, the shop reacts, reports go on."""
    for number, hours in enumerate(FADING_HOURS):
        at = stage.end - timedelta(hours=hours)
        life = case("fading", number, topic="batch_fading", at=at, product=FADING, batch=FADING_BATCH)
        stage.enter(ordinary(life), at)
    stage.enter(batch_is_noticed(world, stage.end), stage.end - FADING_NOTICED)


def batch_is_noticed(world: World, end: datetime) -> Life:
    """The lead writes wording and article, the supervisor sends such tickets one way."""
    add_story_article(staff=world.staff, end=end)
    yield clock.now() + timedelta(minutes=25)
    add_story_script(library=world.library, staff=world.staff)
    yield clock.now() + timedelta(minutes=10)
    watch_batch(actor=world.staff["supervisor"], queue=world.shop.queues["quality"])


def _grave(stage: Stage, world: World, case: MakeCase) -> None:
    """Grave complaints with clocks that run day and night: due in minutes, due this hour, too late."""
    for number, (body, hours, product) in enumerate(((_SMOKE, 0.15, HEATER), (_MEDIA, 0.85, None))):
        at = stage.end - timedelta(hours=hours)
        topic = "quality_problem" if product else "attitude"
        stage.enter(unanswered(case("grave", number, topic=topic, at=at, product=product, body=body)), at)
    for username, left in (("agent", timedelta(minutes=38)), ("agent2", timedelta(hours=-2, minutes=-10))):
        at = stage.end - GRAVE_WAIT + left
        told = case("grave", username, topic="refund_late", at=at, body=_LEGAL, channel="phone")
        stage.enter(promised(world, told, username, stage.end), at)


def unanswered(case: Case) -> Life:
    """It came in, and nobody has answered yet."""
    case.arrive()
    yield from ()


def promised(world: World, case: Case, username: str, end: datetime) -> Life:
    """Accepted at once, given to one person, still not settled when its time runs out."""
    case.arrive()
    user = yield from case.handler(3, 9)
    if user is None:
        return
    case.say(user, "@complaint.accept")
    yield clock.now() + timedelta(minutes=40)
    transitions.escalate(ticket=case.row, actor=user, reason="已向 12315 反映，需在三天内办结")
    taker = world.staff[username]
    transitions.assign(ticket=case.row, actor=world.staff["supervisor"], assignee=taker, reason="指定专人处理")
    case.note(user, f"@{taker.name} 客户已向 12315 反映，请优先和财务核对，今天必须有结果。")
    yield clock.now() + timedelta(minutes=30)
    case.say(taker, f"抱歉让您久等，我是{taker.name}，正在和财务核对打款记录。")
    yield end - timedelta(minutes=52)
    case.write("到底退了没有？别再让我等了")
    yield end - timedelta(minutes=33)
    case.say(taker, "财务已查到该笔退款被渠道退回，正在重新打款，凭证马上发您。")
    yield end - timedelta(minutes=21)
    case.write("行，我等你的凭证，一个小时内没看到我就继续投诉")


def renewal(world: World) -> Life:
    """Second versions of scripts replace the first."""
    renew_scripts(library=world.library, staff=world.staff)
    yield from ()


def labels(world: World, buyers: Sequence[Buyer]) -> Life:
    """Colleagues label the customers they have got to know."""
    dice = Dice("labels")
    names = [name for name, tag in world.shop.tags.items() if tag.kind == TagKind.MANUAL]
    for customer in [buyer.customer for buyer in buyers if buyer.customer is not None][:60]:
        user = world.staff[dice.one_of(("agent", "agent2", "luoanqi", "lead"))]
        tag = world.shop.tags[dice.one_of(names)]
        expires_at = clock.now() + timedelta(days=dice.number(5, 90)) if dice.chance(0.3) else None
        add_tag(customer=customer, tag=tag, actor=user, reason="服务中了解", expires_at=expires_at)
        if customer.phone and dice.chance(0.3):
            verify_phone(customer=customer, actor=user)
    yield world.roster.curtain
    apply_all_rule_tags()


def merged(world: World, first: Case) -> Life:
    """The same customer reports the same parcel twice; the second goes into the first."""
    first.arrive()
    yield clock.now() + timedelta(minutes=70)
    second = Case(
        world=world,
        dice=first.dice,
        topic=first.topic,
        buyer=first.buyer,
        product=first.product,
        channel="phone",
        bought=first.bought,
        body=f"刚才在网上留过言了，{first.product.name}外箱压扁、里面碎了，没人回我，打电话问一下进度",
    )
    second.arrive()
    yield clock.now() + timedelta(minutes=25)
    merging.merge(source=second.row, target=first.row, actor=world.staff["lead"])
    first.note(world.staff["lead"], "客户又来电一次，已合并，注意一次说清方案。")
    yield from conversation_of(first)


def doubled(world: World, first: Case) -> Life:
    """The same words twice within the hour: marked as a possible duplicate, for a person to decide."""
    first.arrive()
    yield clock.now() + timedelta(minutes=35)
    again = Case(
        world=world,
        dice=first.dice,
        topic=first.topic,
        buyer=first.buyer,
        product=first.product,
        channel="web",
        bought=first.bought,
        body=_TWICE,
    )
    again.arrive()


def do_not_contact(world: World, told: Case) -> Life:
    """A customer who wants no more messages: the visit after closing is skipped."""
    yield from settled(world, told)
    assert told.buyer.customer is not None
    update_customer(
        customer=told.buyer.customer,
        actor=world.staff["luoanqi"],
        changes={"do_not_contact": True, "do_not_contact_reason": "客户要求不再电话回访"},
    )
    yield clock.now() + timedelta(hours=3)
    transitions.close(ticket=told.row, actor=world.staff["luoanqi"])


def settled(world: World, case: Case) -> Life:
    """A complaint handled within hours, by the lead if nobody else has it."""
    case.arrive()
    yield clock.now() + timedelta(minutes=35)
    if case.row.assignee is None:
        transitions.assign(ticket=case.row, actor=world.staff["supervisor"], assignee=world.staff["luoanqi"])
    user = world.staff[case.row.assignee.username]  # type: ignore[union-attr]
    case.say(user, "@complaint.accept")
    yield clock.now() + timedelta(minutes=50)
    case.write("希望你们说到做到")
    yield clock.now() + timedelta(minutes=30)
    case.note(user, "已和仓库核对，责任在我方。")
    yield clock.now() + timedelta(hours=2)
    case.say(user, "@complaint.close", solved=True)
    yield clock.now() + timedelta(hours=4)


def withdrawn(world: World, told: Case) -> Life:
    told.arrive()
    yield clock.now() + timedelta(hours=2)
    transitions.cancel(ticket=told.row, actor=world.staff["lead"], reason="客户已自行取消订单，不再需要处理")


def unreachable(world: World, told: Case) -> Life:
    """Three calls without an answer; closed with that as the reason."""
    told.arrive()
    caller = world.staff["lead"]
    for day in range(3):
        yield clock.now() + timedelta(hours=4 if day == 0 else 22)
        contact.record_attempt(
            ticket=told.row,
            actor=caller,
            outcome=ContactAttempt.Outcome.UNREACHABLE,
            note=("无人接听", "关机", "响铃后挂断")[day],
        )
    yield clock.now() + timedelta(minutes=20)
    told.say(caller, "多次致电未能联系到您，配件已随 {c} {t} 寄出，如有问题请随时联系我们。", solved=True)
    yield clock.now() + timedelta(minutes=5)
    transitions.close(ticket=told.row, actor=caller, confirmation=Confirmation.UNREACHABLE)


def _important(stage: Stage, world: World, case: MakeCase) -> None:
    """A guest house buys by the dozen, is marked important, and later has a complaint."""
    first_at, again_at = stage.end - timedelta(days=15), world.roster.curtain + timedelta(minutes=70)
    told = case("important", topic="business", at=first_at, channel="email")
    stage.enter(marked_important(world, told), first_at)
    again = case("important again", topic="not_as_described", at=again_at, channel="email", buyer=told.buyer)
    stage.enter(ordinary(again, subject="这批布草和样品不一致，要投诉"), again_at)


def marked_important(world: World, told: Case) -> Life:
    customer = told.arrive(subject="民宿布草采购咨询").customer
    user = yield from told.handler(20, 60)
    if user is not None:
        told.say(user, "@other.business")
    supervisor = world.staff["supervisor"]
    yield clock.now() + timedelta(hours=5)
    update_customer(
        customer=customer,
        actor=supervisor,
        changes={"important": True, "level": "黑金", "notes": "民宿采购，联系人每周二方便接电话。"},
    )
    add_tag(customer=customer, tag=world.shop.tags["企业采购"], actor=supervisor, reason="签了年度供货")
    yield from ending(told, told.dice.one_of(told.topic.result))


def unsatisfied(world: World, told: Case) -> Life:
    """Closed, visited three days later, not satisfied: open again, and waiting for an answer now."""
    yield from settled(world, told)
    transitions.close(ticket=told.row, actor=told.row.assignee)
    yield clock.now() + timedelta(seconds=2)
    yield from visit(told, outcome=VisitOutcome.UNSATISFIED)


def visit_late(world: World, told: Case) -> Life:
    """Closed more than three days ago; nobody has made the call yet."""
    yield from settled(world, told)
    transitions.close(ticket=told.row, actor=told.row.assignee)


def waiting(world: World, told: Case) -> Life:
    """Agent waits for a customer who does not answer."""
    told.arrive()
    yield clock.now() + timedelta(minutes=30)
    agent = world.staff["agent"]
    if told.row.assignee != agent:
        transitions.assign(ticket=told.row, actor=world.staff["lead"], assignee=agent)
    told.say(agent, "@return.pickup")
    transitions.wait(ticket=told.row, actor=agent, reason="等客户寄回商品")


def held(world: World, told: Case) -> Life:
    """Agent2 waits for the quality department."""
    told.arrive()
    yield clock.now() + timedelta(minutes=40)
    agent2 = world.staff["agent2"]
    if told.row.assignee != agent2:
        transitions.assign(ticket=told.row, actor=world.staff["lead"], assignee=agent2)
    told.say(agent2, "@quality.check")
    transitions.hold(ticket=told.row, actor=agent2, reason="等品控鉴定结论")
    told.note(agent2, "@林见夏 品控说明天下午出结果，麻烦帮我盯一下。")


def escalated(world: World, told: Case) -> Life:
    """Raised twice, now urgent, in the hands of logistics."""
    told.arrive()
    user = world.staff["tangxiaobei"]
    yield clock.now() + timedelta(minutes=45)
    if told.row.assignee != user:
        transitions.assign(ticket=told.row, actor=world.staff["supervisor"], assignee=user)
    told.say(user, "@logistics.urge")
    yield world.roster.curtain + timedelta(minutes=15)
    told.write("又等了一天，快递还是没动静，我要找你们领导")
    transitions.escalate(ticket=told.row, actor=user, reason="客户第二次催促，要求主管介入")
    yield clock.now() + timedelta(minutes=35)
    transitions.escalate(ticket=told.row, actor=world.staff["supervisor"], reason="承运商未按约定时间回复")
    told.note(world.staff["supervisor"], "@唐小北 联系区域经理，两小时内拿到签收底单。")
    told.say(user, "主管已介入，我们正在联系承运商区域经理，今天给您结果。")


def moved(world: World, told: Case) -> Life:
    """The parcel has left already, so the matter belongs to logistics."""
    told.arrive()
    yield clock.now() + timedelta(minutes=25)
    transitions.move(
        ticket=told.row,
        actor=world.staff["other_agent"],
        queue=world.shop.queues["logistics"],
        reason="包裹已出库，需要物流组联系承运商改派",
    )
    told.note(world.staff["other_agent"], "客户要改到公司地址，已核对手机尾号，请物流组尽快拦截改派。")
    yield from conversation_of(told)


def elsewhere(world: World, told: Case) -> Life:
    """From a channel nobody has set up: kept under `other` with the word it came with."""
    told.arrive(external_id="note-88213")
    yield from conversation_of(told)


def english(world: World, told: Case) -> Life:
    """A message no rule understands waits for a person to sort it."""
    told.arrive(subject="Where is my order?")
    yield from ()


#: name, hours before the end, life, what its case is drawn with.
EPISODES: tuple[tuple[str, float, Callable[[World, Case], Life], dict[str, Any]], ...] = (
    ("merge", 29, merged, {"topic": "broken_parcel", "channel": "home"}),
    ("double", 2.2, doubled, {"topic": "broken_parcel", "channel": "home", "body": _TWICE}),
    ("quiet", 170, do_not_contact, {"topic": "attitude", "channel": "home"}),
    ("withdrawn", 66, withdrawn, {"topic": "not_shipped"}),
    ("unreachable", 150, unreachable, {"topic": "missing_parts", "channel": "phone"}),
    ("unsatisfied", 124, unsatisfied, {"topic": "not_as_described", "channel": "home"}),
    ("visit-late", 98, visit_late, {"topic": "late_delivery_complaint", "channel": "home"}),
    ("wait", 47, waiting, {"topic": "return_no_reason", "channel": "phone"}),
    ("hold", 31, held, {"topic": "quality_problem", "channel": "phone"}),
    ("escalated", 27, escalated, {"topic": "late_delivery_complaint", "channel": "phone"}),
    ("moved", 7.5, moved, {"topic": "change_address"}),
    ("elsewhere", 21, elsewhere, {"topic": "quality_problem", "channel": "xiaohongshu"}),
    ("insulted", 53, insulted, {"topic": "refund_late", "channel": "phone"}),
    ("relieved", 30, relieved, {"topic": "attitude", "channel": "phone", "body": FURIOUS}),
    ("asks", 1.3, asks_now, {"topic": "attitude", "channel": "phone", "body": FURIOUS}),
    ("english", 4.2, english, {"topic": "where_is_it", "channel": "email", "body": _ENGLISH}),
)
