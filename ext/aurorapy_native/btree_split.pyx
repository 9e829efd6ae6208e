"""How a B-tree page looks after a change that rewrites it: compaction, removal of many entries, a split.

    full page + "g"      a c e | i k        separator "g": the shortest that divides e from i with g in the left half
    left                 high "h…" · a c e g
    right                high as before · i k

Nothing here touches a frame or the log: pages go in, images come out, and `btree` puts them in place.
"""

from libc.stdint cimport uint16_t, uint32_t, int64_t

from aurorapy_native.btree_page cimport *
from aurorapy_native.page cimport PageHeader

cdef enum:
    FILL_RIGHTMOST = 90      # percent of a rightmost page kept in its left half when its end splits


cdef void copy_head(const char* page, char* image) noexcept nogil:
    image_init(image, (<PageHeader*>page).owner, special(page).level, special(page).left, special(page).right, 0)
    (<PageHeader*>image).pruned_to = (<PageHeader*>page).pruned_to


cdef void compact(const char* page, char* image, int index, const char* entry, uint32_t length) noexcept nogil:
    # The page without holes and with one more entry.
    cdef int i
    copy_head(page, image)
    for i in range(page_count(page)):
        if i == index:
            image_append(image, entry, length)
        image_append(image, entry_at(page, i), entry_length(page, i))
    if index == page_count(page):
        image_append(image, entry, length)


cdef void without(const char* page, char* image, const int* at, int n) noexcept nogil:
    # The page without the entries at the given ascending indexes.
    cdef int i, next_gone = 0
    copy_head(page, image)
    for i in range(page_count(page)):
        if next_gone < n and at[next_gone] == i:
            next_gone += 1
        else:
            image_append(image, entry_at(page, i), entry_length(page, i))


cdef bint high_key_fits(const char* left, const char* source) noexcept nogil:
    return total_free(left) + entry_length(left, 0) >= entry_length(source, 0)


cdef void with_high_key_of(const char* left, const char* source, char* image) noexcept nogil:
    cdef int i
    copy_head(left, image)
    image_append(image, entry_at(source, 0), entry_length(source, 0))
    for i in range(1, page_count(left)):
        image_append(image, entry_at(left, i), entry_length(left, i))


# ---- splitting: the page's entries and the new one are numbered together from 0 ----

cdef const char* item_at(const char* page, LevelPlan* plan, int i, uint32_t* length) noexcept nogil:
    cdef int index
    if i == plan.position:
        length[0] = plan.length
        return plan.entry
    index = first_entry(page) + (i if i < plan.position else i - 1)
    length[0] = entry_length(page, index)
    return entry_at(page, index)


cdef uint32_t separator(const char* page, LevelPlan* plan, int split, char* out) noexcept nogil:
    # Length of the bound between the halves (tid, key); written to `out` unless that is NULL.
    cdef uint32_t left_length, right_length, common = 0
    cdef int prefix = prefix_of(page)
    cdef const char* left = item_at(page, plan, split - 1, &left_length)
    cdef const char* right = item_at(page, plan, split, &right_length)
    if prefix:
        if out != NULL:
            memcpy(out, right + prefix, right_length - prefix)
        return right_length - prefix
    while common < left_length - 6 and common < right_length - 6 and left[6 + common] == right[6 + common]:
        common += 1
    if common == right_length - 6:       # equal keys: only the tids differ
        if out != NULL:
            memcpy(out, right, right_length)
        return right_length
    if out != NULL:
        put_tid(out, 0)
        memcpy(out + 6, right + 6, common + 1)
    return 7 + common


cdef void choose_split(const char* page, LevelPlan* plan) noexcept nogil:
    # The place nearest to the middle (or to 90 % when appending to a rightmost page) at which both halves fit.
    cdef int items = page_count(page) - first_entry(page) + 1
    cdef int prefix = prefix_of(page)
    cdef uint32_t high = 0 if special(page).right == NO_BLOCK else entry_length(page, 0) + 4
    cdef uint32_t total = 0, left = 0, right, length, bound
    cdef int64_t target, cost, best = -1
    cdef int i
    for i in range(items):
        item_at(page, plan, i, &length)
        total += length + 4
    target = total // 2
    if special(page).right == NO_BLOCK and plan.position == items - 1:
        target = PAGE_CAPACITY * FILL_RIGHTMOST // 100
    for i in range(1, items):
        item_at(page, plan, i - 1, &length)
        left += length + 4
        right = total - left + high
        if prefix:                       # the right half's first entry loses its key
            item_at(page, plan, i, &length)
            right -= length - 10
        bound = separator(page, plan, i, NULL) + prefix + 4
        if left + bound > PAGE_CAPACITY or right > PAGE_CAPACITY:
            continue
        cost = left - target if left > target else target - left
        cost += 2 * bound
        if best < 0 or cost < best:
            best = cost
            plan.split = i
    plan.separator_length = separator(page, plan, plan.split, plan.separator)


cdef void make_halves(const char* page, LevelPlan* plan, uint32_t left_block, uint32_t right_block,
                      char* left, char* right) noexcept nogil:
    cdef int items = page_count(page) - first_entry(page) + 1
    cdef int prefix = prefix_of(page)
    cdef uint32_t owner = (<PageHeader*>page).owner, length
    cdef uint16_t level = special(page).level
    cdef char[ENTRY_MAX] bound
    cdef const char* item
    cdef int i
    image_init(left, owner, level, special(page).left, right_block, 0)
    image_init(right, owner, level, left_block, special(page).right, 0)
    (<PageHeader*>left).pruned_to = (<PageHeader*>right).pruned_to = (<PageHeader*>page).pruned_to
    memset(bound, 0, 4)
    memcpy(bound + prefix, plan.separator, plan.separator_length)
    image_append(left, bound, prefix + plan.separator_length)
    if special(page).right != NO_BLOCK:
        image_append(right, entry_at(page, 0), entry_length(page, 0))
    for i in range(items):
        item = item_at(page, plan, i, &length)
        if i < plan.split:
            image_append(left, item, length)
        elif i == plan.split and prefix:
            memset(bound, 0, 10)
            memcpy(bound, item, 4)
            image_append(right, bound, 10)
        else:
            image_append(right, item, length)
