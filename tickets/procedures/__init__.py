"""Procedures on tickets: what runs may ask and tell, the built-in ones, how the complaint SOP follows its ticket."""
