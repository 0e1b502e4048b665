"""What was said and decided in a room is kept as it was written, whoever asks the database."""

from django.db import migrations

KEEP = """
CREATE OR REPLACE TRIGGER tickets_roomentry_kept BEFORE UPDATE OR DELETE ON tickets_roomentry
    FOR EACH ROW EXECUTE FUNCTION tickets_evidence_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0034_rooms"), ("tickets", "0025_evidence_kept")]
    operations = [
        migrations.RunSQL(KEEP, "DROP TRIGGER IF EXISTS tickets_roomentry_kept ON tickets_roomentry;"),
    ]
