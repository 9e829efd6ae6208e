"""CRC-32C of redo records, log batches and pages; the processor's instruction is found at run time (crc32c.c).

    crc32c(b"123456789") == 0xE3069283
    page = seal_page(page)            # bytes 8..12 hold the checksum from here to the reader
    verify_page(page)                 # True

A page's checksum is valid only outside memory: set when the page leaves a node, checked where it arrives. A page that
was never written is all zero and verifies. Errors: ValueError for a page that is not 8,192 bytes.
"""
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint32_t
from libc.string cimport memcpy

cdef extern from "crc32c.h" nogil:
    uint32_t (*aurorapy_crc32c)(uint32_t crc, const void* data, size_t n)
    uint32_t aurorapy_crc32c_software(uint32_t crc, const void* data, size_t n)
    const char* aurorapy_crc32c_start()

IMPLEMENTATION = (<bytes> aurorapy_crc32c_start()).decode()


cdef uint32_t crc_of(uint32_t crc, const void* data, size_t n) noexcept nogil:
    return aurorapy_crc32c(crc, data, n)


cdef uint32_t page_crc(const char* page) noexcept nogil:
    cdef uint32_t nothing = 0
    cdef uint32_t crc = aurorapy_crc32c(0, page, 8)
    crc = aurorapy_crc32c(crc, &nothing, 4)
    return aurorapy_crc32c(crc, page + 12, 8192 - 12)


def crc32c(data, uint32_t crc=0):
    """CRC-32C of `data`, continuing `crc`."""
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)      # a typed memoryview would cost more than 100 bytes' checksum
    crc = aurorapy_crc32c(crc, view.buf, view.len)
    PyBuffer_Release(&view)
    return crc


def crc32c_software(data, uint32_t crc=0):
    """The same by tables, whatever the processor can do: for tests."""
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    crc = aurorapy_crc32c_software(crc, view.buf, view.len)
    PyBuffer_Release(&view)
    return crc


def page_checksum(const unsigned char[::1] page not None):
    """The checksum the page should carry; its own field counts as zero."""
    if page.shape[0] != 8192:
        raise ValueError("a page is 8192 bytes")
    return page_crc(<const char*> &page[0])


def seal_page(page):
    """A copy of the page (8,192 bytes) with its checksum field set."""
    cdef Py_buffer view
    cdef bytes sealed
    cdef char* raw
    cdef uint32_t crc
    PyObject_GetBuffer(page, &view, PyBUF_SIMPLE)
    try:
        if view.len != 8192:
            raise ValueError("a page is 8192 bytes")
        sealed = PyBytes_FromStringAndSize(<const char*> view.buf, 8192)
    finally:
        PyBuffer_Release(&view)
    raw = PyBytes_AS_STRING(sealed)
    crc = page_crc(raw)
    memcpy(raw + 8, &crc, 4)
    return sealed


def verify_page(const unsigned char[::1] page not None):
    """True when the page carries its checksum, or is all zero (never written)."""
    cdef uint32_t stored
    cdef Py_ssize_t i
    if page.shape[0] != 8192:
        raise ValueError("a page is 8192 bytes")
    memcpy(&stored, &page[8], 4)
    if stored != 0:
        return page_crc(<const char*> &page[0]) == stored
    for i in range(8192):
        if page[i]:
            return page_crc(<const char*> &page[0]) == 0
    return True
