"""The two libraries, and what differs between them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext, pgettext_lazy

from core.procedures.models import Procedure
from core.procedures.services.templates import create_procedure, update_procedure
from core.ranking.corpus import Corpus
from core.versions.models import VersionedItem
from crm.workbench.chips import Chip, chip
from crm.workbench.library.forms import ArticleForm, DraftForm, ItemForm, ScriptDraftForm, ScriptForm
from crm.workbench.library.ladder_forms import LadderDraftForm, LadderForm
from crm.workbench.library.procedure_forms import ProcedureDraftForm, ProcedureForm, steps_shown, words_from_steps
from crm.workbench.library.product_forms import SafetyDraftForm, SafetyForm, TreeDraftForm, TreeForm
from knowledge.choices import Audience
from knowledge.diagnosis.trees import create_tree, update_tree
from knowledge.models import Article, DiagnosisTree, SafetySheet
from knowledge.safety.sheets import create_sheet, update_sheet
from knowledge.search import ARTICLES
from knowledge.services import create_article, update_article
from scripts_library import steps
from scripts_library.choices import AngerLevel, ScriptKind
from scripts_library.models import ScriptTemplate
from scripts_library.placeholders import pieces
from scripts_library.services import create_script, update_script
from scripts_library.suggestion import SCRIPTS
from tickets.models import Ladder
from tickets.negotiation.ladders import create_ladder, told, update_ladder

FACETS = 100


@dataclass(frozen=True)
class Library:
    """One kind of reviewed texts. `key` begins the names of its addresses."""

    key: str
    model: type[VersionedItem]
    #: None: found by the words of key and title, not ranked.
    corpus: Corpus | None
    title: str | Promise
    subtitle: str | Promise
    noun: str | Promise
    icon: str
    item_form: type[ItemForm]
    draft_form: type[DraftForm]
    create: Callable[..., Any]
    update: Callable[[Any, Any, dict[str, Any]], Any]
    facets: Callable[[HttpRequest, Any], list[Chip]]
    #: The words of a version as one text, for comparing it with another.
    words: Callable[[Any], str] = lambda version: version.body
    #: What the template of the text shows besides the version itself.
    reading: Callable[[Any], dict[str, Any]] = lambda version: {}
    #: Templates of its own: the form's further fields, the version as it is read, facts beside it.
    form_part: str = ""
    text_part: str = ""
    facts_part: str = ""

    def permission(self, right: str) -> str:
        meta: Any = self.model._meta
        return f"{meta.app_label}.{right}_{meta.model_name}"

    def version_permission(self, right: str) -> str:
        return f"{self.permission(right).rpartition('.')[0]}.{right}_{self.version_model._meta.model_name}"

    @property
    def version_model(self) -> type[Model]:
        found: Any = self.model._meta.get_field("live_version").related_model
        return found  # type: ignore[no-any-return]

    @property
    def list_name(self) -> str:
        return f"{self.key}_list"

    @property
    def detail_name(self) -> str:
        return f"{self.key}_detail"

    @property
    def create_name(self) -> str:
        return f"{self.key}_create"

    @property
    def edit_name(self) -> str:
        return f"{self.key}_edit"

    @property
    def draft_name(self) -> str:
        return f"{self.key}_draft"

    @property
    def draft_edit_name(self) -> str:
        return f"{self.key}_draft_edit"

    @property
    def move_name(self) -> str:
        return f"{self.key}_move"

    @property
    def is_script(self) -> bool:
        return self.key == "script"

    @property
    def is_article(self) -> bool:
        return self.key == "article"

    def address(self, item: VersionedItem, number: int | None = None) -> str:
        """The item's page, showing one of its versions."""
        return reverse(self.detail_name, args=[item.pk]) + (f"?version={number}" if number else "")


def _words(rows: Any, column: str) -> list[tuple[str, str]]:
    """The values that occur in a column, as choices."""
    found = rows.exclude(**{column: ""}).order_by(column).values_list(column, flat=True).distinct()[:FACETS]
    return [(value, value) for value in found]


_RUNGS = [(str(level), label) for level, label in AngerLevel.choices]


def _script_facets(request: HttpRequest, rows: Any) -> list[Chip]:
    query = request.GET
    return [
        chip(query, "kind", [("", _("全部类别")), *ScriptKind.choices], before=_("的")),
        chip(query, "topic", [("", _("全部主题")), *_words(rows, "topic")], before=_("话术，主题")),
        chip(query, "anger_level", [("", _("不限")), *_RUNGS], before=_("，安抚阶梯")),
    ]


def _article_facets(request: HttpRequest, rows: Any) -> list[Chip]:
    query = request.GET
    return [
        chip(
            query, "category", [("", _("全部分类")), *_words(rows, "category")], before=_("的文章，分类"), after=_("，")
        ),
        chip(
            query,
            "product",
            [("", _("全部商品")), *_words(rows, "product")],
            before=pgettext("sentence", "商品"),
            after=_("，"),
        ),
        chip(
            query,
            "collection",
            [("", _("全部文集")), *_words(rows, "collection")],
            before=pgettext("sentence", "文集"),
            after=_("，"),
        ),
        chip(query, "audience", [("", _("不限")), *Audience.choices], before=pgettext("sentence", "可见范围")),
    ]


def _script_words(version: Any) -> str:
    """The body and the steps, so that a difference shows both."""
    return "\n".join([version.body, *(f"【{step.label}】{step.text}" for step in steps.parse(version.steps))])


