# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Timestamps and dates in ISO form, in and out: the short way of `aurorapy.types.timestamps` and `dates`.

    show_timestamp(634_000_000_500_000) → "2020-02-02 23:06:40.5"
    show_timestamptz(0, 3600) → "2000-01-01 01:00:00+01"
    read_timestamp("2020-02-02 23:06:40.5+01") → (634000000500000, 3600)      read_timestamp("Feb 2 2020") → None

Values are microseconds since 2000-01-01, offsets seconds east of UTC. Reading takes only what every style and setting
reads alike, `YYYY-MM-DD hh:mm:ss[.ffffff][zone]` with all fields in range, and returns None for anything else, errors
included: the Python decoder then has the word.

Not here: other texts, infinities, ranges (the callers check), which offset holds (`types.timezones`).
"""

from libc.stdint cimport int64_t

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL
    object PyUnicode_FromKindAndData(int kind, const void *data, Py_ssize_t size)

cdef int64_t DAY = 86400000000


cdef inline char *put2(char *out, int64_t value) noexcept nogil:
    out[0] = <char>(48 + value // 10)
    out[1] = <char>(48 + value % 10)
    return out + 2


cdef char *put_year(char *out, int64_t year) noexcept nogil:
    """At least four digits."""
    cdef char digits[24]
    cdef int count = 0
    while year > 0 or count < 4:
        digits[count] = <char>(48 + year % 10)
        year = year // 10
        count += 1
    while count > 0:
        count -= 1
        out[0] = digits[count]
        out += 1
    return out


cdef char *put_date(char *out, int64_t days, bint *before_christ) noexcept nogil:
    cdef int64_t cycles, rest, century, fours, years, month, day, year
    days -= 60
    cycles = days // 146097
    rest = days % 146097
    if rest < 0:
        rest += 146097
        cycles -= 1
    century = rest // 36524
    if century > 3:
        century = 3
    rest -= century * 36524
    fours = rest // 1461
    rest -= fours * 1461
    years = rest // 365
    if years > 3:
        years = 3
    rest -= years * 365
    month = (5 * rest + 2) // 153
    day = rest - (153 * month + 2) // 5 + 1
    year = 2000 + 400 * cycles + 100 * century + 4 * fours + years
    if month < 10:
        month += 3
    else:
        month -= 9
        year += 1
    before_christ[0] = year <= 0
    out = put_year(out, year if year > 0 else 1 - year)
    out[0] = c"-"
    out = put2(out + 1, month)
    out[0] = c"-"
    return put2(out + 1, day)


cdef char *put_time(char *out, int64_t micros) noexcept nogil:
    cdef int64_t seconds = micros // 1000000
    cdef int digits, place
    micros %= 1000000
    out = put2(out, seconds // 3600)
    out[0] = c":"
    out = put2(out + 1, seconds // 60 % 60)
    out[0] = c":"
    out = put2(out + 1, seconds % 60)
    if micros:
        out[0] = c"."
        out += 1
        digits = 6
        while micros % 10 == 0:
            micros = micros // 10
            digits -= 1
        out += digits
        for place in range(1, digits + 1):
            out[-place] = <char>(48 + micros % 10)
            micros = micros // 10
    return out


cdef char *put_offset(char *out, int64_t offset) noexcept nogil:
    out[0] = c"-" if offset < 0 else c"+"
    if offset < 0:
        offset = -offset
    out = put2(out + 1, offset // 3600)
    if offset % 3600:
        out[0] = c":"
        out = put2(out + 1, offset // 60 % 60)
        if offset % 60:
            out[0] = c":"
            out = put2(out + 1, offset % 60)
    return out


cdef object text_of(int64_t local, bint with_zone, int64_t offset):
    cdef char buffer[64]
    cdef char *out
    cdef bint before_christ = False
    cdef int64_t days = local // DAY
    cdef int64_t micros = local % DAY
    if micros < 0:
        micros += DAY
        days -= 1
    out = put_date(buffer, days, &before_christ)
    out[0] = c" "
    out = put_time(out + 1, micros)
    if with_zone:
        out = put_offset(out, offset)
    if before_christ:
        out[0] = c" "
        out[1] = c"B"
        out[2] = c"C"
        out += 3
    return PyUnicode_FromKindAndData(1, buffer, out - buffer)


def show_timestamp(int64_t micros):
    """ISO text of a finite timestamp."""
    return text_of(micros, False, 0)


def show_timestamptz(int64_t micros, int64_t offset):
    """ISO text of a finite timestamptz on a clock `offset` seconds east of UTC."""
    return text_of(micros + offset * 1000000, True, offset)


def show_date(int64_t days):
    """ISO text of a finite date."""
    cdef char buffer[40]
    cdef bint before_christ = False
    cdef char *out = put_date(buffer, days, &before_christ)
    if before_christ:
        out[0] = c" "
        out[1] = c"B"
        out[2] = c"C"
        out += 3
    return PyUnicode_FromKindAndData(1, buffer, out - buffer)


cdef inline int two(const char *text) noexcept nogil:
    """Two digits, or -1."""
    cdef int high = text[0] - 48
    cdef int low = text[1] - 48
    if high < 0 or high > 9 or low < 0 or low > 9:
        return -1
    return high * 10 + low


cdef int64_t days_of(const char *text) noexcept nogil:
    """Days of `YYYY-MM-DD` with everything in range; a value beyond any date otherwise."""
    cdef int century = two(text)
    cdef int year = two(text + 2)
    cdef int month = two(text + 5)
    cdef int day = two(text + 8)
    cdef int64_t y
    if century < 0 or year < 0 or text[4] != c"-" or text[7] != c"-" or month < 1 or month > 12 or day < 1 or day > 31:
        return NO_DATE
    year += century * 100
    if year == 0:
        return NO_DATE
    if day > 28:
        if month == 2:
            if day > 29 or year % 4 or (year % 100 == 0 and year % 400):
                return NO_DATE
        elif day > 30 and (month == 4 or month == 6 or month == 9 or month == 11):
            return NO_DATE
    y = year
    if month <= 2:
        y -= 1
        month += 12
    return 365 * (y - 2000) + y // 4 - y // 100 + y // 400 - 485 + (153 * (month - 3) + 2) // 5 + day + 59


def read_date(str text):
    """Days since 2000-01-01 of `YYYY-MM-DD`, or None."""
    cdef Py_ssize_t size
    cdef const char *raw = PyUnicode_AsUTF8AndSize(text, &size)
    cdef int64_t days
    if size != 10:
        return None
    days = days_of(raw)
    return None if days == NO_DATE else days


def read_timestamp(str text):
    """(microseconds as written, zone's seconds east of UTC or None), or None for any other text."""
    cdef Py_ssize_t size
    cdef const char *raw = PyUnicode_AsUTF8AndSize(text, &size)
    cdef int64_t micros = 0
    cdef int zone = 0
    cdef int form = timestamp_of(raw, size, &micros, &zone)
    if form == 0:
        return None
    return micros, zone if form == 2 else None


cdef int timestamp_of(const char *raw, Py_ssize_t size, int64_t *value, int *zone) noexcept nogil:
    """0 another text, 1 without a zone, 2 with one. Behind `raw` stands a byte that is no digit."""
    cdef const char *end = raw + size
    cdef int64_t days, micros = 0, unit = 100000
    cdef int hour, minute, second, zone_hour, zone_minute = 0
    if size < 19:
        return 0
    days = days_of(raw)
    hour, minute, second = two(raw + 11), two(raw + 14), two(raw + 17)
    if (days == NO_DATE or (raw[10] != c" " and raw[10] != c"T") or raw[13] != c":" or raw[16] != c":"
            or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59):
        return 0
    raw += 19
    if raw < end and raw[0] == c".":
        raw += 1
        if not c"0" <= raw[0] <= c"9":
            return 0
        while raw < end and c"0" <= raw[0] <= c"9":
            if unit == 0:
                return 0
            micros += unit * (raw[0] - 48)
            unit = unit // 10
            raw += 1
    value[0] = micros + ((days * 24 + hour) * 60 + minute) * 60000000 + second * <int64_t>1000000
    zone[0] = 0
    if raw == end:
        return 1
    if raw[0] == c"Z" and raw + 1 == end:
        return 2
    if (raw[0] != c"+" and raw[0] != c"-") or end - raw < 3:
        return 0
    zone_hour = two(raw + 1)
    if end - raw == 6 and raw[3] == c":":
        zone_minute = two(raw + 4)
    elif end - raw == 5:
        zone_minute = two(raw + 3)
    elif end - raw != 3:
        return 0
    if zone_hour < 0 or zone_hour > 15 or zone_minute < 0 or zone_minute > 59:
        return 0
    second = (zone_hour * 60 + zone_minute) * 60
    zone[0] = -second if raw[0] == c"-" else second
    return 2
