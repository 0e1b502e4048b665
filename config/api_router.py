"""Every REST resource under /api/v1/, one line each."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from core.approvals.api import ApprovalViewSet, SubstitutionViewSet
from core.calendars.api import BusinessCalendarViewSet
from core.procedures.api.runs import RunViewSet, TaskViewSet
from core.procedures.api.templates import DepartmentViewSet, DutyViewSet, ProcedureViewSet
from crm.followups.api.views import FollowUpVisitViewSet, SurveyViewSet
from crm.insights.chat_views import ChatReportView
from crm.insights.complaints.api import ClusterView, ProblemViewSet, RiskPointView
from crm.insights.green_views import GreenShareView
from crm.insights.improvements.api import ImprovementViewSet
from crm.insights.innovations.api import InnovationViewSet
from crm.insights.pyramid_views import PyramidView
from crm.insights.triage_views import TriageAccuracyView
from crm.integrations.api.views import WebhookViewSet
from crm.performance.api import QualitySampleViewSet, SamplingRuleViewSet
from crm.staff.api.relief import ReliefViewSet, WellbeingView
from crm.staff.api.shifts import PeakPlanViewSet, ShiftTemplateViewSet, ShiftViewSet
from crm.staff.api.views import StaffViewSet, TeamViewSet, TokenViewSet
from crm.workbench.api import SavedViewViewSet
from crm.workbench.bulk.api import BulkChangeViewSet, BulkReplyViewSet
from customers.api.catalogue import OrderViewSet, ShopViewSet, TagGroupViewSet, TagViewSet
from customers.api.disruptions import DisruptionViewSet
from customers.api.outreach import OutreachViewSet
from customers.api.recalls import RecallViewSet
from customers.api.shipments import CarrierViewSet, ShipmentExceptionViewSet, ShipmentViewSet, StallRuleViewSet
from customers.api.views import CustomerViewSet
from knowledge.api.diagnosis import DiagnosisTreeViewSet
from knowledge.api.safety import SafetySheetViewSet, SafetyTermViewSet
from knowledge.api.views import ArticleViewSet
from scripts_library.api.views import ScriptViewSet
from tickets.api.abuse import AbuseReportViewSet
from tickets.api.aftersales.limits import AfterSalesLimitViewSet
from tickets.api.aftersales.refunds import RefundViewSet
from tickets.api.aftersales.views import AfterSalesViewSet
from tickets.api.aftersales.warranties import WarrantyViewSet
from tickets.api.appointments import AppointmentViewSet
from tickets.api.chat import (
    ChatAnswerView,
    ChatFilesView,
    ChatHandoverView,
    ChatMessagesView,
    ChatSettingsView,
    ChatVisitorView,
)
from tickets.api.compensations import CompensationViewSet
from tickets.api.complaints import ComplaintViewSet
from tickets.api.configuration import ChannelViewSet, PolicyViewSet, QueueViewSet, RoutingRuleViewSet
from tickets.api.diagnosis import DiagnosisRunViewSet
from tickets.api.grading import EscalationViewSet, LevelViewSet, TriggerViewSet
from tickets.api.ledger import LedgerCheckViewSet, LedgerEntryViewSet
from tickets.api.legal.cases import LegalCaseViewSet
from tickets.api.legal.deadlines import LegalDeadlineViewSet, LegalRuleViewSet
from tickets.api.legal.evidence import EvidenceViewSet
from tickets.api.legal.inquiries import ClaimFactsViewSet, InvestigationViewSet, LegalReviewViewSet
from tickets.api.negotiation import DemandViewSet, LadderViewSet, NegotiationViewSet
from tickets.api.norms import NormBreachViewSet, StageNormViewSet
from tickets.api.notices import NoticeViewSet
from tickets.api.outcomes import ComplaintOutcomeViewSet
from tickets.api.platform_norms import PlatformNormViewSet
from tickets.api.public import InboundView, PublicComplaintView, TrackView
from tickets.api.publicity import PublicPostViewSet, ReachThresholdViewSet
from tickets.api.rooms import RoomViewSet
from tickets.api.safety import SafetyClaimViewSet, SafetyIncidentViewSet
from tickets.api.solutions import PrecedentView, SolutionView
from tickets.api.transfers import TransferViewSet
from tickets.api.views import AttachmentViewSet, TicketViewSet
from tickets.api.waiting import WaitingReplyViewSet
from tickets.api.wechat import WeChatView

router = DefaultRouter()
router.include_root_view = False
# One address per thing: answers are JSON, whatever the address ends in.
router.include_format_suffixes = False

router.register("customers", CustomerViewSet, basename="customer")
router.register("tags", TagViewSet, basename="tag")
router.register("tag-groups", TagGroupViewSet, basename="tag-group")
router.register("orders", OrderViewSet, basename="order")
router.register("shops", ShopViewSet, basename="shop")
router.register("shipments", ShipmentViewSet, basename="shipment")
router.register("shipment-exceptions", ShipmentExceptionViewSet, basename="shipment-exception")
router.register("carriers", CarrierViewSet, basename="carrier")
router.register("stall-rules", StallRuleViewSet, basename="stall-rule")
router.register("outreach", OutreachViewSet, basename="outreach")
router.register("recalls", RecallViewSet, basename="recall")
router.register("disruptions", DisruptionViewSet, basename="disruption")
router.register("scripts", ScriptViewSet, basename="script")
router.register("articles", ArticleViewSet, basename="article")
router.register("safety-sheets", SafetySheetViewSet, basename="safety-sheet")
router.register("safety-terms", SafetyTermViewSet, basename="safety-term")
router.register("safety-claims", SafetyClaimViewSet, basename="safety-claim")
router.register("safety-incidents", SafetyIncidentViewSet, basename="safety-incident")
router.register("diagnosis-trees", DiagnosisTreeViewSet, basename="diagnosis-tree")
router.register("diagnosis-runs", DiagnosisRunViewSet, basename="diagnosis-run")
router.register("tickets", TicketViewSet, basename="ticket")
router.register("waiting-replies", WaitingReplyViewSet, basename="waiting-reply")
router.register("notices", NoticeViewSet, basename="notice")
router.register("transfers", TransferViewSet, basename="transfer")
router.register("bulk-changes", BulkChangeViewSet, basename="bulk-change")
router.register("bulk-replies", BulkReplyViewSet, basename="bulk-reply")
router.register("views", SavedViewViewSet, basename="saved-view")
router.register("attachments", AttachmentViewSet, basename="attachment")
router.register("queues", QueueViewSet, basename="queue")
router.register("channels", ChannelViewSet, basename="channel")
router.register("routing-rules", RoutingRuleViewSet, basename="routing-rule")
router.register("business-calendars", BusinessCalendarViewSet, basename="business-calendar")
router.register("sla-policies", PolicyViewSet, basename="sla-policy")
router.register("stage-norms", StageNormViewSet, basename="stage-norm")
router.register("platform-norms", PlatformNormViewSet, basename="platform-norm")
router.register("norm-breaches", NormBreachViewSet, basename="norm-breach")
router.register("staff", StaffViewSet, basename="staff")
router.register("teams", TeamViewSet, basename="team")
router.register("shifts", ShiftViewSet, basename="shift")
router.register("shift-templates", ShiftTemplateViewSet, basename="shift-template")
router.register("peak-plans", PeakPlanViewSet, basename="peak-plan")
router.register("tokens", TokenViewSet, basename="token")
router.register("appointments", AppointmentViewSet, basename="appointment")
router.register("legal-cases", LegalCaseViewSet, basename="legal-case")
router.register("legal-deadlines", LegalDeadlineViewSet, basename="legal-deadline")
router.register("legal-rules", LegalRuleViewSet, basename="legal-rule")
router.register("evidence", EvidenceViewSet, basename="evidence")
router.register("investigations", InvestigationViewSet, basename="investigation")
router.register("legal-reviews", LegalReviewViewSet, basename="legal-review")
router.register("claim-facts", ClaimFactsViewSet, basename="claim-facts")
router.register("abuse-reports", AbuseReportViewSet, basename="abuse-report")
router.register("relief-requests", ReliefViewSet, basename="relief-request")
router.register("after-sales", AfterSalesViewSet, basename="after-sales")
router.register("after-sales-limits", AfterSalesLimitViewSet, basename="after-sales-limit")
router.register("refunds", RefundViewSet, basename="refund")
router.register("warranties", WarrantyViewSet, basename="warranty")
router.register("compensations", CompensationViewSet, basename="compensation")
router.register("complaints", ComplaintViewSet, basename="complaint")
router.register("complaint-outcomes", ComplaintOutcomeViewSet, basename="complaint-outcome")
router.register("complaint-levels", LevelViewSet, basename="complaint-level")
router.register("escalation-triggers", TriggerViewSet, basename="escalation-trigger")
router.register("escalations", EscalationViewSet, basename="escalation")
router.register("public-posts", PublicPostViewSet, basename="public-post")
router.register("reach-thresholds", ReachThresholdViewSet, basename="reach-threshold")
router.register("demands", DemandViewSet, basename="demand")
router.register("ladders", LadderViewSet, basename="ladder")
router.register("negotiations", NegotiationViewSet, basename="negotiation")
router.register("rooms", RoomViewSet, basename="room")
router.register("procedures", ProcedureViewSet, basename="procedure")
router.register("procedure-runs", RunViewSet, basename="procedure-run")
router.register("tasks", TaskViewSet, basename="task")
router.register("departments", DepartmentViewSet, basename="department")
router.register("duties", DutyViewSet, basename="duty")
router.register("approvals", ApprovalViewSet, basename="approval")
router.register("substitutions", SubstitutionViewSet, basename="substitution")
router.register("problems", ProblemViewSet, basename="problem")
router.register("improvements", ImprovementViewSet, basename="improvement")
router.register("innovations", InnovationViewSet, basename="innovation")
router.register("follow-up-visits", FollowUpVisitViewSet, basename="follow-up-visit")
router.register("surveys", SurveyViewSet, basename="survey")
router.register("ledger-entries", LedgerEntryViewSet, basename="ledger-entry")
router.register("ledger-checks", LedgerCheckViewSet, basename="ledger-check")
router.register("sampling-rules", SamplingRuleViewSet, basename="sampling-rule")
router.register("quality-samples", QualitySampleViewSet, basename="quality-sample")
router.register("webhooks", WebhookViewSet, basename="webhook")

urlpatterns = [
    path("inbound/<str:key>/", InboundView.as_view(), name="inbound"),
    path("inbound/<str:key>/wechat/", WeChatView.as_view(), name="inbound-wechat"),
    path("public/complaints/", PublicComplaintView.as_view(), name="public-complaints"),
    path("complaint-pyramid/", PyramidView.as_view(), name="complaint-pyramid"),
    path("", include("crm.insights.statistics.api_urls")),
    path("", include("crm.insights.remedies.api_urls")),
    path("chat-report/", ChatReportView.as_view(), name="chat-report"),
    path("complaint-clusters/", ClusterView.as_view(), name="complaint-clusters"),
    path("green-share/", GreenShareView.as_view(), name="green-share"),
    path("risk-points/", RiskPointView.as_view(), name="risk-points"),
    path("solutions/", SolutionView.as_view(), name="solutions"),
    path("precedents/", PrecedentView.as_view(), name="precedents"),
    path("wellbeing/", WellbeingView.as_view(), name="wellbeing-figures"),
    path("triage/accuracy/", TriageAccuracyView.as_view(), name="triage-accuracy"),
    path("public/chat/<str:key>/visitors/", ChatVisitorView.as_view(), name="chat-visitors"),
    path("public/chat/<str:key>/messages/", ChatMessagesView.as_view(), name="chat-messages"),
    path("public/chat/<str:key>/files/", ChatFilesView.as_view(), name="chat-files"),
    path("public/chat/<str:key>/handover/", ChatHandoverView.as_view(), name="chat-handover"),
    path("public/chat/<str:key>/answers/<str:answer>/", ChatAnswerView.as_view(), name="chat-answer"),
    path("channels/<str:pk>/chat/", ChatSettingsView.as_view(), name="channel-chat"),
    path("public/track/", TrackView.as_view(), name="public-track"),
    *router.urls,
]
