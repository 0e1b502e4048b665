"""A finding of the after-sales report becomes an improvement that is tracked to its effect (D15)."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.registers.services import add_evidence
from crm.insights.choices import ImprovementSource
from crm.insights.improvements.services import create_improvement
from crm.insights.models import Improvement
from crm.insights.questions import Question
from crm.insights.remedies.after_sales import FRAME, MEASURES, TABLES, Finding

if TYPE_CHECKING:
    from crm.staff.models import User

#: The newest items that the report shows.
MOST_SHOWN = 10
_TITLE = 200


def improve(*, actor: "User", finding: Finding, question: Question) -> Improvement:
    """An item whose days before are those of the report. InvalidInput names what there is none of."""
    _check(finding)
    totals = finding.totals(actor, question)
    if not totals["n"]:
        sentence = _("这段时间没有可统计的售后单。")
        raise InvalidInput(sentence, fields={"value": [sentence]})
    values: dict[str, Any] = {
        "title": _("售后改进：%(what)s") % {"what": finding.label},
        "metric": MEASURES[finding.measure].metric,
        "queue": question.queue,
        "channel": question.channel,
        "source": ImprovementSource.FINDING,
        "baseline_first": question.period.first,
        "baseline_last": question.period.last,
        "finding": asdict(finding),
        "owner": actor,
    }
    item = create_improvement(actor=actor, values={**values, "title": values["title"][:_TITLE]})
    told = _("售后评价报表：%(what)s %(share).1f%%（n=%(n)d）") % {
        "what": finding.label,
        "share": 100 * totals["hits"] / totals["n"],
        "n": totals["n"],
    }
    add_evidence(record=item, actor=actor, text=told)
    return item


def _check(finding: Finding) -> None:
    faults = {}
    if finding.measure not in MEASURES:
        faults["measure"] = [_("没有这个指标。")]
    if finding.dimension not in ("", *TABLES):
        faults["dimension"] = [_("没有这个维度。")]
    for name in (finding.dimension, "platform"):
        value = finding.platform if name == "platform" else finding.value
        if value and name in FRAME.choices and value not in FRAME.choices[name]:
            faults["platform" if name == "platform" else "value"] = [_("没有这个选项。")]
    if faults:
        raise InvalidInput(next(iter(faults.values()))[0], fields=faults)


def tracked(user: "User") -> list[Improvement]:
    """The newest items made of findings; each page tells its effect."""
    rows: Any = Improvement.objects.visible_to(user)
    return list(rows.filter(finding__isnull=False).select_related("owner").order_by("-id")[:MOST_SHOWN])
