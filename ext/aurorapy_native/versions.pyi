"""Versions of the catalog: stub of versions.pyx, which holds the chapter."""

class SharedVersion:
    """Of what is committed."""

    version: int

class SessionVersions:
    """Of what one session sees."""

    shared: SharedVersion
    own_version: int
    path_version: int
    @property
    def version(self) -> int:
        """Grows whenever a name may mean something else."""
