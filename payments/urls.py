from django.urls import path

from payments import card_page, credit_views, views

app_name = "payments"

urlpatterns = [
    path("bookings/<slug:reference>/pay/", views.pay, name="pay"),
    path("bookings/<slug:reference>/credit/", credit_views.use_credit, name="credit"),
    path("bookings/<slug:reference>/card/", card_page.card, name="card"),
    path("bookings/<slug:reference>/return/", views.back, name="return"),
    path("webhooks/stripe/", views.stripe_webhook, name="stripe_webhook"),
    path("webhooks/octo/", views.octo_webhook, name="octo_webhook"),
]
