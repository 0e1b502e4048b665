from django.urls import path

from crm.workbench.logistics import disruptions, files, incidents, orders, outreach, parcels, recalls

urlpatterns = [
    path("shipments/", parcels.shipment_list, name="shipment_list"),
    path("orders/", orders.order_list, name="order_list"),
    path("orders/import/", files.order_import, name="order_import"),
    path("orders/export/", files.order_export, name="order_export"),
    path("shipments/import/", files.shipment_import, name="shipment_import"),
    path("shipments/export/", files.shipment_export, name="shipment_export"),
    path("shipments/exceptions/", parcels.exception_list, name="exception_list"),
    path("shipments/exceptions/<int:pk>/", parcels.exception_page, name="exception_page"),
    path("shipments/exceptions/<int:pk>/take/", parcels.exception_take, name="exception_take"),
    path("outreach/", outreach.outreach_list, name="outreach_list"),
    path("outreach/<int:pk>/", outreach.outreach_page, name="outreach_page"),
    path("recalls/", recalls.recall_list, name="recall_list"),
    path("recalls/new/", recalls.recall_new, name="recall_new"),
    path("recalls/incidents/", incidents.incident_list, name="incident_list"),
    path("recalls/incidents/new/", incidents.incident_new, name="incident_new"),
    path("recalls/incidents/<int:pk>/", incidents.incident_page, name="incident_page"),
    path("recalls/incidents/<int:pk>/recall/", incidents.incident_recall, name="incident_recall"),
    path("recalls/<int:pk>/", recalls.recall_page, name="recall_page"),
    path("recalls/<int:pk>/report/", recalls.recall_report, name="recall_report"),
    path("recalls/<int:pk>/<slug:verb>/", recalls.recall_act, name="recall_act"),
    path("disruptions/", disruptions.disruption_list, name="disruption_list"),
    path("disruptions/new/", disruptions.disruption_new, name="disruption_new"),
    path("disruptions/<int:pk>/", disruptions.disruption_page, name="disruption_page"),
    path("disruptions/<int:pk>/report/", disruptions.disruption_report, name="disruption_report"),
    path("disruptions/<int:pk>/<slug:verb>/", disruptions.disruption_act, name="disruption_act"),
]
