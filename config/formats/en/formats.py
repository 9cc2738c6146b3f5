"""Staff's forms of dates for raw fields, which the admin shows in UTC and says so; see core.dates."""

DATE_FORMAT = SHORT_DATE_FORMAT = "M j, Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "M j, Y, H:i T"
