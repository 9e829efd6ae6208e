"""The control plane: its machines, both state stores, and whole clusters of real processes."""
