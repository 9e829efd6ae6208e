"""The control plane: which instances and nodes exist, who is writer, failover, endpoints.

    store          what the hosts of a cluster agree on: keys with revisions, in SQLite or (etcd) on several hosts
    topology       those keys as values: nodes, instances, endpoints, the writer, what runs where
    mirror         the store as a process last heard it; writes to it, without waiting in the loop
    layout         a new cluster: names, zones, ports
    supervision    which processes shall run on this host (a machine)       processes    starting and watching them
    detector       who has fallen silent (a machine)                        links        asking instances how they are
    failover       who shall be writer (a machine)                          leader       the one that decides, by a lease
    routing        which instances an endpoint leads to                     endpoint     the process that clients come to
    supervisor     one process a host that puts the above together
    configuration  a cluster on several hosts, from a file            changes, asking  what a command changes
    command        `aurorapy cluster …`                                     status       what it shows

        command ──writes──▶ store ◀──reads── supervisor ──starts──▶ nodes, instances, endpoint
                              ▲                  └ leader ── Promote, Follow, StepDown ──▶ instances
                              └────reads──── endpoint ◀── clients

Everybody acts on what the store says and says in the store what it has done; nobody is told twice. A process that dies is
seen by its supervisor at once (pidfd). Safety rests on none of this: the volume epoch alone decides who may write.

Not here: SQL, pages, the instances' own talk (`instance`).
"""
