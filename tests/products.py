"""A snack with peanuts and a phone that will not start: sheets and trees as people leave them."""

from typing import Any

from core.versions import services as versions
from knowledge.diagnosis.trees import create_tree
from knowledge.models import DiagnosisTreeVersion, SafetySheetVersion
from knowledge.safety.sheets import create_sheet
from tests.scripts_library.factories import published

SHEET: dict[str, Any] = {
    "body": "小麦粉、花生、白砂糖",
    "allergens": "花生、麸质",
    "contraindications": "花生过敏者禁食",
    "suitable_for": "三岁以上",
    "source": "检测报告 SN-118",
}
STEPS: list[dict[str, Any]] = [
    {"key": "1", "text": "充电后能开机吗？", "choices": [{"answer": "能", "to": "2"}, {"answer": "不能", "to": "3"}]},
    {"key": "2", "text": "电量耗尽，正常使用即可", "outcome": "solved"},
    {"key": "3", "text": "屏幕有裂痕吗？", "choices": [{"answer": "有", "to": "4"}, {"answer": "没有", "to": "5"}]},
    {"key": "4", "text": "人为损坏，付费维修", "outcome": "repair"},
    {"key": "5", "text": "主板故障，换新机", "outcome": "exchange"},
]


def make_sheet(*, author: Any, reviewer: Any, sku: str = "SNACK-1", **words: Any) -> SafetySheetVersion:
    """A published sheet."""
    sheet = create_sheet(actor=author, key=sku, title="坚果酥")
    made: SafetySheetVersion = published(
        versions.draft_version(item=sheet, actor=author, **{**SHEET, **words}), reviewer
    )
    return made


def make_tree(*, author: Any, reviewer: Any, key: str = "PHONE", **words: Any) -> DiagnosisTreeVersion:
    """A published tree."""
    tree = create_tree(actor=author, key=key, title="手机开不了机")
    told = {"body": "按电源键无反应", "steps": STEPS, **words}
    made: DiagnosisTreeVersion = published(versions.draft_version(item=tree, actor=author, **told), reviewer)
    return made
