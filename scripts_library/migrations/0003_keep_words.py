"""The words of a version that left draft never change (see core.0003)."""

from django.db import migrations

KEEP = """
CREATE TRIGGER scriptversion_words BEFORE UPDATE ON scripts_library_scriptversion
    FOR EACH ROW EXECUTE FUNCTION core_keep_version_words();
"""


class Migration(migrations.Migration):
    dependencies = [("scripts_library", "0002_links"), ("core", "0003_append_only")]

    operations = [
        migrations.RunSQL(KEEP, "DROP TRIGGER IF EXISTS scriptversion_words ON scripts_library_scriptversion;")
    ]
