"""An improvement may be measured by one share of the after-sales report."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0008_budgets"),
    ]

    operations = [
        migrations.AddField(
            model_name="improvement",
            name="finding",
            field=models.JSONField(blank=True, editable=False, null=True, verbose_name="售后评价的发现"),
        ),
    ]