def _script_reading(version: Any) -> dict[str, Any]:
    return {"steps": [(step.label, pieces(step.text)) for step in steps.parse(version.steps)]}


def _sheet_words(version: Any) -> str:
    return "\n".join([*(f"【{label}】{text}" for label, text in version.texts), version.source])


def _tree_words(version: Any) -> str:
    lines = [version.body]
    for step in version.parsed:
        lines.append(f"{step.key}. {step.text} {step.outcome_label}".rstrip())
        lines += [f"　{choice.answer} → {choice.to}" for choice in step.choices]
    return "\n".join(lines)


def _ladder_words(version: Any) -> str:
    return "\n".join([version.body, *filter(None, [version.walk_away])])


def _no_facets(request: HttpRequest, rows: Any) -> list[Chip]:
    return []


def _tree_facets(request: HttpRequest, rows: Any) -> list[Chip]:
    products = [("", _("全部商品")), *_words(rows, "product")]
    return [chip(request.GET, "product", products, before=pgettext("sentence", "商品"))]


SCRIPT_LIBRARY = Library(
    key="script",
    model=ScriptTemplate,
    corpus=SCRIPTS,
    title=pgettext_lazy("many", "话术"),
    subtitle=lazy("编写、审核、发布；在工作台输入“/”即可插入。"),
    noun=pgettext_lazy("noun", "话术"),
    icon="message-2",
    item_form=ScriptForm,
    draft_form=ScriptDraftForm,
    create=create_script,
    update=lambda item, actor, changes: update_script(script=item, actor=actor, changes=changes),
    facets=_script_facets,
    words=_script_words,
    reading=_script_reading,
    form_part="workbench/library/form_script.html",
)
ARTICLE_LIBRARY = Library(
    key="article",
    model=Article,
    corpus=ARTICLES,
    title=lazy("知识库"),
    subtitle=lazy("产品、政策与流程；过期的文章不会推荐给客服。"),
    noun=pgettext_lazy("noun", "文章"),
    icon="book",
    item_form=ArticleForm,
    draft_form=DraftForm,
    create=create_article,
    update=lambda item, actor, changes: update_article(article=item, actor=actor, changes=changes),
    facets=_article_facets,
)
SAFETY_LIBRARY = Library(
    key="safety",
    model=SafetySheet,
    corpus=None,
    title=lazy("产品安全资料"),
    subtitle=lazy("成分、过敏原、禁忌与适用人群；客户提到过敏时显示在工作台，承诺须对照它。"),
    noun=lazy("安全资料"),
    icon="shield-heart",
    item_form=SafetyForm,
    draft_form=SafetyDraftForm,
    create=create_sheet,
    update=lambda item, actor, changes: update_sheet(sheet=item, actor=actor, changes=changes),
    facets=_no_facets,
    words=_sheet_words,
    form_part="workbench/library/form_safety.html",
    text_part="workbench/library/text_safety.html",
)
TREE_LIBRARY = Library(
    key="tree",
    model=DiagnosisTree,
    corpus=None,
    title=lazy("故障诊断"),
    subtitle=lazy("一问一答找到处理办法；在工作台的售后页使用。"),
    noun=lazy("故障诊断"),
    icon="stethoscope",
    item_form=TreeForm,
    draft_form=TreeDraftForm,
    create=create_tree,
    update=lambda item, actor, changes: update_tree(tree=item, actor=actor, changes=changes),
    facets=_tree_facets,
    words=_tree_words,
    form_part="workbench/library/form_tree.html",
    text_part="workbench/library/text_tree.html",
    facts_part="workbench/library/facts_tree.html",
)
PROCEDURE_LIBRARY = Library(
    key="procedure",
    model=Procedure,
    corpus=None,
    title=lazy("流程模板"),
    subtitle=lazy("步骤、部门、时限、检查项与凭证；进行中的实例保留开始时的版本。"),
    noun=lazy("流程"),
    icon="route",
    item_form=ProcedureForm,
    draft_form=ProcedureDraftForm,
    create=create_procedure,
    update=lambda item, actor, changes: update_procedure(procedure=item, actor=actor, changes=changes),
    facets=_no_facets,
    words=words_from_steps,
    reading=lambda version: {"procedure_steps": steps_shown(version)},
    form_part="workbench/library/form_procedure.html",
    text_part="workbench/library/text_procedure.html",
)
LADDER_LIBRARY = Library(
    key="ladder",
    model=Ladder,
    corpus=None,
    title=lazy("协商阶梯"),
    subtitle=lazy("从开价到上限逐级让步；任何一级都不低于法定下限。"),
    noun=lazy("协商阶梯"),
    icon="stairs-up",
    item_form=LadderForm,
    draft_form=LadderDraftForm,
    create=create_ladder,
    update=lambda item, actor, changes: update_ladder(ladder=item, actor=actor, changes=changes),
    facets=_no_facets,
    words=_ladder_words,
    reading=lambda version: {"rungs": told(version.plan)},
    form_part="workbench/library/form_ladder.html",
    text_part="workbench/library/text_ladder.html",
)
#: The neighbours in the rows of links above the lists.
_NEIGHBOURS = ((SAFETY_LIBRARY, TREE_LIBRARY), (PROCEDURE_LIBRARY, LADDER_LIBRARY))


def neighbours_of(library: Library, user: Any) -> list[Library]:
    """The libraries of its row that the person may look at, itself among them."""
    row = next((row for row in _NEIGHBOURS if library in row), ())
    return [place for place in row if user.has_perm(place.permission("view"))]
