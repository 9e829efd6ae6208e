"""Rewriting B-tree pages: stub of btree_split.pyx, which holds the chapter. It exports C functions only."""
