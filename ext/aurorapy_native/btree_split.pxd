# Images of B-tree pages: compacted, with an entry more or fewer, split in two. All in the caller's memory.
from libc.stdint cimport uint32_t
from aurorapy_native.btree_page cimport ENTRY_MAX

# What one level of a split needs. The page's entries and the new one are numbered together, from 0.
cdef struct LevelPlan:
    int position                     # of the new entry
    int split                        # entries of the left half
    uint32_t length                  # of the new entry
    uint32_t separator_length
    char[ENTRY_MAX] entry            # as the page stores it
    char[ENTRY_MAX] separator        # tid, key

# Chooses plan.split and plan.separator from position, entry and length.
cdef void choose_split(const char* page, LevelPlan* plan) noexcept nogil
cdef void make_halves(const char* page, LevelPlan* plan, uint32_t left_block, uint32_t right_block,
                      char* left, char* right) noexcept nogil

# The page without holes and with one more entry at line pointer `index`.
cdef void compact(const char* page, char* image, int index, const char* entry, uint32_t length) noexcept nogil
# The page without the line pointers at the given ascending indexes.
cdef void without(const char* page, char* image, const int* at, int n) noexcept nogil
# Can the page take the source's high key in place of its own; the page with it.
cdef bint high_key_fits(const char* page, const char* source) noexcept nogil
cdef void with_high_key_of(const char* page, const char* source, char* image) noexcept nogil
