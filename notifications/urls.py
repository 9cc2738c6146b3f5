from django.urls import path

from notifications.pages import demo, pusher

app_name = "notifications"
urlpatterns = [
    # pusher-js posts here without a slash at the end.
    path("pusher/auth", pusher.pusher_auth, name="pusher_auth"),
    path("demo/mail/", demo.mail_list, name="demo_mail"),
    path("demo/mail/<str:name>/", demo.mail, name="demo_mail_message"),
    path("demo/mail/<str:name>/html/", demo.mail_html, name="demo_mail_html"),
    path("demo/mail/<str:name>/<int:n>/", demo.mail_attachment, name="demo_mail_attachment"),
]
