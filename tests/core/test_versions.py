"""Draft → in review → approved → published → retired, for scripts and articles alike."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from core.errors import Conflict, InvalidInput, NotAllowed
from core.events import Event
from core.versions import services
from core.versions.choices import MOVES, VersionStatus
from core.versions.diff import Piece, diff_texts
from core.versions.models import PublishedTextChanged
from crm.staff.models import User
from knowledge.services import create_article
from scripts_library.models import ScriptTemplate, ScriptVersion
from scripts_library.services import create_script
from tests.scripts_library.factories import published

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture(params=["script", "article"])
def item(request: pytest.FixtureRequest, lead: User) -> Any:
    make = create_script if request.param == "script" else create_article
    return make(actor=lead, key="K-1", title="退款到账时间")


@pytest.fixture
def draft(item: Any, lead: User) -> Any:
    return services.draft_version(item=item, actor=lead, body="退款将原路退回。", note="首版")


def test_a_draft_is_numbered_and_belongs_to_its_author(item: Any, draft: Any, lead: User) -> None:
    second = services.draft_version(item=item, actor=lead, body="第二稿")
    assert (draft.number, second.number) == (1, 2)
    assert draft.status == VersionStatus.DRAFT
    assert draft.author == lead
    assert draft.title == "退款到账时间"


@pytest.mark.capability("G22")
def test_author_reviewer_and_publisher_bring_a_version_live(
    item: Any, draft: Any, lead: User, supervisor: User, admin: User
) -> None:
    services.submit(version=draft, actor=lead)
    services.approve(version=draft, actor=supervisor)
    item.refresh_from_db()
    assert draft.status == VersionStatus.APPROVED
    assert item.live_version_id is None
    services.publish(version=draft, actor=admin)
    item.refresh_from_db()
    draft.refresh_from_db()
    assert item.live_version_id == draft.pk
    assert (draft.submitter, draft.reviewer, draft.publisher) == (lead, supervisor, admin)


@pytest.mark.capability("G22")
@pytest.mark.parametrize("role", ["lead", "admin"])
def test_an_author_never_approves_their_own_version(role: str, request: pytest.FixtureRequest, admin: User) -> None:
    author = request.getfixturevalue(role)
    script = create_script(actor=author, key="K-2", title="标题")
    version = services.draft_version(item=script, actor=author, body="正文")
    services.submit(version=version, actor=author)
    with pytest.raises(NotAllowed) as refused:
        services.approve(version=version, actor=author)
    assert refused.value.code == "own_version"
    version.refresh_from_db()
    assert version.status == VersionStatus.IN_REVIEW


@pytest.mark.capability("B08")
@pytest.mark.parametrize("verbs", [[], ["submit"]])
def test_publishing_without_review_is_refused(verbs: list[str], draft: Any, lead: User, admin: User) -> None:
    for verb in verbs:
        getattr(services, verb)(version=draft, actor=lead)
    with pytest.raises(Conflict) as refused:
        services.publish(version=draft, actor=admin)
    assert refused.value.code == "illegal_move"
    assert refused.value.extra["allowed"] == (["approve", "reject"] if verbs else ["submit"])


def test_every_verb_starts_only_where_the_table_lets_it(item: Any, draft: Any, lead: User, admin: User) -> None:
    reached = {VersionStatus.DRAFT: []}
    reached[VersionStatus.IN_REVIEW] = ["submit"]
    reached[VersionStatus.REJECTED] = ["submit", "reject"]
    reached[VersionStatus.APPROVED] = ["submit", "approve"]
    reached[VersionStatus.PUBLISHED] = ["submit", "approve", "publish"]
    reached[VersionStatus.RETIRED] = ["submit", "approve", "publish", "retire"]
    for status, path in reached.items():
        for move in MOVES.values():
            version = services.draft_version(item=item, actor=lead, body=f"{status} {move.verb}")
            for verb in path:
                _do(verb, version, admin)
            assert version.status == status
            if status in move.sources:
                _do(move.verb, version, admin)
                assert version.status == move.target
            else:
                with pytest.raises(Conflict):
                    _do(move.verb, version, admin)


def _do(verb: str, version: Any, actor: User) -> None:
    reason = {"reason": "不准确"} if verb == "reject" else {}
    getattr(services, verb)(version=version, actor=actor, **reason)


def test_rejecting_needs_a_reason_and_keeps_it(draft: Any, lead: User, admin: User) -> None:
    services.submit(version=draft, actor=lead)
    with pytest.raises(InvalidInput):
        services.reject(version=draft, actor=admin, reason="  ")
    services.reject(version=draft, actor=admin, reason="时效写错了")
    draft.refresh_from_db()
    assert (draft.status, draft.reject_reason) == (VersionStatus.REJECTED, "时效写错了")


@pytest.mark.capability("G22")
def test_a_new_version_retires_the_former_which_stays_readable(
    item: Any, draft: Any, lead: User, admin: User, agent: User
) -> None:
    published(draft, admin)
    second = published(services.draft_version(item=item, actor=lead, body="改为三个工作日。"), admin)
    item.refresh_from_db()
    draft.refresh_from_db()
    assert item.live_version_id == second.pk
    assert (draft.status, draft.retirer) == (VersionStatus.RETIRED, admin)
    readable = type(draft).objects.filter(item=item).visible_to(agent)
    assert set(readable) == {draft, second}


def test_retiring_the_live_version_leaves_the_item_without_one(item: Any, draft: Any, admin: User) -> None:
    published(draft, admin)
    services.retire(version=draft, actor=admin)
    item.refresh_from_db()
    assert item.live_version_id is None
    assert item.search is None


def test_drafts_are_seen_by_their_author_and_by_curators_only(
    item: Any, draft: Any, agent: User, supervisor: User, auditor: User
) -> None:
    versions = type(draft).objects.all()
    assert list(versions.visible_to(agent)) == []
    assert list(versions.visible_to(supervisor)) == [draft]
    assert list(versions.visible_to(auditor)) == [draft]
    assert list(type(item).objects.visible_to(agent)) == []


def test_agents_may_neither_write_nor_review(item: Any, draft: Any, lead: User, agent: User, auditor: User) -> None:
    for person in (agent, auditor):
        with pytest.raises(NotAllowed):
            services.draft_version(item=item, actor=person, body="x")
    services.submit(version=draft, actor=lead)
    with pytest.raises(NotAllowed):
        services.approve(version=draft, actor=agent)


def test_only_the_author_edits_a_draft_and_only_a_draft(draft: Any, lead: User, admin: User) -> None:
    with pytest.raises(NotAllowed) as refused:
        services.edit_draft(version=draft, actor=admin, changes={"body": "别人改的"})
    assert refused.value.code == "not_the_author"
    services.edit_draft(version=draft, actor=lead, changes={"body": "作者改的"})
    services.submit(version=draft, actor=lead)
    with pytest.raises(Conflict):
        services.edit_draft(version=draft, actor=lead, changes={"body": "晚了"})


def test_the_model_refuses_to_change_words_past_draft(draft: Any, lead: User) -> None:
    services.submit(version=draft, actor=lead)
    stored = type(draft).objects.get(pk=draft.pk)
    stored.body = "偷偷改"
    with pytest.raises(PublishedTextChanged):
        stored.save()
    with pytest.raises(PublishedTextChanged):
        type(draft).objects.filter(pk=draft.pk).update(body="偷偷改")
    stored.refresh_from_db()
    assert stored.body == "退款将原路退回。"


def test_every_verb_writes_an_event(item: Any, draft: Any, lead: User, admin: User) -> None:
    published(draft, admin)
    subject = item.event_subject
    events = Event.objects.filter(subject_type=subject, subject_id=item.pk).order_by("id")
    kinds = [event.kind for event in events]
    assert kinds == [f"{subject}.{word}" for word in ("created", "drafted", "submitted", "approved", "published")]
    last = events[len(kinds) - 1]
    assert last.actor_id == admin.pk
    assert last.payload == {"version": 1, "version_id": draft.pk, "from": "approved", "to": "published"}


def test_an_expired_version_is_not_published(item: Any, lead: User, admin: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        version = services.draft_version(item=item, actor=lead, body="双十一", valid_until=NOON)
        services.submit(version=version, actor=lead)
        services.approve(version=version, actor=admin)
        clock.move_to(NOON + timedelta(seconds=1))
        with pytest.raises(Conflict) as refused:
            services.publish(version=version, actor=admin)
    assert refused.value.code == "expired"


def test_a_version_that_is_not_valid_yet_does_not_replace_a_valid_one(
    item: Any, draft: Any, lead: User, admin: User
) -> None:
    published(draft, admin)
    later = services.draft_version(
        item=item, actor=lead, body="下月规则", valid_from=datetime.now(UTC) + timedelta(days=30)
    )
    services.submit(version=later, actor=lead)
    services.approve(version=later, actor=admin)
    with pytest.raises(Conflict) as refused:
        services.publish(version=later, actor=admin)
    assert refused.value.code == "not_yet_valid"


def test_texts_that_cannot_be_are_refused_by_field(item: Any, lead: User) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.draft_version(
            item=item, actor=lead, body=" ", valid_from=NOON, valid_until=NOON - timedelta(seconds=1)
        )
    assert set(refused.value.fields) == {"body", "valid_until"}
    with pytest.raises(InvalidInput):
        services.draft_version(item=item, actor=lead, body="字" * 20_001)


def test_a_key_is_taken_once(lead: User) -> None:
    create_script(actor=lead, key="K-9", title="甲")
    with pytest.raises(InvalidInput) as refused:
        create_script(actor=lead, key="K-9", title="乙")
    assert refused.value.fields.keys() == {"key"}
    create_article(actor=lead, key="K-9", title="甲", collection="一")
    create_article(actor=lead, key="K-9", title="甲", collection="二")


def test_diff_spells_both_texts() -> None:
    old, new = "您好\n三个工作日退款。\n谢谢", "您好\n五个工作日内退款。\n谢谢"
    pieces = diff_texts(old, new)
    assert "".join(piece.text for piece in pieces if piece.operation != "added") == old
    assert "".join(piece.text for piece in pieces if piece.operation != "removed") == new
    assert Piece("removed", "三") in pieces
    assert diff_texts("", "新") == [Piece("added", "新")]


def test_a_version_belongs_to_the_model_of_its_item() -> None:
    assert services.version_model(ScriptTemplate) is ScriptVersion
