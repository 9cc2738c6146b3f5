"""Write onto the time already taken whose it is, and which part of it is buffer."""

from django.db import migrations

# At most one claim of a booking or session holds a given time of a room: the exclusion constraint sees to that.
SESSIONS = """
    UPDATE rooms_occupancy taken
    SET session_id = session.id, visit = tstzrange(session.starts_at, session.ends_at)
    FROM rooms_session session
    WHERE taken.kind = 'session' AND taken.room_id = session.room_id AND NOT session.is_cancelled
        AND taken.period @> tstzrange(session.starts_at, session.ends_at)
"""
BOOKINGS = """
    UPDATE rooms_occupancy taken
    SET visit = tstzrange(booking.starts_at, booking.ends_at)
    FROM bookings_booking booking
    WHERE taken.kind = 'booking' AND taken.reference = booking.reference
        AND taken.period @> tstzrange(booking.starts_at, booking.ends_at)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("rooms", "0004_time_taken_by_its_owner"),
        ("bookings", "0003_bookings_of_a_venue_by_start"),
    ]

    operations = [migrations.RunSQL([SESSIONS, BOOKINGS], migrations.RunSQL.noop)]
