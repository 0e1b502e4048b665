from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workbench", "0002_bulk"),
    ]

    operations = [
        migrations.AlterField(
            model_name="bulkchange",
            name="action",
            field=models.CharField(
                choices=[
                    ("assign", "分派"),
                    ("move", "转队列"),
                    ("priority", "改优先级"),
                    ("tag", "加标签"),
                    ("solve", "解决"),
                    ("snooze", "稍后处理"),
                ],
                max_length=10,
                verbose_name="操作",
            ),
        ),
    ]
