"""What a superuser may do to the storage nodes of the volume, from SQL.

    select aurora_add_storage_node('d1=d:127.0.0.1:7007')
    select aurora_replace_storage_node('b1', 'b3=b:127.0.0.1:7008')    returns when b1 holds nothing any more
    select aurora_revert_storage_node('b3')                            from another session, while that is under way

The work is done in a task of its own: a call that is cancelled leaves it running.

    select aurora_inject_disk_failure(50, 0, true, 20)                 half of the copies of protection group 0, for 20 s
    select aurora_inject_disk_congestion(100, 2, false, 20, 0, 100)    all copies on the third node answer up to 100 ms late
    select aurora_inject_crash('instance')

Errors: 42501 for others; 22023 for what is no node, or none that can come or go; 0A000 for a volume in this process.

Not here: how it is done (`storage/volume/nodes.py`).
"""

from __future__ import annotations

from typing import Any, Callable

from aurorapy.errors import DatabaseError, FeatureNotSupported, InsufficientPrivilege
from aurorapy.storage.members import NodePlace
from aurorapy.storage.volume import FleetVolume, faults
from aurorapy.storage.volume.nodes import NodeRefused


class StorageNodes:
    """For one session."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def listed(self) -> list[tuple]:
        """(name, zone, address, copies)"""
        volume = self._session.instance.volume
        if not isinstance(volume, FleetVolume):
            return []
        return [(*place, volume.nodes.copies_on(place.name)) for place in volume.nodes.known()]

    def add(self, place: str) -> None:
        self._do("aurora_add_storage_node", lambda nodes: nodes.add(parsed(place)))

    def replace(self, leaves: str, place: str) -> int:
        return self._do("aurora_replace_storage_node", lambda nodes: nodes.replace(leaves, parsed(place)))

    def revert(self, comes: str) -> int:
        return self._do("aurora_revert_storage_node", lambda nodes: nodes.revert(comes))

    # -- faults on demand ----------------------------------------------------------------------------------------------

    def crash(self, what: str) -> None:
        """instance: this process. dispatcher: its way to the storage nodes. node: both."""
        self.check("aurora_inject_crash")
        if what not in ("instance", "dispatcher", "node"):
            raise NodeRefused(f'"{what}" cannot crash', hint="One of: instance, dispatcher, node.")
        instance = self._session.instance
        if what != "instance" and isinstance(instance.volume, FleetVolume):
            instance.volume.transport.reset()
        if what != "dispatcher":
            instance.host.crash()

    def fail(self, *fault: Any) -> int:
        return faults.fail(self.volume_for("aurora_inject_disk_failure"), *fault)

    def congest(self, *fault: Any) -> int:
        return faults.congest(self.volume_for("aurora_inject_disk_congestion"), *fault)

    def _do(self, function: str, work: Callable[[Any], Any]) -> Any:
        volume = self.volume_for(function)
        task = volume.host.tasks.spawn(kept, work, volume.nodes, name=function)
        task.join()
        if task.error is not None:
            raise task.error
        if isinstance(task.result, DatabaseError):
            raise task.result
        return task.result

    def check(self, function: str) -> None:
        if not self._session.facts.is_superuser:
            raise InsufficientPrivilege(f"permission denied for function {function}")

    def volume_for(self, function: str) -> FleetVolume:
        """The volume, if the session may do that to it."""
        self.check(function)
        volume = self._session.instance.volume
        if not isinstance(volume, FleetVolume):
            raise FeatureNotSupported("the volume of this server does not live on storage nodes")
        return volume


def kept(work: Callable[[Any], Any], nodes: Any) -> Any:
    """Its error as its result: nobody may be there any more to look at it."""
    try:
        return work(nodes)
    except DatabaseError as error:
        return error


def parsed(place: str) -> NodePlace:
    try:
        return NodePlace.parse(place)
    except ValueError as error:
        raise NodeRefused(str(error)) from None
