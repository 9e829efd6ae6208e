"""Physical operators over single rows: the code generator and what its code calls."""
