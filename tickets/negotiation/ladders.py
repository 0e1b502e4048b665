"""Ladders: writing them, and the one that holds for a complaint. The verbs of versions are core.versions'."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict
from core.events import record_event
from core.versions import services as versions
from core.versions.choices import Origin, VersionStatus
from core.wording import parts
from tickets.models import Ladder, LadderVersion
from tickets.negotiation import rungs

#: What every shop starts with: well below the calculated sum, half way further, then all of it and a little more.
BUILT_IN: list[dict[str, Any]] = [
    {"share": "0.4", "extra": "0", "words": "非常抱歉给您带来不便，我们先为您申请这个方案，您看可以吗？"},
    {"share": "0.7", "extra": "0", "words": "我理解您的感受，已为您争取到更高的补偿。"},
    {"share": "1", "extra": "0.05", "words": "这是我权限内能给到的最高方案，今天就为您办理。"},
]
GENERAL = "general"
WALK_AWAY = "客户要求超过上限且无新证据时停止加价：说明法定部分照付，告知可向平台或 12315 反映，转主管跟进。"


def create_ladder(*, actor: Any, key: str, title: str, category: str = "", **columns: Any) -> Ladder:
    """A new ladder without rungs; add them with `draft`."""
    _refuse_taken(category, None)
    made: Ladder = versions.create_item(
        model=Ladder, actor=actor, scope={}, key=key, title=title, category=category, **columns
    )
    return made


def update_ladder(*, ladder: Ladder, actor: Any, changes: Mapping[str, Any]) -> Ladder:
    """Change title, category or owner of the identity."""
    if "category" in changes:
        _refuse_taken(changes["category"], ladder.pk)
    changed: Ladder = versions.update_item(item=ladder, actor=actor, changes=changes)
    return changed


def _refuse_taken(category: str, but: int | None) -> None:
    if Ladder.objects.filter(category=category).exclude(pk=but or 0).exists():
        sentence = _("这个分类已有协商阶梯。")
        raise Conflict(sentence, code="duplicate", fields={"category": [sentence]})


def words_of(raw: Any) -> str:
    """The rungs in words, which the history compares; a dash when they are wrong (the check names the fault)."""
    try:
        found = rungs.read_rungs(raw)
    except rungs.RungFault:
        return "—"
    return "\n".join(parts(filter(None, [f"{name}：{offer}", words])) for name, offer, words in told(found))


def told(found: Sequence[rungs.Rung]) -> list[tuple[str, str, str]]:
    """Of every rung its name, its sum and what to say."""
    last = len(found)
    return [(*_named(rung, number, last), rung.words) for number, rung in enumerate(found, start=1)]


def _named(rung: rungs.Rung, number: int, last: int) -> tuple[str, str]:
    name = _("开价") if number == 1 else _("上限") if number == last else _("第 %(n)d 级") % {"n": number}
    sum_ = _("下限到应付合计的 %(share)s%%") % {"share": rungs.percent(rung.share)}
    if rung.extra:
        sum_ += _("，另加实付的 %(extra)s%%") % {"extra": rungs.percent(rung.extra)}
    return name, sum_


def draft(*, ladder: Ladder, actor: Any, rungs: Any, walk_away: str = "", **columns: Any) -> LadderVersion:
    """The next version as a draft. Raises InvalidInput that names the rung at fault."""
    made: Any = versions.draft_version(
        item=ladder, actor=actor, body=words_of(rungs), rungs=rungs, walk_away=walk_away, **columns
    )
    return made  # type: ignore[no-any-return]


def edit(*, version: LadderVersion, actor: Any, changes: Mapping[str, Any]) -> LadderVersion:
    """Change a draft; its words follow its rungs."""
    more = {"body": words_of(changes["rungs"])} if "rungs" in changes else {}
    changed: Any = versions.edit_draft(version=version, actor=actor, changes={**changes, **more})
    return changed  # type: ignore[no-any-return]


def ladder_for(category: str) -> LadderVersion:
    """The live version of the category's ladder, else of the general one, which exists from the start."""
    found = _usable(category)
    if found is None and not Ladder.objects.filter(category="").exists():
        _install()
        found = _usable(category)
    if found is None:
        raise Conflict(_("没有可用的协商阶梯，请先发布一个。"), code="no_ladder")
    version: LadderVersion = found.live_version
    return version


def _usable(category: str) -> Any:
    rows: Any = Ladder.objects.filter(category__in=["", category]).live()  # type: ignore[attr-defined]
    return rows.select_related("live_version__item").order_by("-category").first()


@transaction.atomic
def _install() -> None:
    """The built-in ladder, published once; from then on it is the shop's own to change."""
    key = GENERAL if not Ladder.objects.filter(key=GENERAL).exists() else f"{GENERAL}-built-in"
    ladder, is_new = Ladder.objects.get_or_create(category="", defaults={"key": key, "title": "通用协商阶梯"})
    if not is_new:
        return
    version = LadderVersion(
        item=ladder,
        number=1,
        title=ladder.title,
        body=words_of(BUILT_IN),
        rungs=BUILT_IN,
        walk_away=WALK_AWAY,
        status=VersionStatus.PUBLISHED,
        origin=Origin.IMPORTED,
        published_at=clock.now(),
    )
    versions.check_words(version)
    version.save()
    versions.set_live(version)
    record_event(
        kind="ladder.installed", subject_type="ladder", subject_id=ladder.pk, actor=None, payload={"key": ladder.key}
    )
