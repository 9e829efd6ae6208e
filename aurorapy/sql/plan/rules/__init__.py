"""Rewrites of a numbered query that are good whatever the data, one a file, run once each in the order of `RULES`.

`number_relations` comes first because all others need relation ids that are unique in the statement. A rule is
`rule(query, planner) -> query`, returns a new query (or the same), and treats subqueries itself.

Not here: decisions that need costs (`sql.plan.paths`, `sql.plan.joins`).
"""

from __future__ import annotations

from aurorapy.sql.plan.rules.extremes_by_index import extremes_by_index
from aurorapy.sql.plan.rules.fold_constants import fold_constants
from aurorapy.sql.plan.rules.number_relations import number_relations
from aurorapy.sql.plan.rules.pull_up_subqueries import pull_up_subqueries
from aurorapy.sql.plan.rules.push_into_subqueries import push_into_subqueries
from aurorapy.sql.plan.rules.reduce_outer_joins import reduce_outer_joins
from aurorapy.sql.plan.rules.unnest_sublinks import unnest_sublinks

#: applied to each query level, from the outside in, before that level is planned
RULES = [fold_constants, pull_up_subqueries, unnest_sublinks, reduce_outer_joins, push_into_subqueries, extremes_by_index]

__all__ = ["RULES", "number_relations"]
