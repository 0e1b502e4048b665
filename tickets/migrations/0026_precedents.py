"""A compensation knows the category and the price it was granted for, so that similar ones are found by an index."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# One statement: the rows are kept unchangeable by a trigger, which rests for this fill alone.
FILL = """
DO $$ BEGIN
ALTER TABLE tickets_compensation DISABLE TRIGGER tickets_compensation_kept;
UPDATE tickets_compensation c SET category = t.category,
    price = CASE WHEN c.inputs->>'P' ~ '^[0-9]{1,9}([.][0-9]{1,2})?$' AND (c.inputs->>'P')::numeric > 0
                 THEN (c.inputs->>'P')::numeric END
FROM tickets_ticket t WHERE t.id = c.ticket_id AND c.category = '';
ALTER TABLE tickets_compensation ENABLE TRIGGER tickets_compensation_kept;
END $$
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tickets", "0025_evidence_kept")]

    operations = [
        migrations.AddField(
            model_name="compensation",
            name="category",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=100, verbose_name="分类"
            ),
        ),
        migrations.AddField(
            model_name="compensation",
            name="price",
            field=models.DecimalField(
                blank=True, decimal_places=2, editable=False, max_digits=12, null=True, verbose_name="实付价款"
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="compensation",
            index=models.Index(fields=["category", "-id"], name="tickets_compensation_category"),
        ),
    ]
