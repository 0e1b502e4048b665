"""Tables of the ticket floor, one module per subject."""

from tickets.models.abuse import AbuseReport
from tickets.models.aftersales import AfterSales, AfterSalesLimit, AfterSalesStep, GoodsInspection
from tickets.models.appointment import Appointment
from tickets.models.channel import Channel, Queue, RoutingRule
from tickets.models.chat import BotAnswer, Chat, ChatAcknowledgement, ChatSettings, ChatVisitor
from tickets.models.compensation import Compensation
from tickets.models.desk import Draft, Notice, TicketSeen, WaitingReply
from tickets.models.diagnosis import DiagnosisRun
from tickets.models.evidence import Evidence, EvidencePack, Investigation, InvestigationEntry, LegalReview
from tickets.models.grading import ComplaintGrade, ComplaintLevel, Escalation, EscalationTrigger
from tickets.models.ledger import LedgerCheck, LedgerEntry
from tickets.models.legal import LegalCase, LegalClock, LegalMoment, LegalRule
from tickets.models.mailbox import Mailbox
from tickets.models.message import Attachment, ContactAttempt, InboundMessage, TicketMessage
from tickets.models.negotiation import CustomerDemand, Ladder, LadderVersion, Negotiation, NegotiationOffer
from tickets.models.norm import NormBreach, StageNorm
from tickets.models.offline import ImportBatch, ImportRow
from tickets.models.outcome import ComplaintOutcome
from tickets.models.platform import ChannelAccess, ChannelContact, PlatformDay, PlatformNorm, PlatformTurn
from tickets.models.publicity import PostLink, PublicPost, ReachThreshold, TicketReach
from tickets.models.refund import Refund
from tickets.models.relation import TicketLink, TicketTransfer
from tickets.models.room import Room, RoomEntry, RoomGuest, RoomMember, RoomVisit
from tickets.models.safety import SafetyClaim, SafetyIncident
from tickets.models.sla import SLAClock, SLAPolicy, SLATarget, TicketPause
from tickets.models.ticket import Ticket, TicketMerge, TicketTag, TicketWatcher
from tickets.models.warranty import RepairPeriod, Warranty
from tickets.triage.models import TriageModel

__all__ = [
    "AbuseReport",
    "AfterSales",
    "AfterSalesLimit",
    "AfterSalesStep",
    "Appointment",
    "Attachment",
    "BotAnswer",
    "Channel",
    "ChannelAccess",
    "ChannelContact",
    "Chat",
    "ChatAcknowledgement",
    "ChatSettings",
    "ChatVisitor",
    "Compensation",
    "ComplaintGrade",
    "ComplaintLevel",
    "ComplaintOutcome",
    "ContactAttempt",
    "CustomerDemand",
    "DiagnosisRun",
    "Draft",
    "Escalation",
    "EscalationTrigger",
    "Evidence",
    "EvidencePack",
    "GoodsInspection",
    "ImportBatch",
    "ImportRow",
    "InboundMessage",
    "Investigation",
    "InvestigationEntry",
    "Ladder",
    "LadderVersion",
    "LedgerCheck",
    "LedgerEntry",
    "LegalCase",
    "LegalClock",
    "LegalMoment",
    "LegalReview",
    "LegalRule",
    "Mailbox",
    "Negotiation",
    "NegotiationOffer",
    "NormBreach",
    "Notice",
    "PlatformDay",
    "PlatformNorm",
    "PlatformTurn",
    "PostLink",
    "PublicPost",
    "Queue",
    "ReachThreshold",
    "Refund",
    "RepairPeriod",
    "Room",
    "RoomEntry",
    "RoomGuest",
    "RoomMember",
    "RoomVisit",
    "RoutingRule",
    "SLAClock",
    "SLAPolicy",
    "SLATarget",
    "SafetyClaim",
    "SafetyIncident",
    "StageNorm",
    "Ticket",
    "TicketLink",
    "TicketMerge",
    "TicketMessage",
    "TicketPause",
    "TicketReach",
    "TicketSeen",
    "TicketTag",
    "TicketTransfer",
    "TicketWatcher",
    "TriageModel",
    "WaitingReply",
    "Warranty",
]
