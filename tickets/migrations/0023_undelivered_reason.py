from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0022_channel_health"),
    ]

    operations = [
        migrations.AddField(
            model_name="ticketmessage",
            name="undelivered_reason",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=300, verbose_name="未送达原因"
            ),
        ),
    ]
