"""Questions with versions, one-time invitations, one answer each.

made = invite(key="csat:ticket:7:1", version=version, subject_type="ticket", subject_id=7, expires_at=…)
link token: token_of(invitation) — derived, never stored; the row keeps only its hash
answer(token=…, raw={"score": 5, "comment": "…"})
"""
