from django.urls import path

from rooms.pages import open_venue, rooms, venue
from rooms.pages import team as team_pages

app_name = "rooms"

urlpatterns = [
    path("", rooms.home, name="home"),
    path("host/", open_venue.open_venue, name="open_venue"),
    path("team/<str:token>/", team_pages.invitation, name="invitation"),
    path("rooms/", rooms.search_page, name="search"),
    path("rooms/<slug:venue>/", venue.venue_page, name="venue"),
    path("rooms/<slug:venue>/<slug:room>/", rooms.detail, name="detail"),
    path("rooms/<slug:venue>/<slug:room>/calendar/", rooms.calendar, name="calendar"),
    path("rooms/<slug:venue>/<slug:room>/slots/", rooms.slots, name="slots"),
    path("rooms/<slug:venue>/<slug:room>/quote/", rooms.quote, name="quote"),
]
