"""The admin site: who may enter, by which door, and which of the framework's side doors are shut."""

from typing import Any, NoReturn

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from rooms.team.admin_access import roles_of


class RoomholdAdminSite(UnfoldAdminSite):
    """Open to platform staff and to members of a venue's team. Login is the site's own, with its rate limits."""

    index_title = "Requests"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not (user.is_active and user.is_staff):
            return False
        return user.is_platform_staff or bool(roles_of(user))

    def extra_urls(self) -> list[URLPattern]:
        # Django's own view would turn any object's id into its public address, another venue's, too.
        shut = self.admin_view(self.nothing_here)
        return [
            path("r/<path:content_type_id>/<path:object_id>/", shut, name="view_on_site_is_shut"),
            path("money/", self.admin_view(self.money), name="money"),
        ]

    def money(self, request: HttpRequest) -> HttpResponse:
        from config.admin.money_page import money_page  # its models are not loaded when this site is made

        return money_page(request)

    def nothing_here(self, request: HttpRequest, **_kwargs: str) -> HttpResponse:
        raise Http404

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> NoReturn:
        # It keeps results in the cache beyond the loss of a role; lists have their own search.
        raise Http404

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the site's login; whoever is logged in without a role gets a page that says so."""
        target = self._target(request)
        if self.has_permission(request):
            return HttpResponseRedirect(target)
        if request.user.is_authenticated:
            return TemplateResponse(request, "admin/no_access.html", {"title": "No access"}, status=403)
        return redirect_to_login(target, reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return LogoutView.as_view(next_page=reverse("rooms:home"))(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")

    def _target(self, request: HttpRequest) -> str:
        wanted = request.GET.get("next", "")
        is_safe = url_has_allowed_host_and_scheme(
            wanted, {request.get_host()}, require_https=request.is_secure()
        )
        index, login = reverse("admin:index"), reverse("admin:login")
        # Back to a page of the admin, and not to its login again.
        return wanted if is_safe and wanted.startswith(index) and not wanted.startswith(login) else index
