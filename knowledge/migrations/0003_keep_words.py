"""The words of a version that left draft never change (see core.0003)."""

from django.db import migrations

KEEP = """
CREATE TRIGGER articleversion_words BEFORE UPDATE ON knowledge_articleversion
    FOR EACH ROW EXECUTE FUNCTION core_keep_version_words();
"""


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0002_links"), ("core", "0003_append_only")]

    operations = [migrations.RunSQL(KEEP, "DROP TRIGGER IF EXISTS articleversion_words ON knowledge_articleversion;")]
