"""Every built-in function, a family a file; importing this package fills the registry.

comparison · integers · floats · numerics · mathematics (arithmetic) | strings · patterns · formatting · binary (text and
bytes) | datetime_arithmetic · datetime_fields · datetime_format (dates) | arrays · jsonb · json_build · json_expand |
sequences · system · catalog_info · privileges (the session and the catalog) | aggregates_* · windows | casts · operators (tables
over the rest, last).

Modules without a family of their own: zones (time zones), decimal_rules (numeric's scales), regex (POSIX to Python).

Not here: functions that users create (routines).
"""

import importlib

FAMILIES = (
    "comparison",
    "integers",
    "floats",
    "numerics",
    "strings",
    "patterns",
    "aggregates",
    "aggregates_statistics",
    "arrays",
    "sequences",
    "system",
    "catalog_info",
    "privileges",
    "datetime_arithmetic",
    "datetime_fields",
    "jsonb",
    "json_build",
    "json_expand",
    "mathematics",
    "formatting",
    "binary",
    "aggregates_ordered",
    "windows",
    "datetime_format",
    "activity",
    "aurora",
    "aurora_stats",
)

for _family in (*FAMILIES, "operators", "casts"):
    importlib.import_module(f"{__name__}.{_family}")
