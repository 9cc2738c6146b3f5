-- What a year on a busy marketplace leaves behind. `rooms` is how many rooms, `first_day` when the year begins;
-- a thousand occupancies a room. Blank lines part the steps; each begins with its name.

-- venues
INSERT INTO rooms_venue (
    name, slug, description, address, city, country, time_zone, currency, email, phone, check_in_time,
    check_out_time, answer_hours, tax_percent, takes_online_payment, payment_provider, hold_limit_minutes,
    is_published, status, status_reason, created_at
)
SELECT
    'House ' || n, 'house-' || n, repeat('A quiet house near the river, close to the station. ', 4),
    n || ' Station Road', city, country, time_zone, currency, 'desk' || n || '@example.org', '', '15:00', '11:00',
    24, CASE WHEN country = 'DE' THEN 7 ELSE 0 END, true, 'stripe', 7 * 24 * 60, true, 'approved', '', now()
FROM generate_series(1, GREATEST(%(rooms)s / 10, 1)) AS n
JOIN (VALUES
    (0, 'Paris', 'FR', 'Europe/Paris', 'EUR'), (1, 'Berlin', 'DE', 'Europe/Berlin', 'EUR'),
    (2, 'London', 'GB', 'Europe/London', 'GBP'), (3, 'New York', 'US', 'America/New_York', 'USD'),
    (4, 'Lisbon', 'PT', 'Europe/Lisbon', 'EUR'), (5, 'Vienna', 'AT', 'Europe/Vienna', 'EUR'),
    (6, 'Madrid', 'ES', 'Europe/Madrid', 'EUR'), (7, 'Rome', 'IT', 'Europe/Rome', 'EUR'),
    (8, 'Istanbul', 'TR', 'Europe/Istanbul', 'EUR'), (9, 'San Francisco', 'US', 'America/Los_Angeles', 'USD')
) AS place (nth, city, country, time_zone, currency) ON place.nth = n %% 10;

-- rooms: four in ten by the night, four by the hour, two experts
INSERT INTO rooms_room (
    venue_id, name, slug, kind, description, capacity, size_m2, amenities, price_minor, cleaning_fee_minor, min_units,
    max_units, appointment_minutes, notice_minutes, booking_window_days, buffer_before_minutes,
    buffer_after_minutes, approval, capture, is_published, created_at
)
SELECT
    venue.id, 'Room ' || n, 'room-' || n, kind, repeat('Bright, with a desk, a good bed and a view. ', 6),
    2 + n %% 5, 18 + n %% 40, amenities, 8000 + 100 * (n %% 150), CASE WHEN n %% 3 = 0 THEN 2500 ELSE 0 END, 1,
    30, 60, 0, 500, 0, CASE kind WHEN 'conference' THEN 15 ELSE 0 END,
    CASE kind WHEN 'hotel' THEN 'after_payment' WHEN 'conference' THEN 'before_payment' ELSE 'none' END,
    CASE kind WHEN 'expert' THEN 'after_completion' ELSE 'on_confirmation' END, true, now()
FROM generate_series(1, %(rooms)s) AS n
JOIN rooms_venue venue ON venue.slug = 'house-' || (1 + (n - 1) / 10)
CROSS JOIN LATERAL (SELECT
    CASE WHEN n %% 10 < 4 THEN 'hotel' WHEN n %% 10 < 8 THEN 'conference' ELSE 'expert' END AS kind,
    CASE WHEN n %% 2 = 0 THEN ARRAY['wifi', 'breakfast'] ELSE ARRAY['wifi', 'parking', 'accessible'] END AS amenities
) AS made;

-- opening hours
INSERT INTO rooms_openinghours (room_id, weekday, opens, closes)
SELECT id, weekday, '08:00', CASE kind WHEN 'expert' THEN time '18:00' ELSE time '20:00' END
FROM rooms_room, generate_series(0, 6) AS weekday WHERE kind IN ('conference', 'expert');

-- prices
INSERT INTO rooms_pricerule (room_id, name, weekdays, price_minor, min_units, discount_percent)
SELECT id, 'Weekend', ARRAY[4, 5]::smallint[], price_minor + 3000, NULL, NULL FROM rooms_room WHERE kind = 'hotel'
UNION ALL
SELECT id, 'Long stay', '{}', NULL, 5, 10 FROM rooms_room WHERE kind = 'hotel';

-- pictures
INSERT INTO rooms_roomphoto (room_id, image, width, height, renditions, alt, position)
SELECT id, 'rooms/' || slug || '-' || nth || '.jpg', 1200, 800, '{480, 960}', 'The room by day', nth
FROM rooms_room, generate_series(0, 2) AS nth;

-- bookings of a year
INSERT INTO rooms_occupancy (room_id, kind, period, reference, source, external_uid, note, created_at)
SELECT room_id, 'booking', tstzrange(starts AT TIME ZONE time_zone, ends AT TIME ZONE time_zone),
    'B' || row_number() OVER (), '', '', '', now()
FROM (
    -- one to four nights in every fourth
    SELECT room_id, time_zone, day + interval '15 h' AS starts, day + nights * interval '1 day' + interval '11 h' AS ends
    FROM (
        SELECT room.id AS room_id, venue.time_zone, day, 1 + floor(random() * 4)::int AS nights
        FROM rooms_room room
        JOIN rooms_venue venue ON venue.id = room.venue_id
        CROSS JOIN generate_series(%(first_day)s::timestamp, %(first_day)s::timestamp + interval '360 days', '4 days') AS day
        WHERE room.kind = 'hotel' AND random() < 0.8
        OFFSET 0
    ) AS stay
    UNION ALL
    -- an hour and a quarter's buffer in every second hour, from eight to eight
    SELECT room.id, venue.time_zone, hour, hour + interval '75 minutes'
    FROM rooms_room room
    JOIN rooms_venue venue ON venue.id = room.venue_id
    CROSS JOIN generate_series(%(first_day)s::timestamp, %(first_day)s::timestamp + interval '364 days', '1 day') AS day
    CROSS JOIN LATERAL generate_series(day + interval '8 h', day + interval '18 h', interval '2 h') AS hour
    WHERE room.kind = 'conference' AND random() < 0.6
    UNION ALL
    -- appointments of an hour, from eight to six
    SELECT room.id, venue.time_zone, hour, hour + interval '1 h'
    FROM rooms_room room
    JOIN rooms_venue venue ON venue.id = room.venue_id
    CROSS JOIN generate_series(%(first_day)s::timestamp, %(first_day)s::timestamp + interval '364 days', '1 day') AS day
    CROSS JOIN LATERAL generate_series(day + interval '8 h', day + interval '17 h', interval '1 h') AS hour
    WHERE room.kind = 'expert' AND random() < 0.55
) AS stays (room_id, time_zone, starts, ends)
ORDER BY random();

-- busy times of outside calendars, up to a thousand occupancies a room
INSERT INTO rooms_occupancy (room_id, kind, period, reference, source, external_uid, note, created_at)
SELECT room_id, 'busy', tstzrange(starts, starts + interval '90 minutes'), '', 'google', 'uid-' || n, '', now()
FROM (
    SELECT n, (SELECT min(id) FROM rooms_room) + floor(random() * %(rooms)s)::int AS room_id,
        %(first_day)s::timestamptz + interval '15 minutes' * floor(random() * 365 * 96) AS starts
    FROM generate_series(1, (SELECT %(rooms)s * 1000 - count(*) FROM rooms_occupancy)) AS n
    OFFSET 0
) AS busy;
