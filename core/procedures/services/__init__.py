"""Writing departments, templates, runs and tasks."""
