"""/improvements/: what should get better, and whether it did."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.insights.improvements.effect import effect_of
from crm.insights.improvements.forms import ImprovementForm
from crm.insights.improvements.services import KEEPER
from crm.insights.metrics import METRICS
from crm.insights.models import Improvement
from crm.insights.register_views import RegisterColumn, RegisterPages, Words
from crm.staff.models import User


def _metric(item: Improvement) -> Any:
    return METRICS[item.metric].label if item.metric in METRICS else item.metric


def _effect(item: Improvement, person: User) -> dict[str, Any]:
    """Its figures before and after, as the person may see them."""
    return {"effect": effect_of(item, person)}


PAGES = RegisterPages(
    model=Improvement,
    form=ImprovementForm,
    keeper=KEEPER,
    words=Words(
        about=_("每项写明要改善的指标，用前后数据说话。"),
        new=_("提出改进"),
        empty=_("这里还没有改进项"),
        hint=_("从报表或客户反馈里发现的问题，都可以提出来跟踪到效果。"),
        icon="trending-up",
    ),
    columns=(RegisterColumn(_("要改善的指标"), _metric),),
    page="insights/improvements/page.html",
    prefilled=("title", "details", "metric"),
    related=("queue", "channel"),
    more=_effect,
)
