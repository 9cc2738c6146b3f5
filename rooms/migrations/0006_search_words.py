"""Words of rooms and venues, folded and indexed: what rooms.search.words asks. The function and its indexes are known to
the database alone; an index on an expression finds the same expression in a query."""

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations

# `unaccent` is only STABLE, since its dictionary might be changed; named in full and never changed, it is immutable
# in fact, which an index asks for. COST: some 20 µs a description are dear, and the planner has to know. Apostrophes go first: NFKC
# would turn some into a space and an accent.
FOLD = r"""
CREATE FUNCTION search_fold(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
    SELECT ' ' || translate(
        lower(public.unaccent('public.unaccent', normalize(translate(words, '''`´‘’‛ʹʻʼʽ′', ''), NFKC))),
        '.,;:!?()"/–-' || chr(9) || chr(10) || chr(13), repeat(' ', 15)
    ) || ' '
$$;
CREATE INDEX room_words_trgm ON rooms_room USING gin (search_fold(name || ' ' || description) gin_trgm_ops);
CREATE INDEX venue_words_trgm ON rooms_venue USING gin (search_fold(name || ' ' || city) gin_trgm_ops);
CREATE INDEX venue_city_folded ON rooms_venue (search_fold(city));
"""
DROP = """
DROP INDEX venue_city_folded;
DROP INDEX venue_words_trgm;
DROP INDEX room_words_trgm;
DROP FUNCTION search_fold(text);
"""


class Migration(migrations.Migration):
    dependencies = [("rooms", "0005_owners_of_taken_time")]

    operations = [
        UnaccentExtension(),
        TrigramExtension(),
        migrations.RunSQL(FOLD, DROP),
    ]
