"""A fleet of storage nodes and its writers in one virtual time: `python -m tests.sim --fleet`."""
