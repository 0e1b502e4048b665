"""The report of live chat, as a page and over the API."""

from typing import cast

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import InvalidInput
from crm.insights.chat import SOLVE_TARGET, chat_report
from crm.insights.questions import Question, queues_of, today
from crm.staff.models import User
from tickets.choices import ChannelKind
from tickets.models import Channel

REPORTS = "insights.view_report"


@login_required
@require_GET
@permission_required(REPORTS, raise_exception=True)
def report_chat(request: HttpRequest) -> HttpResponse:
    """Acknowledgements, first answers, the bot's share, what articles solved, and those that solve too little."""
    user = cast(User, request.user)
    question = Question.of(request.GET, user)
    context = {
        "question": question,
        "report": chat_report(user, question),
        "target": round(SOLVE_TARGET * 100),
        "today": today(),
        "queues": queues_of(user).order_by("position", "id"),
        "channels": Channel.objects.filter(kind=ChannelKind.CHAT).defer("secret").order_by("id"),
    }
    return render(request, "insights/chat.html", context)


class ShareSerializer(serializers.Serializer):
    hits = serializers.IntegerField()
    n = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)


class FaqLineSerializer(serializers.Serializer):
    article = serializers.IntegerField(source="article_id")
    title = serializers.CharField()
    hits = serializers.IntegerField()
    solved = ShareSerializer()
    is_under_target = serializers.BooleanField()


class SatisfactionSerializer(serializers.Serializer):
    satisfied = ShareSerializer()
    score = serializers.FloatField(allow_null=True)


class ChatReportSerializer(serializers.Serializer):
    chats = serializers.IntegerField()
    acknowledged = ShareSerializer(help_text=_("5 秒内自动应答"))
    first_response = ShareSerializer(help_text=_("180 秒内人工首响"))
    first_response_mean = serializers.FloatField(allow_null=True)
    first_response_median = serializers.FloatField(allow_null=True)
    by_bot = ShareSerializer()
    handed_over = ShareSerializer()
    bot = SatisfactionSerializer()
    people = SatisfactionSerializer()
    faq = FaqLineSerializer(many=True)


class ChatReportView(APIView):
    """在线接待报表：自动应答、人工首响、机器人占比与转人工率、满意度、各文章的解决率。"""

    required_permissions = {"get": REPORTS}

    @extend_schema(
        responses=ChatReportSerializer,
        parameters=[OpenApiParameter(name, str) for name in ("from", "to", "queue", "channel")],
    )
    def get(self, request: Request) -> Response:
        user = cast(User, request.user)
        question = Question.of(request.query_params, user)
        if question.fault:
            raise InvalidInput(question.fault, fields={"from": [question.fault]})
        return Response(ChatReportSerializer(chat_report(user, question)).data)
