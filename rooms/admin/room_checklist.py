"""What a room still needs before guests can find it, as its page in the admin says it."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from rooms import services
from rooms.models import Room

# Where on the room's page what is missing is added.
TABS = {"photos": " (tab Room photos)", "opening_hours": " (tab Opening hours)"}
READY = "Nothing is missing: switch “Offered to guests” on."


def checklist(room: Room) -> SafeString | str:
    """Return what the room as saved lacks; what a form holds may be no room at all."""
    room = Room.objects.select_related("venue").get(pk=room.pk)
    missing = services.missing_for_publication(room)
    if not missing:
        return "Nothing is missing." if room.is_published else READY
    lines = [(f"{sentence}{TABS.get(name, '')}",) for name, sentence in missing.items()]
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", lines))
