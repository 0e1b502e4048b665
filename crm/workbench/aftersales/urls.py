from django.urls import path

from crm.workbench.aftersales import detail, ledger, listing, reconciliation, side, warranty

urlpatterns = [
    path("aftersales/", listing.aftersales_list, name="aftersales_list"),
    path("aftersales/reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path("aftersales/reconciliation/export/", reconciliation.export, name="reconciliation_export"),
    path("aftersales/ledger/", ledger.ledger, name="ledger"),
    path("aftersales/warranty/", warranty.warranty_page, name="warranty_page"),
    path("aftersales/<int:pk>/", detail.aftersales_page, name="aftersales_page"),
    path("aftersales/<int:pk>/do/<slug:action>/", detail.aftersales_act, name="aftersales_act"),
    path("aftersales/refunds/<int:pk>/<slug:verb>/", detail.refund_act, name="refund_act"),
    path("desk/<str:number>/aftersales/", side.aftersales_side, name="ticket_aftersales"),
]
