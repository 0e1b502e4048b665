"""History cannot be changed, and published words cannot be edited, whoever asks the database."""

from django.db import migrations

EVENTS = """
CREATE OR REPLACE FUNCTION core_event_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'core_event is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER core_event_append_only BEFORE UPDATE OR DELETE ON core_event
    FOR EACH ROW EXECUTE FUNCTION core_event_refuse_change();
"""
EVENTS_BACK = """
DROP TRIGGER IF EXISTS core_event_append_only ON core_event;
DROP FUNCTION IF EXISTS core_event_refuse_change();
"""
WORDS = """
CREATE OR REPLACE FUNCTION core_keep_version_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'draft' AND (OLD.title, OLD.body, OLD.number, OLD.item_id, OLD.author_id) IS DISTINCT FROM
     (NEW.title, NEW.body, NEW.number, NEW.item_id, NEW.author_id) THEN
    RAISE EXCEPTION 'version % has left draft; its words cannot change', OLD.id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_links")]

    operations = [
        migrations.RunSQL(EVENTS, EVENTS_BACK),
        migrations.RunSQL(WORDS, "DROP FUNCTION IF EXISTS core_keep_version_words();"),
    ]
