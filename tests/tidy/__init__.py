"""The manners of the code base, kept by tests: floors, chapters, lengths, forbidden imports, stubs, the tour."""
