from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class FollowupsConfig(AppConfig):
    name = "crm.followups"
    label = "followups"
    verbose_name = pgettext_lazy("many", "回访")

    def ready(self) -> None:
        from crm.followups import customer_page, norms, receivers, reviews  # noqa: F401 — models exist only now
        from crm.followups.services import delivery

        norms.register()
        reviews.register()
        customer_page.register()
        delivery.register()
