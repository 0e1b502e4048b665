"""What is known of products in the story: a snack with peanuts, trees of diagnosis, and a hand warmer that smoked."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core import clock
from core.versions.services import approve, draft_version, publish, submit
from crm.staff.models import User
from crm.workbench.demo.shop import HEATER
from customers.recall_choices import OurRole
from knowledge.diagnosis.trees import create_tree
from knowledge.safety.sheets import create_sheet
from tickets.models import SafetyIncident, Ticket
from tickets.safety_choices import HarmKind
from tickets.services import diagnosis, intake
from tickets.services.safety import incidents

SNACK = "MHT-F-JGS"
#: SKU, name, ingredients, allergens, who must not, for whom, source.
SHEETS = (
    (
        SNACK, "每日坚果酥 200g", "小麦粉、花生、腰果、白砂糖、植物油、食用盐",
        "花生、腰果、麸质；同一生产线加工牛奶和鸡蛋制品", "对花生、坚果或麸质过敏者禁食；三岁以下慎食，防呛噎",
        "三岁以上一般人群", "检测报告 SN-2026-0118",
    ),
    (
        "MHT-Z-RJ", "乳胶枕", "天然乳胶、聚酯纤维枕套", "天然乳胶蛋白", "对天然乳胶过敏者勿用", "一般人群",
        "产品合格证 RJ-09",
    ),
    (
        HEATER.sku, HEATER.name, "外壳 ABS，锂电池 3.7V", "无已知过敏原",
        "婴幼儿、皮肤感觉迟钝者勿单独使用；勿边充边用", "三岁以上，儿童须大人看护", "3C 证书 2026-0771",
    ),
)  # fmt: skip


def _ask(key: str, text: str, **to: str) -> dict[str, Any]:
    return {"key": key, "text": text, "choices": [{"answer": answer, "to": step} for answer, step in to.items()]}


def _end(key: str, text: str, outcome: str) -> dict[str, Any]:
    return {"key": key, "text": text, "outcome": outcome}


TREES = (
    (
        "DX-PHONE", "手机开不了机", "", "适用：按电源键没有反应，或自动关机后开不了",
        [
            _ask("1", "原装充电器充电 30 分钟后，屏幕有充电图标吗？", 有="2", 没有="3"),
            _ask("2", "长按电源键 15 秒能开机吗？", 能="4", 不能="5"),
            _ask("3", "换一根充电线和插座后有反应吗？", 有="2", 没有="6"),
            _end("4", "系统卡死，已强制重启，正常使用即可", "solved"),
            _end("5", "系统或主板故障，寄回检测维修", "repair"),
            _ask("6", "购买不满 15 天吗？", 是="7", 否="5"),
            _end("7", "性能故障，十五日内换新", "exchange"),
        ],
    ),
    (
        "DX-HEATER", "暖手宝不热", HEATER.sku, "适用：开机后不发热，或热一会儿就停",
        [
            _ask("1", "充满电后指示灯亮吗？", 亮="2", 不亮="3"),
            _ask("2", "是否长按三秒选择了温度？", 没有="4", 选了="5"),
            _ask("3", "外壳有鼓包、漏液或烧焦味吗？", 有="6", 没有="5"),
            _end("4", "教客户长按三秒选择温度", "solved"),
            _end("5", "发热片故障，换一台", "exchange"),
            _end("6", "停止使用和充电，退货退款，并登记安全事故", "return_refund"),
        ],
    ),
)  # fmt: skip


def show_products(*, staff: Mapping[str, User]) -> None:
    """Sheets and trees first, then what they are used for."""
    for sku, name, *words in SHEETS:
        names = ("body", "allergens", "contraindications", "suitable_for", "source")
        _publish(create_sheet(actor=staff["lead"], key=sku, title=name), staff, **dict(zip(names, words, strict=True)))
    trees = [_tree(staff, *told) for told in TREES]
    _asks_about_peanuts()
    heater: Any = Ticket.objects.open().filter(product=HEATER.sku, merged_into=None).order_by("-pk")
    rows = list(heater.select_related("assignee", "customer", "queue", "channel").defer("search")[:3])
    for ticket, answers in zip(rows, (("亮", "选了"), ("不亮",), ("亮", "没有")), strict=False):
        _diagnose(ticket, trees[1], ticket.assignee or staff["agent"], answers)
    if rows:
        _smoked(rows[-1], staff["agent"])


def _publish(item: Any, staff: Mapping[str, User], **words: Any) -> None:
    version = draft_version(item=item, actor=staff["lead"], **words)
    submit(version=version, actor=staff["lead"])
    approve(version=version, actor=staff["supervisor"])
    publish(version=version, actor=staff["supervisor"])


def _tree(staff: Mapping[str, User], key: str, title: str, product: str, body: str, steps: list[dict[str, Any]]) -> Any:
    tree = create_tree(actor=staff["lead"], key=key, title=title, product=product)
    _publish(tree, staff, body=body, steps=steps)
    tree.refresh_from_db()
    return tree


def _asks_about_peanuts() -> None:
    """A customer who must not eat the snack asks about it; the sheet stands above the composer."""
    intake.receive(
        request=intake.Request(
            channel="taobao",
            external_id="demo-peanuts",
            subject="坚果酥里有花生吗",
            body="想给孩子买这个坚果酥，他对花生过敏，能吃吗？",
            product=SNACK,
            customer=intake.CustomerGiven(name="苏晓晴", external_ids={"taobao": "tb_suxq"}),
        ),
        actor=None,
    )


def _diagnose(ticket: Ticket, tree: Any, actor: Any, answers: tuple[str, ...]) -> None:
    run = diagnosis.start(ticket=ticket, actor=actor, tree=tree)
    for choice in answers:
        run = diagnosis.answer(run=run, actor=actor, step=run.step, choice=choice)


def _smoked(ticket: Ticket, actor: User) -> SafetyIncident:
    return incidents.report_incident(
        ticket=ticket,
        actor=actor,
        report=incidents.Report(
            sku=HEATER.sku,
            product_name=HEATER.name,
            batch=ticket.batch,
            harm=HarmKind.MINOR,
            injured_count=1,
            injury="手指轻微烫伤，已用冷水冲洗，未就医",
            circumstances="充电约一小时后冒烟，拔掉电源后停止",
            storage="室内充电，原装充电线，放在布沙发上",
            occurred_at=clock.now() - timedelta(hours=6),
            our_role=OurRole.SELLER,
        ),
    )
