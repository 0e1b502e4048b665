"""Tables of the tests themselves: small models that use the mechanisms of `core`."""

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from core.privacy import BlindIndexField, EncryptedRow, EncryptedTextField


class SampleGroup(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "samples"

    def __str__(self) -> str:
        return self.name


class SampleQuerySet(models.QuerySet["Sample"]):
    def visible_to(self, user: object) -> "SampleQuerySet":
        return self.exclude(title="hidden")


class Sample(EncryptedRow):
    title = models.CharField(max_length=200, blank=True, null=True)
    kind = models.CharField(max_length=20, default="a")
    amount = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    share = models.FloatField(null=True)
    size = models.IntegerField(null=True)
    is_big = models.BooleanField(null=True)
    due_at = models.DateTimeField(null=True)
    labels = ArrayField(models.CharField(max_length=20), default=list)
    group = models.ForeignKey(SampleGroup, null=True, on_delete=models.CASCADE)
    code = models.CharField(max_length=20, unique=True, null=True)
    phone = EncryptedTextField(blank=True, default="")
    phone_index = BlindIndexField(source="phone", db_index=True)
    note = EncryptedTextField(null=True, blank=True)

    objects = SampleQuerySet.as_manager()

    class Meta:
        app_label = "samples"

    def __str__(self) -> str:
        return self.title or ""


class SampleUse(models.Model):
    sample = models.ForeignKey(Sample, on_delete=models.CASCADE)
    label = models.CharField(max_length=20)

    class Meta:
        app_label = "samples"

    def __str__(self) -> str:
        return self.label


SAMPLE_MODELS = (SampleGroup, Sample, SampleUse)


@pytest.fixture
def sample_tables(db: None) -> None:
    """The tables, for one test; they go with its transaction."""
    with connection.schema_editor() as editor:
        for model in SAMPLE_MODELS:
            editor.create_model(model)
