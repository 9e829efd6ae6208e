"""Looking through one column of a list of rows, for who sorts them.

    has_null([(1, None), (2, 'x')], 1)          → True
    is_even([('ab ',), ('cd ',)], 0)            → True: texts of one length without control characters

Values of character(n) compare without their trailing blanks. When all are of one length and no character sorts before
the blank, they compare so as they stand: the shorter of two texts is continued by blanks, which are below what the
longer one has there.

Not here: the order (execute/rows/row_order.py).
"""

from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    int PyUnicode_KIND(object text)
    const uint8_t* PyUnicode_1BYTE_DATA(object text)


def has_null(list rows not None, Py_ssize_t place):
    """Is a value at `place` None?"""
    cdef Py_ssize_t i
    check(rows, place)
    for i in range(PyList_GET_SIZE(rows)):
        if PyTuple_GET_ITEM(<object> PyList_GET_ITEM(rows, i), place) == <PyObject*> None:
            return True
    return False


def is_even(list rows not None, Py_ssize_t place):
    """Are the values at `place` texts of one length, in characters up to U+00FF and none of them below the blank?"""
    cdef Py_ssize_t i, length = -1
    cdef object value
    check(rows, place)
    for i in range(PyList_GET_SIZE(rows)):
        value = <object> PyTuple_GET_ITEM(<object> PyList_GET_ITEM(rows, i), place)
        if type(value) is not str or PyUnicode_KIND(value) != 1:
            return False
        if length < 0:
            length = PyUnicode_GET_LENGTH(value)
        elif PyUnicode_GET_LENGTH(value) != length:
            return False
        if has_control(PyUnicode_1BYTE_DATA(value), length):
            return False
    return True


cdef bint has_control(const uint8_t* s, Py_ssize_t n) noexcept nogil:
    # A byte below 32: eight at a time, where one that borrows from its neighbour's top bit shows.
    cdef uint64_t eight, low = 0
    while n >= 8:
        memcpy(&eight, s, 8)
        low |= (eight - <uint64_t> 0x2020202020202020U) & ~eight & <uint64_t> 0x8080808080808080U
        s += 8
        n -= 8
    while n:
        low |= s[0] < 32
        s += 1
        n -= 1
    return low != 0


cdef int check(list rows, Py_ssize_t place) except -1:
    # The rows of one list are of one width.
    if PyList_GET_SIZE(rows) and not 0 <= place < len(<tuple?> rows[0]):
        raise IndexError(place)
    return 0
