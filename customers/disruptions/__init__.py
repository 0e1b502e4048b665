"""Service disruptions: who is concerned, live updates, alternatives, and a plan applied once to each order."""
