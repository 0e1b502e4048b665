"""Who may do what: the one table of roles.

A codename is Django's `app.verb_model`. `*` stands for anything, so `*.view_*` is
every right to look and `*` every right there is. Which rows a right reaches is not
decided here but by `visible_to(user)` on each queryset.
"""

from fnmatch import fnmatchcase
from functools import lru_cache

from crm.staff.choices import Role

_EVERYBODY = frozenset(
    {
        "core.view_approvalrequest",
        "core.view_businesscalendar",
        "customers.view_consentrecord",
        "customers.view_customer",
        "customers.view_customervalue",
        "customers.view_order",
        "customers.view_shop",
        "customers.view_tag",
        "followups.view_followupvisit",
        "followups.view_surveyinvitation",
        "followups.view_surveyresponse",
        "knowledge.view_article",
        "knowledge.view_articleversion",
        "scripts_library.view_scripttemplate",
        "scripts_library.view_scriptversion",
        "staff.view_peakplan",
        "staff.view_shiftplan",
        "staff.view_shifttemplate",
        "staff.view_skillgroup",
        "staff.view_team",
        "staff.view_user",
        "tickets.view_abusereport",
        "tickets.view_aftersales",
        "tickets.view_aftersaleslimit",
        "tickets.view_refund",
        "tickets.view_appointment",
        "tickets.view_attachment",
        "tickets.view_channel",
        "tickets.view_compensation",
        "tickets.view_normbreach",
        "tickets.view_platformnorm",
        "tickets.view_queue",
        "tickets.view_slapolicy",
        "tickets.view_stagenorm",
        "tickets.view_ticket",
        "tickets.view_ticketmessage",
        "tickets.view_ticketlink",
        "tickets.view_tickettransfer",
        "workbench.view_bulkchange",
        "workbench.view_bulkreply",
        "workbench.view_savedview",
    }
)

_AGENT = _EVERYBODY | {
    "customers.add_consentrecord",
    "customers.add_customer",
    "customers.add_order",
    "customers.change_customer",
    "customers.change_order",
    "customers.reveal_customer",
    "customers.tag_customer",
    "followups.add_followupvisit",
    "followups.change_followupvisit",
    "followups.complete_followupvisit",
    "knowledge.rate_article",
    "scripts_library.render_scripttemplate",
    "staff.change_own_availability",
    "tickets.add_abusereport",
    "tickets.add_aftersales",
    "tickets.add_refund",
    "tickets.change_aftersales",
    "tickets.decide_aftersales",
    "tickets.inspect_aftersales",
    "tickets.pay_refund",
    "tickets.add_appointment",
    "tickets.change_appointment",
    "tickets.serve_appointment",
    "tickets.add_attachment",
    "tickets.add_compensation",
    "tickets.add_ticket",
    "tickets.add_ticketmessage",
    "tickets.assign_ticket",
    "tickets.change_ticket",
    "tickets.escalate_ticket",
    "tickets.merge_ticket",
    "tickets.object_normbreach",
    "tickets.pay_compensation",
    "tickets.reply_ticket",
    "tickets.transition_ticket",
    "workbench.add_bulkchange",
    "workbench.add_savedview",
    "workbench.change_savedview",
    "workbench.delete_savedview",
}

_LEAD = _AGENT | {
    "customers.add_tag",
    "customers.change_tag",
    "customers.merge_customer",
    "insights.view_report",
    "knowledge.add_article",
    "knowledge.add_articleversion",
    "knowledge.change_article",
    "knowledge.change_articleversion",
    "knowledge.publish_articleversion",
    "knowledge.review_articleversion",
    "scripts_library.add_scripttemplate",
    "scripts_library.add_scriptversion",
    "scripts_library.change_scripttemplate",
    "scripts_library.change_scriptversion",
    "scripts_library.publish_scriptversion",
    "scripts_library.review_scriptversion",
    "tickets.add_importbatch",
    "tickets.except_aftersales",
    "tickets.judge_normbreach",
    "tickets.view_importbatch",
    "workbench.add_bulkreply",
    "workbench.share_savedview",
}

_SUPERVISOR = _LEAD | {
    "core.*_calendarday",
    "core.*_openinghours",
    "core.*_substitution",
    "core.add_businesscalendar",
    "core.change_businesscalendar",
    "core.view_authoritylimit",
    "core.view_event",
    "core.view_timer",
    "customers.export_customer",
    "insights.add_channeltolerance",
    "insights.change_channeltolerance",
    "insights.view_channeltolerance",
    "customers.view_customersettings",
    "customers.view_valuebase",
    "staff.*_grouphours",
    "staff.*_shiftplan",
    "staff.*_shifttemplate",
    "staff.*_templateshift",
    "staff.add_peakplan",
    "staff.add_skillgroup",
    "staff.add_team",
    "staff.add_user",
    "staff.change_peakplan",
    "staff.change_skillgroup",
    "staff.change_team",
    "staff.view_presence",
    "staff.change_user",
    "tickets.*_slatarget",
    "tickets.add_routingrule",
    "tickets.add_slapolicy",
    "tickets.add_platformnorm",
    "tickets.add_stagenorm",
    "tickets.add_aftersaleslimit",
    "tickets.approve_compensation",
    "tickets.approve_exchange",
    "tickets.change_aftersaleslimit",
    "tickets.override_floor",
    "tickets.change_routingrule",
    "tickets.change_slapolicy",
    "tickets.change_platformnorm",
    "tickets.change_stagenorm",
    "tickets.export_ticket",
    "tickets.judge_abusereport",
    "tickets.supervise_ticket",
    "tickets.view_inboundmessage",
    "tickets.view_routingrule",
}

ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.AGENT.value: _AGENT,
    Role.LEAD.value: _LEAD,
    Role.SUPERVISOR.value: _SUPERVISOR,
    Role.ADMIN.value: frozenset({"*"}),
    Role.AUDITOR.value: frozenset({"*.view_*"}),
}


@lru_cache(maxsize=4096)
def role_may(role: str, codename: str) -> bool:
    """Whether the role's line of the table holds the codename. An unknown role holds nothing."""
    granted = ROLE_PERMISSIONS.get(role, frozenset())
    return codename in granted or any("*" in entry and fnmatchcase(codename, entry) for entry in granted)


@lru_cache(maxsize=512)
def role_enters(role: str, app_label: str) -> bool:
    """Whether the role holds any right in the app; the admin asks this for its menu."""
    return any(fnmatchcase(app_label, entry.partition(".")[0]) for entry in ROLE_PERMISSIONS.get(role, ()))
