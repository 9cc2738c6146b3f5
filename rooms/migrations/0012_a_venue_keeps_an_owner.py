from django.db import migrations

# At commit, so that one save may hand a venue over from one owner to another. The venue's row is locked first: of two
# owners who step down at once, the second sees that the first has gone.
KEEPS_OWNER = """
CREATE FUNCTION rooms_check_owner(venue bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM rooms_venue WHERE id = venue AND status <> 'suspended' FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT 1 FROM rooms_venuemember member JOIN accounts_user person ON person.id = member.user_id
        WHERE member.venue_id = venue AND member.role = 'owner' AND person.is_active
    ) THEN
        RAISE EXCEPTION 'venue % would have no active owner', venue
            USING ERRCODE = 'check_violation', CONSTRAINT = 'venue_keeps_owner';
    END IF;
END $$;

CREATE FUNCTION rooms_member_leaves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rooms_check_owner(OLD.venue_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER venue_keeps_owner AFTER DELETE OR UPDATE ON rooms_venuemember
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.role = 'owner')
    EXECUTE FUNCTION rooms_member_leaves();

CREATE FUNCTION rooms_person_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rooms_check_owner(venue_id) FROM rooms_venuemember
        WHERE user_id = NEW.id AND role = 'owner' ORDER BY venue_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER venue_keeps_owner AFTER UPDATE OF is_active ON accounts_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
    EXECUTE FUNCTION rooms_person_locked();
"""
UNDO = """
DROP TRIGGER venue_keeps_owner ON accounts_user;
DROP TRIGGER venue_keeps_owner ON rooms_venuemember;
DROP FUNCTION rooms_person_locked();
DROP FUNCTION rooms_member_leaves();
DROP FUNCTION rooms_check_owner(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("rooms", "0011_teams"), ("accounts", "0007_scopes_of_tokens")]
    operations = [migrations.RunSQL(KEEPS_OWNER, UNDO)]
