"""Asking once and taking one answer."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from core import clock
from core.errors import Conflict, InvalidInput, NotFound
from core.events import record_event
from core.questionnaires.models import (
    Invitation,
    InvitationState,
    Questionnaire,
    QuestionnaireVersion,
    Response,
    new_nonce,
)
from core.questionnaires.questions import QuestionError, check_answers, parse_questions

LONGEST_TOKEN = 64
_SALT = "core.questionnaires.invitation"


@dataclass(frozen=True)
class NewInvitation:
    """Whom to ask about what. `key` is unique: the same key is never asked twice."""

    key: str
    version: QuestionnaireVersion
    subject_type: str
    subject_id: int
    expires_at: datetime
    recipient: str = ""
    created_at: datetime | None = None


# Questionnaires


@transaction.atomic
def publish_questionnaire(
    *,
    actor: AbstractBaseUser | None,
    key: str,
    name: str,
    title: str,
    questions: list[dict[str, Any]],
    introduction: str = "",
    thanks: str = "",
) -> QuestionnaireVersion:
    """Publish the next version of a questionnaire (made when new). Published versions never change."""
    try:
        parse_questions(questions)
    except QuestionError as error:
        raise InvalidInput(str(error), code="invalid_questions", fields={"questions": [str(error)]}) from error
    questionnaire, _made = Questionnaire.objects.get_or_create(key=key, defaults={"name": name})
    Questionnaire.objects.select_for_update().get(pk=questionnaire.pk)
    latest = questionnaire.versions.aggregate(latest=Max("number"))["latest"] or 0
    version = QuestionnaireVersion.objects.create(
        questionnaire=questionnaire,
        number=latest + 1,
        title=title,
        introduction=introduction,
        thanks=thanks,
        questions=questions,
        author_id=actor.pk if actor is not None else None,
        published_at=clock.now(),
    )
    record_event(
        kind="questionnaire.published",
        subject_type="questionnaire",
        subject_id=questionnaire.pk,
        actor=actor,
        payload={"key": key, "number": version.number},
    )
    return version


# Invitations


def token_of(invitation: Invitation) -> str | None:
    """The token of the invitation's link; None when the secret key has changed since it was sent."""
    token = _derive(invitation.nonce)
    return token if hmac.compare_digest(_hash(token), invitation.token_hash) else None


def _derive(nonce: str) -> str:
    digest = salted_hmac(_SALT, nonce, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def invite(made: NewInvitation) -> tuple[Invitation, bool]:
    """Ask once: the invitation and whether it is new. The same key gives the first invitation again."""
    nonce = new_nonce()
    return Invitation.objects.get_or_create(
        key=made.key,
        defaults={
            "nonce": nonce,
            "token_hash": _hash(_derive(nonce)),
            "version": made.version,
            "subject_type": made.subject_type,
            "subject_id": made.subject_id,
            "recipient": made.recipient,
            "created_at": made.created_at or clock.now(),
            "expires_at": made.expires_at,
        },
    )


def cancel_invitations(*, subject_type: str, subject_id: int) -> int:
    """Withdraw what has not been answered; returns how many. Answers stay."""
    waiting = Invitation.objects.about(subject_type, subject_id).filter(answered_at=None, cancelled_at=None)
    return waiting.update(cancelled_at=clock.now())


def find_open(token: str) -> Invitation:
    """The invitation of a link that can be answered now; else a polite refusal that tells nothing about it."""
    invitation = None
    if 0 < len(token) <= LONGEST_TOKEN:
        invitation = Invitation.objects.select_related("version").filter(token_hash=_hash(token)).first()
    if invitation is None:
        raise NotFound(_("这个链接无效，请检查是否完整。"), code="survey_unknown")
    refuse_unless_open(invitation)
    return invitation


def refuse_unless_open(invitation: Invitation) -> None:
    sentences = {
        InvitationState.ANSWERED: ("already_answered", _("您已经评价过了，谢谢！")),
        InvitationState.CANCELLED: ("survey_cancelled", _("这次评价已取消，感谢您的关注。")),
        InvitationState.EXPIRED: ("survey_expired", _("评价链接已过期，感谢您的关注。")),
    }
    refusal = sentences.get(invitation.state)
    if refusal:
        raise Conflict(refusal[1], code=refusal[0])


@transaction.atomic
def answer(*, token: str, raw: Mapping[str, Any]) -> Response:
    """Store the one answer to a link. Of two answers at the same moment one wins, the other is refused."""
    invitation = find_open(token)
    answers = check_answers(parse_questions(invitation.version.questions), raw)
    if answers.faults:
        raise InvalidInput(_("回答不完整或不正确，请检查。"), code="invalid_answers", fields=answers.faults)
    moment = clock.now()
    taken = Invitation.objects.open(moment).filter(pk=invitation.pk).update(answered_at=moment)
    if not taken:
        invitation.refresh_from_db()
        refuse_unless_open(invitation)
    return Response.objects.create(
        invitation=invitation,
        answers=answers.values,
        texts=json.dumps(answers.texts, ensure_ascii=False) if answers.texts else "",
        score=answers.score,
        created_at=moment,
    )
