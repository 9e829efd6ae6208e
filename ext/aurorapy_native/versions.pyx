"""Versions of the catalog, by which every statement finds whether its plan still holds.

    validity (7, 2):  a plan made when shared.version + own_version was 7 and path_version 2

Not here: what moves them (aurorapy.catalog.cache, whose classes are these two's heirs).
"""
from libc.stdint cimport int64_t


cdef class SharedVersion:
    pass


cdef class SessionVersions:
    @property
    def version(self):
        """Grows whenever a name may mean something else."""
        return self.shared.version + self.own_version

    cdef bint stand(self, tuple validity) except -1:
        return <int64_t> validity[0] == self.shared.version + self.own_version and \
            <int64_t> validity[1] == self.path_version

    cdef int begun(self) except -1:
        if self._own is not None:
            self._drop_own()
        return 0
