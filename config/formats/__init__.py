"""How Django itself writes dates in the admin: the forms of core.dates, with the zone spelled out."""
