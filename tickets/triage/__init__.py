"""Automatic judgement of incoming messages: a trained model when one is live, rules until then."""

from tickets.triage.judgement import Judgement
from tickets.triage.judging import judge, judge_many

__all__ = ["Judgement", "judge", "judge_many"]
