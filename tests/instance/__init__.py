"""A running instance: the messages between instances, readers, promotion."""
