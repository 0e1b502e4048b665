"""What records of the registers may point at from here down; registered once at start-up."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.registers.registry import Target, register_target
from knowledge.models import Article
from scripts_library.models import ScriptTemplate
from tickets.models import Ticket


def _find_ticket(user: Any, word: str) -> tuple[int, str] | None:
    found = Ticket.objects.visible_to(user).named(word).values_list("pk", "number").first()
    return found and (found[0], found[1])


def _find_text(model: Any) -> Any:
    def find(user: Any, word: str) -> tuple[int, str] | None:
        found = model.objects.visible_to(user).filter(key=word).values_list("pk", "title").first()
        return found and (found[0], f"{word} {found[1]}")

    return find


def _sees(model: Any) -> Any:
    return lambda user, pk: model.objects.visible_to(user).filter(pk=pk).exists()


def _ticket_address(pk: int) -> str:
    number = Ticket.objects.filter(pk=pk).values_list("number", flat=True).first()
    return reverse("ticket_page", args=[number]) if number else ""


def _text_address(key: str) -> Callable[[int], str]:
    return lambda pk: reverse(f"{key}_detail", args=[pk])


def register_all() -> None:
    """Tickets, scripts and articles."""
    register_target(Target("ticket", _("工单"), _find_ticket, _ticket_address, _sees(Ticket)))
    for key, label, model in (("script", _("话术"), ScriptTemplate), ("article", _("文章"), Article)):
        register_target(Target(key, label, _find_text(model), _text_address(key), _sees(model)))
