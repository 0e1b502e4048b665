from crm.insights.models.budget import BudgetAlarm, CompensationBudget
from crm.insights.models.counts import ChannelTolerance, DayCount, PersonDayCount
from crm.insights.models.improvement import Improvement
from crm.insights.models.innovation import Innovation
from crm.insights.models.problem import Problem
from crm.insights.models.triage import TriageDay

__all__ = [
    "BudgetAlarm",
    "ChannelTolerance",
    "CompensationBudget",
    "DayCount",
    "Improvement",
    "Innovation",
    "PersonDayCount",
    "Problem",
    "TriageDay",
]
