"""/innovations/: what is tried out, what came of it, and what was decided."""

from django.utils.translation import gettext_lazy as _

from crm.insights.innovations.forms import InnovationForm
from crm.insights.innovations.services import KEEPER
from crm.insights.models import Innovation
from crm.insights.register_views import RegisterColumn, RegisterPages, Words


def _result(item: Innovation) -> str:
    """The figure with its sample, "46.5 (n=318)"; "" before there is one."""
    return "" if item.result is None else f"{item.result.normalize():f} (n={item.result_n or '—'})"


PAGES = RegisterPages(
    model=Innovation,
    form=InnovationForm,
    keeper=KEEPER,
    words=Words(
        about=_("新技术、新模式、新服务先试点，用结果决定保持、推广还是停止。"),
        new=_("登记创新"),
        empty=_("这里还没有创新"),
        hint=_("把想法写下来，定好试点和衡量指标，就能跟踪到决定。"),
        icon="bulb",
    ),
    columns=(RegisterColumn(_("类型"), Innovation.get_kind_display), RegisterColumn(_("结果"), _result)),
    page="insights/innovations/page.html",
    related=("decided_by",),
)
