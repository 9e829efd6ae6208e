# The header of a hot log batch.
from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    HEADER = 80
    ALIGNED = 512        # batches begin on multiples of it

# `chain`: checksum of the batch before; of this one afterwards.
cdef bytes header_of(uint64_t position, uint32_t* chain, uint64_t durable, uint64_t epoch, uint64_t instance,
                     uint64_t vdl, uint32_t group, uint64_t prev, uint64_t last, bytes records)
