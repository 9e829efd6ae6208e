"""A fleet of real processes: six storage nodes in three zones and their writers."""
