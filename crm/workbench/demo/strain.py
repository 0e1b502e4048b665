"""What is hard on people: a caller who insults, a conversation given away, and what the shop does about it."""

from datetime import timedelta

from core import clock
from core.registers.services import add_evidence, move_record, update_record
from crm.insights.complaints.clusters import clusters_of
from crm.insights.complaints.services import problem_of_cluster
from crm.insights.days import day_of
from crm.insights.improvements.services import create_improvement, move_improvement
from crm.staff.services.relief import ask_relief, grant_relief
from crm.workbench.demo.lives import Case, World
from crm.workbench.demo.stage import Life
from tickets.services import abuse, transitions

INSULTS = "你们这群废物骗子！退个款拖半个月，傻逼客服，再不退我天天来骂！"
FURIOUS = "骗子黑店！气死我了，赶紧退钱，不然我去 12315 投诉，还要找媒体曝光你们！"


def insulted(world: World, told: Case) -> Life:
    """Reported with the calm way out, confirmed by the supervisor; the customer is marked for thirty days."""
    told.arrive()
    yield clock.now() + timedelta(minutes=20)
    agent = world.staff["agent"]
    if told.row.assignee != agent:
        transitions.assign(ticket=told.row, actor=world.staff["lead"], assignee=agent)
    told.say(agent, "@calm.exit")
    yield clock.now() + timedelta(minutes=6)
    told.write(INSULTS)
    report = abuse.report_abuse(ticket=told.row, actor=agent, note="两次提醒后仍在辱骂", wants_relief=True)
    yield clock.now() + timedelta(minutes=45)
    abuse.confirm(report=report, actor=world.staff["supervisor"], days=30, reason="会话属实")


def relieved(world: World, told: Case) -> Life:
    """The conversation is too much; the supervisor gives it to somebody else and the agent a pause."""
    told.arrive()
    yield clock.now() + timedelta(minutes=15)
    agent2 = world.staff["agent2"]
    if told.row.assignee != agent2:
        transitions.assign(ticket=told.row, actor=world.staff["lead"], assignee=agent2)
    asked = ask_relief(ticket=told.row, actor=agent2, note="说话很冲，我需要缓一缓")
    yield clock.now() + timedelta(minutes=4)
    grant_relief(request=asked, actor=world.staff["supervisor"], reason="先休息十分钟")


def asks_now(world: World, told: Case) -> Life:
    """Waits for the supervisor at the end of the story."""
    told.arrive()
    yield clock.now() + timedelta(minutes=8)
    agent = world.staff["agent"]
    if told.row.assignee != agent:
        transitions.assign(ticket=told.row, actor=world.staff["lead"], assignee=agent)
    ask_relief(ticket=told.row, actor=agent, note="客户一直在骂，想请同事接手")


def problems(world: World) -> Life:
    """The largest cluster of the week becomes a problem record, and somebody looks into it."""
    lead, supervisor = world.staff["lead"], world.staff["supervisor"]
    found = clusters_of(lead)
    if not found:
        return
    largest = found[0]
    made = problem_of_cluster(actor=lead, product=largest.product, batch=largest.batch, category=largest.category)
    yield clock.now() + timedelta(hours=2)
    plan = {"owner": supervisor, "review_on": day_of(clock.now()) + timedelta(days=7)}
    made = update_record(record=made, actor=lead, changes=plan)
    move_record(record=made, actor=supervisor, state="analysing", reason="品控抽检同批次")


def improvements(world: World) -> Life:
    """Two items on the way: one measured, one just proposed."""
    lead, today = world.staff["lead"], day_of(clock.now())
    item = create_improvement(
        actor=lead,
        values={
            "title": "晚高峰加一名客服",
            "details": "十九点到二十二点多排一人，专接淘宝和微信。",
            "metric": "fast_replies",
            "owner": lead,
            "review_on": today + timedelta(days=14),
            "source": "data",
            "baseline_first": today - timedelta(days=14),
            "baseline_last": today - timedelta(days=1),
            "after_first": today + timedelta(days=1),
            "after_last": today + timedelta(days=9),
        },
    )
    move_improvement(record=item, actor=lead, state="active", reason="例会通过，从明天起执行")
    add_evidence(record=item, actor=lead, text="排班表已调整，见团队排班")
    yield clock.now() + timedelta(days=9)
    create_improvement(
        actor=lead,
        values={
            "title": "包装改用加厚纸箱",
            "details": "压扁、碎裂的投诉集中在外箱，先换三个品类。",
            "metric": "complaints",
            "owner": world.staff["supervisor"],
            "review_on": today + timedelta(days=40),
            "source": "customer",
            "baseline_first": today - timedelta(days=6),
            "baseline_last": today + timedelta(days=8),
        },
    )
