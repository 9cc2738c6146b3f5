from django.urls import path

from payments.pages import card, checkout, credit

app_name = "payments"

urlpatterns = [
    path("bookings/<slug:reference>/pay/", checkout.pay, name="pay"),
    path("bookings/<slug:reference>/credit/", credit.use_credit, name="credit"),
    path("bookings/<slug:reference>/card/", card.card, name="card"),
    path("bookings/<slug:reference>/return/", checkout.back, name="return"),
    path("webhooks/stripe/", checkout.stripe_webhook, name="stripe_webhook"),
    path("webhooks/octo/", checkout.octo_webhook, name="octo_webhook"),
]
