"""Columns and counts behind ranked search."""

from typing import ClassVar

from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock


class TermCount(models.Model):
    """In how many rows of a set a word occurs; the word "" holds the number of rows and their length in words."""

    corpus = models.CharField(max_length=40)
    collection = models.CharField(max_length=100, default="", blank=True)
    term = models.CharField(max_length=200, blank=True)
    row_count = models.PositiveIntegerField()
    word_count = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("词频")
        verbose_name_plural = pgettext_lazy("many", "词频")
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["corpus", "term", "collection"], name="termcount_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.corpus} {self.term} {self.row_count}"


class TermProfile(models.Model):
    """How strongly a word speaks for an item, learned from its text and the messages it answered."""

    corpus = models.CharField(max_length=40)
    collection = models.CharField(max_length=100, default="", blank=True)
    target_id = models.BigIntegerField()
    term = models.CharField(max_length=200)
    weight = models.FloatField()

    class Meta:
        verbose_name = _("词权重")
        verbose_name_plural = pgettext_lazy("many", "词权重")
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["corpus", "term", "collection"], name="termprofile_term")]

    def __str__(self) -> str:
        return f"{self.corpus} {self.target_id} {self.term} {self.weight:.3f}"


class SearchableRow(models.Model):
    """Search columns, written only by services from the words people may find."""

    search = SearchVectorField(null=True, editable=False)
    search_length = models.PositiveIntegerField(default=0, editable=False)
    initials = models.TextField(blank=True, default="", editable=False)

    class Meta:
        abstract = True


class ExampleSource(models.TextChoices):
    TRAINED = "trained", _("训练文件")
    SENT = "sent", _("实际回复")


class Example(models.Model):
    """A past message and the text that answered it. Only masked tokens are kept, never the message."""

    digest = models.CharField(max_length=64, editable=False)
    search = SearchVectorField(editable=False)
    search_length = models.PositiveIntegerField(editable=False)
    source = models.CharField(_("来源"), max_length=16, choices=ExampleSource)
    learned_at = models.DateTimeField(_("学习时间"), default=clock.now)

    class Meta:
        abstract = True
