"""How well the team works: quality checks of conversations, drawn by rules that can be reckoned again."""
