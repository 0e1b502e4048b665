from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "customers"
    label = "customers"
    verbose_name = _("客户中心")

    def ready(self) -> None:
        from customers import panels  # models are ready only now

        panels.register()
