"""Automatic judgement of incoming messages: a trained model when one is live, rules until then."""

from tickets.triage.judgement import Judgement

__all__ = ["Judgement"]
