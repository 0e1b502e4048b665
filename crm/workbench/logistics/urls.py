from django.urls import path

from crm.workbench.logistics import outreach, parcels

urlpatterns = [
    path("shipments/", parcels.shipment_list, name="shipment_list"),
    path("shipments/import/", parcels.shipment_import, name="shipment_import"),
    path("shipments/exceptions/", parcels.exception_list, name="exception_list"),
    path("shipments/exceptions/<int:pk>/", parcels.exception_page, name="exception_page"),
    path("shipments/exceptions/<int:pk>/take/", parcels.exception_take, name="exception_take"),
    path("outreach/", outreach.outreach_list, name="outreach_list"),
    path("outreach/<int:pk>/", outreach.outreach_page, name="outreach_page"),
]
