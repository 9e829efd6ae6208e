"""Pruning: heap_prune.pyx holds the chapter. Nothing of it is called from Python."""
