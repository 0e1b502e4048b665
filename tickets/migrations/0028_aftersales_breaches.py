"""A limit of after-sales that ran out stands among the norms that were not met, beside clocks and quality."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tickets", "0027_warranties")]

    operations = [
        migrations.AddField(
            model_name="normbreach",
            name="aftersales",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="norm_breaches",
                to="tickets.aftersales",
                verbose_name="售后单",
            ),
        ),
        migrations.AlterField(
            model_name="normbreach",
            name="kind",
            field=models.CharField(
                choices=[("time", "时效"), ("quality", "质量"), ("aftersales", "售后时限")],
                max_length=10,
                verbose_name="类型",
            ),
        ),
        migrations.RemoveConstraint(model_name="normbreach", name="norm_breach_has_clock_or_norm"),
        AddConstraintNotValid(
            model_name="normbreach",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "time"), ("sla_clock__isnull", False)),
                    models.Q(("aftersales__isnull", False), ("kind", "aftersales")),
                    ("norm__isnull", False),
                    _connector="OR",
                ),
                name="norm_breach_has_what_was_owed",
            ),
        ),
        ValidateConstraint(model_name="normbreach", name="norm_breach_has_what_was_owed"),
    ]
