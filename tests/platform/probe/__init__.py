"""An app for the fault tests only: a timer kind whose effects can be counted from outside."""
