"""Text that is reviewed before anybody uses it: an identity row, numbered versions, a pointer to the live one."""
