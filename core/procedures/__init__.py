"""Procedures: a versioned template of steps, and runs of it on any subject.

A template (`Procedure`) has numbered versions whose steps name who does what by when, what must be ticked and
proven, and what must be true to go on. A run keeps the version it started with. Every step gives its department
a task; a department with nobody raises an alarm, so nothing stands still in silence. Floors above register what
a run can be about (`registry.SubjectKind`), answer its conditions and tell it news.
"""
