# CRC-32C of records, batches and pages.
from libc.stdint cimport uint32_t

# Continues `crc` (0 to begin) over n bytes.
cdef uint32_t crc_of(uint32_t crc, const void* data, size_t n) noexcept nogil
# Of an 8 KiB page with its checksum field (bytes 8..12) taken as zero.
cdef uint32_t page_crc(const char* page) noexcept nogil
