from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0021_task_notices"),
    ]

    operations = [
        migrations.AddField(
            model_name="channel",
            name="receiving_error",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=300, verbose_name="收信错误"
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="receiving_failing_since",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="收信失败始于"),
        ),
        migrations.AddField(
            model_name="channel",
            name="sending_error",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=300, verbose_name="发送错误"
            ),
        ),
        migrations.AddField(
            model_name="channel",
            name="sending_failing_since",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="发送失败始于"),
        ),
    ]
