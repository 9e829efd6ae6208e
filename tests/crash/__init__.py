"""Crashes of a real server under load: what was acknowledged must be there afterwards.

    python -m tests.crash kill9 --rounds 50 --clients 16
    python -m tests.crash powercut --rounds 30            root: an ext4 in a loop file, shut down by ioctl
    python -m tests.crash fleet-powercut --rounds 50      two of six storage nodes; with --all all six and the writer

A round: start, let the clients write for a random while, crash, `aurorapy verify`, start again, compare with what the
clients noted. All rounds use one directory, so every one checks the earlier ones' rows too.

| file | is |
|---|---|
| `ledger.py` | what clients were told: acknowledged, in doubt, sequence values seen; and the comparison |
| `writers.py` | the clients, each on a thread, in three ways of talking |
| `rounds.py` | the loop both crashes share |
| `fleet.py` | power cuts of storage nodes |
| `disk.py` | a file system that loses its cache |
"""
