"""A topology in a few words, for the machines' tests.

    topology(writer=Writer("i1", 1, "start", True), i1="writer", i2="reader 1", i3="reader 0 600")

An instance is `role tier cache`; a role of `gone` is a process that has ended, `-` one that does not serve yet.
"""

from __future__ import annotations

from aurorapy.cluster.topology import GONE, RUNNING, Condition, Endpoint, Instance, Process, Topology, Writer


def topology(writer: Writer | None = None, endpoints: dict[str, Endpoint] | None = None, **instances: str) -> Topology:
    found = Topology({"name": "t"}, {}, {}, endpoints or {}, {}, {}, writer)
    for name, text in instances.items():
        role, tier, cache = (text.split() + ["1", "0"][len(text.split()) - 1 :])[:3]
        number = int(name[1:])
        found.instances[name] = Instance(name, number, int(tier), "h1", f"h:{5000 + number}", f"h:{6000 + number}")
        is_gone = role == "gone"
        started = writer.number if writer is not None and writer.name == name and writer.how == "start" else 0
        found.processes[name] = Process(name, "instance", "h1", 1, 1, GONE if is_gone else RUNNING, role, started)
        is_open = role in ("writer", "reader")
        found.reports[name] = Condition(name, role if is_open else "", not is_gone, is_open, (3, 1), 0x100, 0, int(cache), 0)
    return found
