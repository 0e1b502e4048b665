from django.db import migrations, models

#: What is known of the last ninety days; the newest hour is in the events that are still to be read.
FILL = """
INSERT INTO insights_triageday (day, suggested, chosen, value)
SELECT (created_at AT TIME ZONE 'Asia/Shanghai')::date, suggested_category, category, count(*)
FROM tickets_ticket
WHERE created_at >= now() - interval '91 days' AND merged_into_id IS NULL
  AND suggested_category <> '' AND category <> ''
GROUP BY 1, 2, 3
"""


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0003_channel_tolerances"),
        ("tickets", "0017_handover_taken"),
    ]

    operations = [
        migrations.CreateModel(
            name="TriageDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="日期")),
                ("suggested", models.CharField(max_length=100, verbose_name="建议分类")),
                ("chosen", models.CharField(max_length=100, verbose_name="最终分类")),
                ("value", models.BigIntegerField(verbose_name="数值")),
            ],
            options={
                "verbose_name": "每日分类对照",
                "verbose_name_plural": "每日分类对照",
                "ordering": ["day", "suggested", "chosen"],
                "constraints": [
                    models.UniqueConstraint(fields=("day", "suggested", "chosen"), name="insights_triageday_once")
                ],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
