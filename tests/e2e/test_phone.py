"""The same on a phone: 390 × 844, by touch, nothing hangs out sideways."""


from tests.e2e.people import PHONE, Guest, Host


def test_guest_books_and_clerk_approves_on_a_phone(enter, journey):
    guest, clerk = enter(Guest, **PHONE), enter(Host, **PHONE)
    guest.open("/")
    guest.checks()
    guest.open(f"/rooms/?{guest.choice()}&guests=2&q={journey.room.name}")
    guest.checks()
    guest.page.get_by_role("article").get_by_role("link", name=journey.room.name).tap()
    guest.heads(journey.room.name)
    guest.checks("room")
    guest.click("Continue")
    guest.heads("Complete your booking")
    guest.checks("book")
    guest.fill_in()
    guest.go_to_payment()
    guest.take_note()
    guest.checks("pay-page", guest_page=False)
    guest.pay()
    guest.heads("Your money is held, not taken")
    guest.checks("payment-held")
    guest.click("See your booking", "link")
    guest.heads("Awaiting the host")
    guest.checks("booking-awaiting")

    clerk.log_in(journey.clerk.email)
    clerk.checks("host-requests", guest_page=False)
    clerk.open_request(guest.name)
    clerk.checks("host-request", guest_page=False)
    clerk.approve()
    clerk.sees_state("Confirmed")
    clerk.checks("host-request-confirmed", guest_page=False)
    guest.heads("You're booked")
    guest.checks("booking-confirmed")
