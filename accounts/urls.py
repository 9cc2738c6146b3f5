from django.urls import path

from accounts.pages import profile

app_name = "accounts"

urlpatterns = [
    path("profile/", profile.profile, name="profile"),
    path("sign-out-everywhere/", profile.sign_out_everywhere, name="sign_out_everywhere"),
    path("tokens/", profile.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke/", profile.revoke, name="revoke_token"),
]
