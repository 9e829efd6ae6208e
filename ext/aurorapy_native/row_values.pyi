"""Values from their bytes: row_values.pyx holds the chapter. Nothing of it is called from Python."""
