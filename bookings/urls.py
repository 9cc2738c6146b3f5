from django.urls import path

from bookings.pages import book, my_bookings
from bookings.pages import links as link_pages

app_name = "bookings"

urlpatterns = [
    path("rooms/<slug:venue>/<slug:room>/book/", book.book, name="book"),
    path("bookings/", my_bookings.my_bookings, name="list"),
    path("bookings/<slug:reference>/", my_bookings.detail, name="detail"),
    path("bookings/<slug:reference>/live/", my_bookings.live, name="live"),
    path("bookings/<slug:reference>/open/<slug:secret>/", my_bookings.open_link, name="open"),
    path("bookings/<slug:reference>/new-link/", link_pages.new_link, name="new_link"),
    path("bookings/<slug:reference>/cancel/", my_bookings.cancel, name="cancel"),
    path("bookings/<slug:reference>/again/", book.again, name="again"),
    path("bookings/<slug:reference>/calendar.ics", my_bookings.ics, name="ics"),
]
