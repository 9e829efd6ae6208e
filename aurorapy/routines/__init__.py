"""Functions, procedures and triggers that users write.

A floor without rooms yet: CREATE FUNCTION is refused with 0A000.
"""
