"""Free extents side by side, and cut at the borders of protection groups: the arithmetic of `VolumeSpace.release`.

    neighbours([[32, 16, 700], [48, 64, 700], [200, 8, 900]], 800, 60)      [[[32, 16, 700], [48, 64, 700]]]
    by_group([(32, 16), (48, 64), (112, 40)], 128)                          {0: [[32, 96]], 1: [[128, 24]]}

Not here: what becomes of them (`space`).
"""

RELEASED = 0  # in the place of a free extent's LSN: storage knows of it


def neighbours(free, horizon, extents_max):
    """Free extents [start, pages, lsn, …] that nobody may read any more, in rows without a gap; rows in which all are
    released are left out. At most so many extents in all."""
    rows = []
    for entry in sorted(entry for entry in free if entry[2] <= horizon):
        if rows and rows[-1][-1][0] + rows[-1][-1][1] == entry[0]:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    found, left = [], extents_max
    for row in rows:
        first = next((at for at, entry in enumerate(row) if entry[2] != RELEASED), None)
        if first is None or not left:
            continue
        row = row[max(first - 1, 0) :][:left]  # with the one before, which it is joined to
        left -= len(row)
        found.append(row)
    return [row for row in found if any(entry[2] != RELEASED for entry in row)]


def by_group(ranges, group_pages):
    """Page ranges (start, pages), ascending, by protection group: {group: [[start, pages]…]}, joined and cut."""
    groups = {}
    for start, pages in ranges:
        while pages:
            part = min(pages, group_pages - start % group_pages)
            mine = groups.setdefault(start // group_pages, [])
            if mine and mine[-1][0] + mine[-1][1] == start:
                mine[-1][1] += part
            else:
                mine.append([start, part])
            start, pages = start + part, pages - part
    return groups
