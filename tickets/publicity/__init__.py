"""Public posts about complaints (连锁反应): what is said in public, how far it reaches, and what that changes."""
