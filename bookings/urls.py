from django.urls import path

from bookings import booking_views, link_pages, views

app_name = "bookings"

urlpatterns = [
    path("rooms/<slug:venue>/<slug:room>/book/", booking_views.book, name="book"),
    path("bookings/", views.my_bookings, name="list"),
    path("bookings/<slug:reference>/", views.detail, name="detail"),
    path("bookings/<slug:reference>/live/", views.live, name="live"),
    path("bookings/<slug:reference>/open/<slug:secret>/", views.open_link, name="open"),
    path("bookings/<slug:reference>/new-link/", link_pages.new_link, name="new_link"),
    path("bookings/<slug:reference>/cancel/", views.cancel, name="cancel"),
    path("bookings/<slug:reference>/again/", booking_views.again, name="again"),
    path("bookings/<slug:reference>/calendar.ics", views.ics, name="ics"),
]
