"""Statutory deadlines, disputes, evidence, investigations and reviews by legal staff.

Other parts of the product begin and end deadlines here:

    start_clock(rule="refund.after_receipt", key=f"after_sales:{row.pk}", ticket=ticket, started_at=at, actor=actor)
    meet_clock(rule="refund.after_receipt", key=f"after_sales:{row.pk}", at=paid_at, actor=actor)
"""

from tickets.services.legal.clocks import drop_clock, meet_clock, start_clock

__all__ = ["drop_clock", "meet_clock", "start_clock"]
