"""Pages of the script library and the knowledge base: two kinds of reviewed texts, one set of pages."""
