"""What compensation may cost in a month, and when most of it was gone."""

import core.clock
import core.fields
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0001_initial"),
        ("insights", "0007_innovations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BudgetAlarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="月份")),
                ("percent", models.PositiveSmallIntegerField(verbose_name="比例（%）")),
                ("spent", models.DecimalField(decimal_places=2, max_digits=14, verbose_name="已用（元）")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12, verbose_name="当时的预算（元）")),
                ("at", models.DateTimeField(default=core.clock.now, editable=False, verbose_name="时间")),
                (
                    "shop",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.shop",
                        verbose_name="店铺",
                    ),
                ),
            ],
            options={
                "verbose_name": "预算提醒",
                "verbose_name_plural": "预算提醒",
                "ordering": ["-at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("month", "shop", "percent"), name="insights_budgetalarm_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CompensationBudget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="月份")),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2,
                        max_digits=12,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="预算（元）",
                    ),
                ),
                (
                    "updated_at",
                    core.fields.UpdatedAtField(default=core.clock.now, editable=False, verbose_name="更新时间"),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="设置人",
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.shop",
                        verbose_name="店铺",
                    ),
                ),
            ],
            options={
                "verbose_name": "补偿预算",
                "verbose_name_plural": "补偿预算",
                "ordering": ["-month", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("month", "shop"), name="insights_budget_once", nulls_distinct=False
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="insights_budget_positive"),
                ],
            },
        ),
    ]
