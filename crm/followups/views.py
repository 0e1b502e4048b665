"""The customer's side of a survey: /s/{token}/, as a page or as JSON."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from rest_framework.exceptions import APIException

from core.api.parsers import MAX_BYTES, parse_json, too_large
from core.api.throttling import PublicFormThrottle
from core.errors import DomainError, InvalidInput, RateLimited
from core.questionnaires.models import QuestionnaireVersion
from core.questionnaires.questions import Question, parse_questions
from core.questionnaires.services import find_open
from core.rate_limits import client_ip, hit
from crm.followups.services import answer_survey

_FIELDS_OF_FORMS = {"csrfmiddlewaretoken"}


# Exempt: the right to answer is the token in the address, not a session that could be borrowed.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """Show the questions, or take the one answer. Refusals say nothing about the ticket behind."""
    try:
        if request.method != "POST":
            return _show(request, find_open(token).version)
        _limit(request)
        version = find_open(token).version
        try:
            answer_survey(token=token, raw=_answers(request, version))
        except InvalidInput as error:
            if not _wants_json(request):
                return _show(request, version, error)
            raise
        return _thank(request, version)
    except DomainError as error:
        return _refuse(request, error)


def _limit(request: HttpRequest) -> None:
    wait = hit(PublicFormThrottle.limit, f"ip:{client_ip(request)}")
    if wait:
        raise RateLimited(_("操作太频繁，请稍后再试。"), retry_after=wait)


def _wants_json(request: HttpRequest) -> bool:
    if request.content_type == "application/json":
        return True
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _answers(request: HttpRequest, version: QuestionnaireVersion) -> Mapping[str, Any]:
    if request.content_type == "application/json":
        return _json_answers(request)
    several = {question.key for question in parse_questions(version.questions) if question.multiple}
    return {
        name: values if name in several else values[-1]
        for name, values in request.POST.lists()
        if name not in _FIELDS_OF_FORMS
    }


def _json_answers(request: HttpRequest) -> Mapping[str, Any]:
    raw = request.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise too_large()
    try:
        answers = parse_json(raw)
    except APIException as error:
        raise InvalidInput(_("请求内容不是有效的 JSON。"), code="parse_error") from error
    if not isinstance(answers, dict):
        raise InvalidInput(_("请提交一个 JSON 对象。"), code="parse_error")
    return answers


def _show(request: HttpRequest, version: QuestionnaireVersion, error: InvalidInput | None = None) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse(
            {
                "title": version.title,
                "introduction": version.introduction,
                "questions": version.questions,
            }
        )
    faults = error.fields if error else {}
    questions = [_with_state(request, question, faults) for question in parse_questions(version.questions)]
    context = {"version": version, "questions": questions, "error": error.message if error else ""}
    return render(request, "followups/survey.html", context, status=error.status if error else 200)


def _with_state(request: HttpRequest, question: Question, faults: Mapping[str, list[str]]) -> dict[str, Any]:
    """A question with what was typed before and what was wrong, as the template wants it."""
    return {
        "question": question,
        "chosen": request.POST.getlist(question.key),
        "text": request.POST.get(question.key, ""),
        "faults": faults.get(question.key, []),
    }


def _thank(request: HttpRequest, version: QuestionnaireVersion) -> HttpResponse:
    sentence = version.thanks or _("感谢您的评价！")
    if _wants_json(request):
        return JsonResponse({"message": sentence})
    return render(request, "followups/survey_end.html", {"title": sentence, "is_good": True})


def _refuse(request: HttpRequest, error: DomainError) -> HttpResponse:
    response: HttpResponse
    if _wants_json(request):
        body = {"code": error.code, "message": error.message, "fields": error.fields}
        response = JsonResponse(body, status=error.status)
    else:
        context = {"title": error.message, "is_good": error.code == "already_answered"}
        response = render(request, "followups/survey_end.html", context, status=error.status)
    if "retry_after" in error.extra:
        response["Retry-After"] = str(error.extra["retry_after"])
    return response
