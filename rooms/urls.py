from django.urls import path

from rooms import hosting, team_pages, venue_pages, views

app_name = "rooms"

urlpatterns = [
    path("", views.home, name="home"),
    path("host/", hosting.open_venue, name="open_venue"),
    path("team/<str:token>/", team_pages.invitation, name="invitation"),
    path("rooms/", views.search_page, name="search"),
    path("rooms/<slug:venue>/", venue_pages.venue_page, name="venue"),
    path("rooms/<slug:venue>/<slug:room>/", views.detail, name="detail"),
    path("rooms/<slug:venue>/<slug:room>/calendar/", views.calendar, name="calendar"),
    path("rooms/<slug:venue>/<slug:room>/slots/", views.slots, name="slots"),
    path("rooms/<slug:venue>/<slug:room>/quote/", views.quote, name="quote"),
]
