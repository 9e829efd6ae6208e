"""Hand-written expressions of dates, times and intervals for the golden tables.

Not here: the other families (`families`).
"""

from __future__ import annotations

TIME = {
    "datetime": """
date '2024-01-31' + 1
date '2024-01-31' - 31
date '2024-01-31' + interval '1 month'
date '2024-03-31' - interval '1 month'
date '2024-03-01' - date '2024-02-01'
date '2024-01-01' + time '10:00'
timestamp '2024-01-31 10:00' + interval '1 month 1 day'
timestamptz '2024-03-30 12:00' + interval '1 day'
timestamptz '2024-03-30 12:00' + interval '24 hours'
timestamptz '2024-10-27 00:30:00+00' + interval '1 hour'
timestamp '2024-03-01 12:00' - timestamp '2024-01-01'
timestamptz '2024-03-01 12:00' - timestamptz '2023-01-01'
time '10:00' + interval '15 hours'
time '10:00' - time '08:30'
interval '1 day' + interval '25 hours'
interval '1 month' * 0.5
interval '1 day' * 1.5
interval '1 mon 1 day 1 hour' / 3
interval '1 year' / 7
- interval '1 day'
interval '1 day' = interval '24 hours'
interval '1 month' > interval '29 days'
age(timestamp '2024-03-01', timestamp '2023-01-31')
age(timestamp '2023-01-31', timestamp '2024-03-01 10:00')
age(timestamptz '2024-03-31 12:00', timestamptz '2024-01-01')
date_trunc('month', timestamp '2024-02-29 13:45')
date_trunc('week', timestamp '2024-02-29 13:45')
date_trunc('quarter', date '2024-05-05')
date_trunc('day', timestamptz '2024-03-31 23:30+00')
date_trunc('hour', timestamptz '2024-03-31 01:30+00')
date_trunc('day', timestamptz '2024-03-31 23:30+00', 'Australia/Sydney')
date_trunc('decade', timestamp '2024-02-29')
date_trunc('century', timestamp '2001-01-01')
date_trunc('millennium', timestamp '2000-01-01')
date_trunc('milliseconds', timestamp '2024-01-01 00:00:00.123456')
date_trunc('hour', interval '1 day 13:45:10')
date_trunc('month', interval '14 mons 3 days')
date_trunc('foo', timestamp '2024-01-01')
date_bin('15 minutes', timestamp '2024-02-11 15:44:17', timestamp '2001-01-01')
date_bin('1 month', timestamp '2024-02-11', timestamp '2001-01-01')
extract(year from date '2024-02-29')
extract(epoch from timestamp '2024-02-29 12:00:00.5')
extract(epoch from timestamptz '2024-02-29 12:00:00.5+00')
extract(epoch from date '2024-02-29')
extract(epoch from interval '1 year 2 mons 3 days 04:05:06.7')
extract(dow from date '2024-03-03')
extract(isodow from date '2024-03-03')
extract(doy from date '2024-12-31')
extract(week from date '2021-01-03')
extract(isoyear from date '2021-01-03')
extract(quarter from timestamp '2024-05-01')
extract(century from date '2000-12-31')
extract(millennium from date '2001-01-01')
extract(decade from date '1995-01-01')
extract(julian from timestamp '2024-01-01 06:00')
extract(second from time '10:11:12.345')
extract(milliseconds from time '10:11:12.345')
extract(microseconds from interval '1.5 seconds')
extract(timezone from timestamptz '2024-07-01 00:00+00')
extract(timezone_hour from timestamptz '2024-07-01 00:00+00')
extract(hour from interval '-25 hours')
extract(hour from date '2024-01-01')
extract(foo from timestamp '2024-01-01')
date_part('hour', timestamp '2024-01-01 10:30')
date_part('second', interval '1 minute 5.5 seconds')
make_date(2024, 2, 29)
make_date(2023, 2, 29)
make_date(-44, 3, 15)
make_time(8, 15, 23.5)
make_timestamp(2024, 1, 2, 3, 4, 5.5)
make_timestamptz(2024, 7, 1, 12, 0, 0)
make_timestamptz(2024, 7, 1, 12, 0, 0, 'America/New_York')
make_interval(1, 2, 3, 4, 5, 6, 7.5)
make_interval(days => 10)
make_interval()
timestamp '2024-07-01 12:00' at time zone 'America/New_York'
timestamptz '2024-07-01 12:00+00' at time zone 'America/New_York'
timestamptz '2024-07-01 12:00+00' at time zone 'PST'
timestamptz '2024-07-01 12:00+00' at time zone interval '-3 hours'
timestamptz '2024-07-01 12:00+00' at time zone 'UTC+3'
timestamp '2024-07-01 12:00' at time zone 'nowhere'
to_timestamp(1700000000.5)
justify_hours(interval '27 hours')
justify_days(interval '35 days')
justify_interval(interval '1 mon -1 hour')
isfinite(date 'infinity')
isfinite(timestamp '2024-01-01')
(date '2024-01-01', date '2024-06-01') overlaps (date '2024-05-01', date '2024-07-01')
(date '2024-01-01', interval '10 days') overlaps (date '2024-01-11', date '2024-07-01')
(time '10:00', time '11:00') overlaps (time '11:00', time '12:00')
date '2024-01-01' < timestamp '2024-01-01 00:00:01'
date '2024-01-01' = timestamptz '2024-01-01 00:00+01'
timestamp '2024-01-01' < timestamptz '2024-01-01 00:00+00'
timestamp '2024-01-01 10:00'::date
timestamptz '2024-01-01 23:30+00'::date
timestamptz '2024-01-01 23:30+00'::timestamp
timestamptz '2024-01-01 23:30+00'::time
timestamp '2024-01-01 10:00:00.6'::timestamp(0)
'2024-01-01'::date::timestamptz
interval '25:30'::time
time '10:00'::interval
interval '1 day 02:03:04'::interval day
date 'infinity' + 1
date '5874897-12-31' + 1
timestamp '294276-12-31' + interval '1 day'
to_char(timestamp '2024-02-09 08:05:03.012345', 'YYYY-MM-DD HH24:MI:SS')
to_char(timestamp '2024-02-09 18:05:03.012345', 'Day, DD Mon YYYY HH12:MI:SS AM')
to_char(timestamp '2024-02-09 18:05:03.012345', 'FMDay, FMDD FMMonth YYYY')
to_char(timestamp '2024-02-09 18:05:03.012345', 'DY dy Dy MONTH month Mon mon')
to_char(timestamp '2024-02-09 18:05:03.012345', 'MS US FF1 FF3 FF6')
to_char(timestamp '2024-02-09 18:05:03.012345', 'Q WW IW W D ID DDD J CC IYYY IYY')
to_char(timestamp '2024-02-09 18:05:03.012345', 'YYY YY Y Y,YYY RM rm')
to_char(timestamp '2024-02-09 18:05:03.012345', 'SSSS SSSSS DDth Dth "quoted YYYY" \\YYYY')
to_char(timestamp '2024-02-09 00:05:03', 'HH HH12 HH24 a.m. P.M. am')
to_char(timestamp '0044-03-15 BC', 'YYYY-MM-DD BC b.c. AD')
to_char(timestamptz '2024-07-01 12:00+00', 'HH24 TZ tz OF TZH:TZM')
to_char(interval '1 year 2 mons 3 days 04:05:06', 'YYYY-MM-DD HH24:MI:SS')
to_char(interval '100 hours', 'HH24:MI')
to_char(date '2024-02-09', 'YYYYMMDD')
to_char(timestamp 'infinity', 'YYYY')
to_date('2024-02-09', 'YYYY-MM-DD')
to_date('09 Feb 2024', 'DD Mon YYYY')
to_date('20240209', 'YYYYMMDD')
to_date('2024-13-01', 'YYYY-MM-DD')
to_date('2024-02-30', 'YYYY-MM-DD')
to_date('abc', 'YYYY')
to_date('2024 045', 'YYYY DDD')
to_date('15 march 99', 'DD Month YY')
to_timestamp('2024-02-09 18:05:03', 'YYYY-MM-DD HH24:MI:SS')
to_timestamp('2024-02-09 06:05 PM', 'YYYY-MM-DD HH12:MI AM')
to_timestamp('2024-02-09 18:05:03.123', 'YYYY-MM-DD HH24:MI:SS.MS')
to_timestamp('2024-02-09 25:00', 'YYYY-MM-DD HH24:MI')
to_timestamp('1700000', 'SSSS')
""",
}
