# Versions of what a database's sessions know of the catalog: does a plan still hold?
from libc.stdint cimport int64_t

cdef class SharedVersion:
    """Of what is committed; aurorapy.catalog.cache.CatalogCache is the rest."""
    cdef public int64_t version

cdef class SessionVersions:
    """Of what one session sees; aurorapy.catalog.cache.SessionCatalog is the rest."""
    cdef public SharedVersion shared
    cdef public int64_t own_version      # grows as its transaction changes the catalog
    cdef public int64_t path_version     # grows with search_path
    cdef public object _own              # what it sees of its own changes; None: it made none

    # Does (catalog version, search path version) still stand?
    cdef bint stand(self, tuple validity) except -1
    # The session's next transaction has begun.
    cdef int begun(self) except -1
