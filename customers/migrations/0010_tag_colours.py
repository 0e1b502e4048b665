"""Labels have one of six colours; one of another name becomes blue."""

from django.db import migrations, models

KNOWN = (
    "UPDATE customers_tag SET colour = 'blue' WHERE colour NOT IN ('grey', 'blue', 'green', 'amber', 'red', 'violet')"
)


class Migration(migrations.Migration):
    dependencies = [("customers", "0009_bounced_outreach")]

    operations = [
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="tag",
            name="colour",
            field=models.CharField(
                choices=[
                    ("grey", "灰"),
                    ("blue", "蓝"),
                    ("green", "绿"),
                    ("amber", "橙"),
                    ("red", "红"),
                    ("violet", "紫"),
                ],
                default="blue",
                max_length=20,
                verbose_name="颜色",
            ),
        ),
    ]
