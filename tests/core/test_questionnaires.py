"""Invitations that work once, answers that are checked, words that are encrypted."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import override_settings

from core import clock
from core.errors import Conflict, DomainError, InvalidInput, NotFound
from core.questionnaires.models import Invitation, QuestionnaireVersion, Response
from core.questionnaires.questions import QuestionError, check_answers, parse_questions
from core.questionnaires.services import (
    NewInvitation,
    answer,
    cancel_invitations,
    find_open,
    invite,
    publish_questionnaire,
    token_of,
)

pytestmark = [pytest.mark.capability("B13")]

QUESTIONS: list[dict[str, Any]] = [
    {"key": "score", "kind": "score", "label": "满意吗", "required": True, "minimum": 1, "maximum": 5},
    {
        "key": "reasons",
        "kind": "choice",
        "label": "原因",
        "multiple": True,
        "choices": [{"key": "slow", "label": "太慢"}, {"key": "rude", "label": "态度"}],
    },
    {"key": "comment", "kind": "text", "label": "留言", "max_length": 20},
]


def make_version() -> QuestionnaireVersion:
    return publish_questionnaire(actor=None, key="demo", name="示例", title="评价", questions=QUESTIONS)


def make_invitation(key: str = "k1", days: int = 7) -> tuple[Invitation, str]:
    invitation, _new = invite(
        NewInvitation(
            key=key,
            version=make_version(),
            subject_type="thing",
            subject_id=1,
            expires_at=clock.now() + timedelta(days=days),
        )
    )
    token = token_of(invitation)
    assert token is not None
    return invitation, token


@pytest.mark.django_db
def test_an_invitation_is_answered_once() -> None:
    invitation, token = make_invitation()
    response = answer(token=token, raw={"score": 4, "reasons": ["slow"], "comment": "谢谢"})
    assert (response.score, response.comment, response.answers) == (4, "谢谢", {"score": 4, "reasons": ["slow"]})
    invitation.refresh_from_db()
    assert invitation.state == "answered"
    with pytest.raises(Conflict, match="已经评价过") as caught:
        answer(token=token, raw={"score": 5})
    assert caught.value.code == "already_answered"
    assert Response.objects.count() == 1


@pytest.mark.django_db
def test_the_same_key_is_asked_once() -> None:
    first, _token = make_invitation("same")
    second, _token = make_invitation("same")
    assert first.pk == second.pk


@pytest.mark.django_db
def test_the_database_holds_no_token_and_no_written_words() -> None:
    _invitation, token = make_invitation()
    answer(token=token, raw={"score": 1, "comment": "打 13800138000"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT i::text, encode(r.texts, 'escape') FROM core_invitation i, core_response r")
        row = cursor.fetchone()
    assert token not in row[0]
    assert "13800138000" not in row[1]


@pytest.mark.django_db
def test_the_link_can_be_shown_again_until_the_secret_changes() -> None:
    invitation, token = make_invitation()
    assert token_of(Invitation.objects.get(pk=invitation.pk)) == token
    with override_settings(SECRET_KEY="another-secret-key-of-many-characters"):
        assert token_of(invitation) is None
        assert find_open(token).pk == invitation.pk


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", "x", "A" * 32, "A" * 5000, "token\x00", "\ud800", "中文"])
def test_forged_tokens_are_unknown(token: str) -> None:
    make_invitation()
    with pytest.raises(NotFound, match="链接无效") as caught:
        answer(token=token, raw={"score": 5})
    assert caught.value.status == 404


@pytest.mark.django_db
def test_expiry_to_the_second() -> None:
    invitation, token = make_invitation()
    with clock.at(invitation.expires_at - timedelta(seconds=1)):
        assert find_open(token)
    with clock.at(invitation.expires_at), pytest.raises(Conflict, match="已过期"):
        answer(token=token, raw={"score": 5})


@pytest.mark.django_db
def test_a_cancelled_invitation_is_refused_politely() -> None:
    _invitation, token = make_invitation()
    assert cancel_invitations(subject_type="thing", subject_id=1) == 1
    with pytest.raises(Conflict, match="已取消"):
        answer(token=token, raw={"score": 5})
    assert cancel_invitations(subject_type="thing", subject_id=1) == 0


@pytest.mark.django_db
def test_an_answer_is_not_withdrawn() -> None:
    _invitation, token = make_invitation()
    answer(token=token, raw={"score": 5})
    assert cancel_invitations(subject_type="thing", subject_id=1) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"score": 0}, "score"),
        ({"score": 6}, "score"),
        ({"score": -1}, "score"),
        ({"score": 4.5}, "score"),
        ({"score": True}, "score"),
        ({"score": "好"}, "score"),
        ({"score": "99999999999999999999"}, "score"),
        ({"score": [5]}, "score"),
        ({}, "score"),
        ({"score": None}, "score"),
        ({"score": 5, "reasons": ["fast"]}, "reasons"),
        ({"score": 5, "reasons": [1]}, "reasons"),
        ({"score": 5, "comment": "长" * 21}, "comment"),
        ({"score": 5, "comment": 7}, "comment"),
        ({"score": 5, "comment": "a\x00b"}, "comment"),
        ({"score": 5, "ticket": 1}, "ticket"),
    ],
)
def test_wrong_answers_are_refused_by_question_and_can_be_mended(raw: dict, field: str) -> None:
    _invitation, token = make_invitation()
    with pytest.raises(InvalidInput) as caught:
        answer(token=token, raw=raw)
    assert list(caught.value.fields) == [field]
    assert answer(token=token, raw={"score": "3"}).score == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_wins() -> None:
    _invitation, token = make_invitation()
    barrier = threading.Barrier(4)
    outcomes: list[str] = []

    def send(score: int) -> None:
        barrier.wait()
        try:
            answer(token=token, raw={"score": score})
            outcomes.append("taken")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(score,)) for score in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already_answered"] * 3 + ["taken"]
    assert Response.objects.count() == 1


@pytest.mark.django_db
def test_versions_count_up_and_old_invitations_keep_theirs() -> None:
    invitation, token = make_invitation()
    newer = publish_questionnaire(
        actor=None,
        key="demo",
        name="示例",
        title="新",
        questions=[{"key": "score", "kind": "score", "label": "推荐吗", "minimum": 0, "maximum": 10}],
    )
    assert newer.number == invitation.version.number + 1
    assert newer.questionnaire.live_version() == newer
    with pytest.raises(InvalidInput):
        answer(token=token, raw={"score": 9})


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        [{"key": "a", "kind": "slider", "label": "x"}],
        [{"key": "A b", "kind": "text", "label": "x"}],
        [{"key": "a", "kind": "text", "label": ""}],
        [{"key": "a", "kind": "text", "label": "x", "colour": "red"}],
        [{"key": "a", "kind": "score", "label": "x", "minimum": 5, "maximum": 1}],
        [{"key": "a", "kind": "choice", "label": "x", "choices": []}],
        [{"key": "a", "kind": "choice", "label": "x", "choices": [{"key": "b", "label": "c"}] * 2}],
        [{"key": "a", "kind": "text", "label": "x"}, {"key": "a", "kind": "text", "label": "y"}],
        [{"key": "a", "kind": "text", "label": "x", "max_length": 10**6}],
    ],
)
def test_malformed_questions_are_refused(raw: Any) -> None:
    with pytest.raises(QuestionError):
        parse_questions(raw)


def test_choices_by_key_or_label_and_own_words_where_open() -> None:
    questions = parse_questions([{**QUESTIONS[1], "open": True}])
    answers = check_answers(questions, {"reasons": ["态度", "slow", "等了三天"]})
    assert answers.values == {"reasons": ["slow", "rude"]}
    assert answers.texts == {"reasons_other": "等了三天"}
    assert not answers.faults
