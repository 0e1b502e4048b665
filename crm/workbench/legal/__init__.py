"""Pages of legal work: the board of statutory deadlines, disputes, evidence, investigations, facts about claims."""
