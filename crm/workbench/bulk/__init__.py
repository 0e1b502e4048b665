"""Many tickets at once: changes that can be taken back for a minute, and answers to an incident."""
