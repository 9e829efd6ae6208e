"""Every operator, one a line, over the functions of the other families.

    OID name left right function-OID commutator negator flags B-tree-strategy estimator

`-` stands for none; flags: m merges, h hashes; the strategy (1 < 2 <= 3 = 4 >= 5 >) is that of the type's default class.
Two entries share a line where they fit.

Not here: what the functions do.
"""

from aurorapy.expressions.registry import operator

_TABLE = """
15 = int4 int8 852 = <> mh 3 eq; 36 <> int4 int8 853 <> = - 0 neq; 37 < int4 int8 854 > >= - 1 lt
58 < bool bool 56 > >= - 1 lt; 59 > bool bool 57 < <= - 5 gt; 76 > int4 int8 855 < <= - 5 gt
80 <= int4 int8 856 >= > - 2 le; 82 >= int4 int8 857 <= < - 4 ge; 85 <> bool bool 84 <> = - 0 neq
91 = bool bool 60 = <> mh 3 eq; 92 = char char 61 = <> mh 3 eq; 93 = name name 62 = <> mh 3 eq
94 = int2 int2 63 = <> mh 3 eq; 95 < int2 int2 64 > >= - 1 lt; 96 = int4 int4 65 = <> mh 3 eq
97 < int4 int4 66 > >= - 1 lt; 98 = text text 67 = <> mh 3 eq; 254 = name text 240 = <> mh 3 eq
255 < name text 241 > >= - 1 lt; 256 <= name text 242 >= > - 2 le; 257 >= name text 243 <= < - 4 ge
258 > name text 244 < <= - 5 gt; 259 <> name text 245 <> = - 0 neq; 260 = text name 247 = <> mh 3 eq
261 < text name 248 > >= - 1 lt; 262 <= text name 249 >= > - 2 le; 263 >= text name 250 <= < - 4 ge
264 > text name 251 < <= - 5 gt; 265 <> text name 252 <> = - 0 neq
349 || anycompatiblearray anycompatible 378 - - - 0 -; 352 = xid xid 68 = <> h 0 eq; 353 = xid int4 1319 - <> - 0 eq
374 || anycompatible anycompatiblearray 379 - - - 0 -; 375 || anycompatiblearray anycompatiblearray 383 - - - 0 -
385 = cid cid 69 = - h 0 eq; 387 = tid tid 1292 = <> mh 3 eq; 402 <> tid tid 1265 <> = - 0 neq
410 = int8 int8 467 = <> mh 3 eq; 411 <> int8 int8 468 <> = - 0 neq; 412 < int8 int8 469 > >= - 1 lt
413 > int8 int8 470 < <= - 5 gt; 414 <= int8 int8 471 >= > - 2 le; 415 >= int8 int8 472 <= < - 4 ge
416 = int8 int4 474 = <> mh 3 eq; 417 <> int8 int4 475 <> = - 0 neq; 418 < int8 int4 476 > >= - 1 lt
419 > int8 int4 477 < <= - 5 gt; 420 <= int8 int4 478 >= > - 2 le; 430 >= int8 int4 479 <= < - 4 ge
439 % int8 int8 945 - - - 0 -; 473 @ - int8 1230 - - - 0 -; 484 - - int8 462 - - - 0 -; 514 * int4 int4 141 * - - 0 -
518 <> int4 int4 144 <> = - 0 neq; 519 <> int2 int2 145 <> = - 0 neq; 520 > int2 int2 146 < <= - 5 gt
521 > int4 int4 147 < <= - 5 gt; 522 <= int2 int2 148 >= > - 2 le; 523 <= int4 int4 149 >= > - 2 le
524 >= int2 int2 151 <= < - 4 ge; 525 >= int4 int4 150 <= < - 4 ge; 526 * int2 int2 152 * - - 0 -
527 / int2 int2 153 - - - 0 -; 528 / int4 int4 154 - - - 0 -; 529 % int2 int2 155 - - - 0 -
530 % int4 int4 156 - - - 0 -; 531 <> text text 157 <> = - 0 neq; 532 = int2 int4 158 = <> mh 3 eq
533 = int4 int2 159 = <> mh 3 eq; 534 < int2 int4 160 > >= - 1 lt; 535 < int4 int2 161 > >= - 1 lt
536 > int2 int4 162 < <= - 5 gt; 537 > int4 int2 163 < <= - 5 gt; 538 <> int2 int4 164 <> = - 0 neq
539 <> int4 int2 165 <> = - 0 neq; 540 <= int2 int4 166 >= > - 2 le; 541 <= int4 int2 167 >= > - 2 le
542 >= int2 int4 168 <= < - 4 ge; 543 >= int4 int2 169 <= < - 4 ge; 544 * int2 int4 170 * - - 0 -
545 * int4 int2 171 * - - 0 -; 546 / int2 int4 172 - - - 0 -; 547 / int4 int2 173 - - - 0 -
550 + int2 int2 176 + - - 0 -; 551 + int4 int4 177 + - - 0 -; 552 + int2 int4 178 + - - 0 -
553 + int4 int2 179 + - - 0 -; 554 - int2 int2 180 - - - 0 -; 555 - int4 int4 181 - - - 0 -
556 - int2 int4 182 - - - 0 -; 557 - int4 int2 183 - - - 0 -; 558 - - int4 212 - - - 0 -; 559 - - int2 213 - - - 0 -
584 - - float4 206 - - - 0 -; 585 - - float8 220 - - - 0 -; 586 + float4 float4 204 + - - 0 -
587 - float4 float4 205 - - - 0 -; 588 / float4 float4 203 - - - 0 -; 589 * float4 float4 202 * - - 0 -
590 @ - float4 207 - - - 0 -; 591 + float8 float8 218 + - - 0 -; 592 - float8 float8 219 - - - 0 -
593 / float8 float8 217 - - - 0 -; 594 * float8 float8 216 * - - 0 -; 595 @ - float8 221 - - - 0 -
596 |/ - float8 230 - - - 0 -; 597 ||/ - float8 231 - - - 0 -; 607 = oid oid 184 = <> mh 3 eq
608 <> oid oid 185 <> = - 0 neq; 609 < oid oid 716 > >= - 1 lt; 610 > oid oid 1638 < <= - 5 gt
611 <= oid oid 717 >= > - 2 le; 612 >= oid oid 1639 <= < - 4 ge; 620 = float4 float4 287 = <> mh 3 eq
621 <> float4 float4 288 <> = - 0 neq; 622 < float4 float4 289 > >= - 1 lt; 623 > float4 float4 291 < <= - 5 gt
624 <= float4 float4 290 >= > - 2 le; 625 >= float4 float4 292 <= < - 4 ge; 630 <> char char 70 <> = - 0 neq
631 < char char 1246 > >= - 1 lt; 632 <= char char 72 >= > - 2 le; 633 > char char 73 < <= - 5 gt
634 >= char char 74 <= < - 4 ge; 639 ~ name text 79 - !~ - 0 regex; 640 !~ name text 1252 - ~ - 0 nregex
641 ~ text text 1254 - !~ - 0 regex; 642 !~ text text 1256 - ~ - 0 nregex; 643 <> name name 659 <> = - 0 neq
644 <> oidvector oidvector 619 <> = - 0 neq; 645 < oidvector oidvector 677 > >= - 1 lt
646 > oidvector oidvector 681 < <= - 5 gt; 647 <= oidvector oidvector 678 >= > - 2 le
648 >= oidvector oidvector 680 <= < - 4 ge; 649 = oidvector oidvector 679 = <> mh 3 eq
654 || text text 1258 - - - 0 -; 660 < name name 655 > >= - 1 lt; 661 <= name name 656 >= > - 2 le
662 > name name 657 < <= - 5 gt; 663 >= name name 658 <= < - 4 ge; 664 < text text 740 > >= - 1 lt
665 <= text text 741 >= > - 2 le; 666 > text text 742 < <= - 5 gt; 667 >= text text 743 <= < - 4 ge
670 = float8 float8 293 = <> mh 3 eq; 671 <> float8 float8 294 <> = - 0 neq; 672 < float8 float8 295 > >= - 1 lt
673 <= float8 float8 296 >= > - 2 le; 674 > float8 float8 297 < <= - 5 gt; 675 >= float8 float8 298 <= < - 4 ge
682 @ - int2 1253 - - - 0 -; 684 + int8 int8 463 + - - 0 -; 685 - int8 int8 464 - - - 0 -
686 * int8 int8 465 * - - 0 -; 687 / int8 int8 466 - - - 0 -; 688 + int8 int4 1274 + - - 0 -
689 - int8 int4 1275 - - - 0 -; 690 * int8 int4 1276 * - - 0 -; 691 / int8 int4 1277 - - - 0 -
692 + int4 int8 1278 + - - 0 -; 693 - int4 int8 1279 - - - 0 -; 694 * int4 int8 1280 * - - 0 -
695 / int4 int8 1281 - - - 0 -; 773 @ - int4 1251 - - - 0 -; 818 + int8 int2 837 + - - 0 -
819 - int8 int2 838 - - - 0 -; 820 * int8 int2 839 * - - 0 -; 821 / int8 int2 840 - - - 0 -
822 + int2 int8 841 + - - 0 -; 823 - int2 int8 942 - - - 0 -; 824 * int2 int8 943 * - - 0 -
825 / int2 int8 948 - - - 0 -; 965 ^ float8 float8 232 - - - 0 -; 1038 ^ numeric numeric 1739 - - - 0 -
1054 = bpchar bpchar 1048 = <> mh 3 eq; 1055 ~ bpchar text 1658 - !~ - 0 regex
1056 !~ bpchar text 1659 - ~ - 0 nregex; 1057 <> bpchar bpchar 1053 <> = - 0 neq
1058 < bpchar bpchar 1049 > >= - 1 lt; 1059 <= bpchar bpchar 1050 >= > - 2 le; 1060 > bpchar bpchar 1051 < <= - 5 gt
1061 >= bpchar bpchar 1052 <= < - 4 ge; 1070 = anyarray anyarray 744 = <> mh 3 eq
1071 <> anyarray anyarray 390 <> = - 0 neq; 1072 < anyarray anyarray 391 > >= - 1 lt
1073 > anyarray anyarray 392 < <= - 5 gt; 1074 <= anyarray anyarray 393 >= > - 2 le
1075 >= anyarray anyarray 396 <= < - 4 ge; 1076 + date interval 2071 + - - 0 -; 1077 - date interval 2072 - - - 0 -
1093 = date date 1086 = <> mh 3 eq; 1094 <> date date 1091 <> = - 0 neq; 1095 < date date 1087 > >= - 1 lt
1096 <= date date 1088 >= > - 2 le; 1097 > date date 1089 < <= - 5 gt; 1098 >= date date 1090 <= < - 4 ge
1099 - date date 1140 - - - 0 -; 1100 + date int4 1141 + - - 0 -; 1101 - date int4 1142 - - - 0 -
1108 = time time 1145 = <> mh 3 eq; 1109 <> time time 1106 <> = - 0 neq; 1110 < time time 1102 > >= - 1 lt
1111 <= time time 1103 >= > - 2 le; 1112 > time time 1104 < <= - 5 gt; 1113 >= time time 1105 <= < - 4 ge
1116 + float4 float8 281 + - - 0 -; 1117 - float4 float8 282 - - - 0 -; 1118 / float4 float8 280 - - - 0 -
1119 * float4 float8 279 * - - 0 -; 1120 = float4 float8 299 = <> mh 3 eq; 1121 <> float4 float8 300 <> = - 0 neq
1122 < float4 float8 301 > >= - 1 lt; 1123 > float4 float8 303 < <= - 5 gt; 1124 <= float4 float8 302 >= > - 2 le
1125 >= float4 float8 304 <= < - 4 ge; 1126 + float8 float4 285 + - - 0 -; 1127 - float8 float4 286 - - - 0 -
1128 / float8 float4 284 - - - 0 -; 1129 * float8 float4 283 * - - 0 -; 1130 = float8 float4 305 = <> mh 3 eq
1131 <> float8 float4 306 <> = - 0 neq; 1132 < float8 float4 307 > >= - 1 lt; 1133 > float8 float4 309 < <= - 5 gt
1134 <= float8 float4 308 >= > - 2 le; 1135 >= float8 float4 310 <= < - 4 ge; 1207 ~~ name text 858 - !~~ - 0 like
1208 !~~ name text 859 - ~~ - 0 nlike; 1209 ~~ text text 850 - !~~ - 0 like; 1210 !~~ text text 851 - ~~ - 0 nlike
1211 ~~ bpchar text 1631 - !~~ - 0 like; 1212 !~~ bpchar text 1632 - ~~ - 0 nlike
1226 ~* name text 1240 - !~* - 0 iregex; 1227 !~* name text 1241 - ~* - 0 niregex
1228 ~* text text 1238 - !~* - 0 iregex; 1229 !~* text text 1239 - ~* - 0 niregex
1234 ~* bpchar text 1656 - !~* - 0 iregex; 1235 !~* bpchar text 1657 - ~* - 0 niregex
1320 = timestamptz timestamptz 1152 = <> mh 3 eq; 1321 <> timestamptz timestamptz 1153 <> = - 0 neq
1322 < timestamptz timestamptz 1154 > >= - 1 lt; 1323 <= timestamptz timestamptz 1155 >= > - 2 le
1324 > timestamptz timestamptz 1157 < <= - 5 gt; 1325 >= timestamptz timestamptz 1156 <= < - 4 ge
1327 + timestamptz interval 1189 + - - 0 -; 1328 - timestamptz timestamptz 1188 - - - 0 -
1329 - timestamptz interval 1190 - - - 0 -; 1330 = interval interval 1162 = <> mh 3 eq
1331 <> interval interval 1163 <> = - 0 neq; 1332 < interval interval 1164 > >= - 1 lt
1333 <= interval interval 1165 >= > - 2 le; 1334 > interval interval 1167 < <= - 5 gt
1335 >= interval interval 1166 <= < - 4 ge; 1336 - - interval 1168 - - - 0 -; 1337 + interval interval 1169 + - - 0 -
1338 - interval interval 1170 - - - 0 -; 1360 + date time 1272 + - - 0 -; 1361 + date timetz 1297 + - - 0 -
1363 + time date 1296 + - - 0 -; 1366 + timetz date 1298 + - - 0 -; 1399 - time time 1690 - - - 0 -
1550 = timetz timetz 1352 = <> mh 3 eq; 1551 <> timetz timetz 1353 <> = - 0 neq; 1552 < timetz timetz 1354 > >= - 1 lt
1553 <= timetz timetz 1355 >= > - 2 le; 1554 > timetz timetz 1357 < <= - 5 gt; 1555 >= timetz timetz 1356 <= < - 4 ge
1583 * interval float8 1618 * - - 0 -; 1584 * float8 interval 1624 * - - 0 -; 1585 / interval float8 1326 - - - 0 -
1625 ~~* name text 1635 - !~~* - 0 ilike; 1626 !~~* name text 1636 - ~~* - 0 nilike
1627 ~~* text text 1633 - !~~* - 0 ilike; 1628 !~~* text text 1634 - ~~* - 0 nilike
1629 ~~* bpchar text 1660 - !~~* - 0 ilike; 1630 !~~* bpchar text 1661 - ~~* - 0 nilike
1694 <= bool bool 1691 >= > - 2 le; 1695 >= bool bool 1692 <= < - 4 ge; 1751 - - numeric 1771 - - - 0 -
1752 = numeric numeric 1718 = <> mh 3 eq; 1753 <> numeric numeric 1719 <> = - 0 neq
1754 < numeric numeric 1722 > >= - 1 lt; 1755 <= numeric numeric 1723 >= > - 2 le
1756 > numeric numeric 1720 < <= - 5 gt; 1757 >= numeric numeric 1721 <= < - 4 ge
1758 + numeric numeric 1724 + - - 0 -; 1759 - numeric numeric 1725 - - - 0 -; 1760 * numeric numeric 1726 * - - 0 -
1761 / numeric numeric 1727 - - - 0 -; 1762 % numeric numeric 1729 - - - 0 -; 1763 @ - numeric 1704 - - - 0 -
1800 + time interval 1747 + - - 0 -; 1801 - time interval 1748 - - - 0 -; 1802 + timetz interval 1749 + - - 0 -
1803 - timetz interval 1750 - - - 0 -; 1849 + interval time 1848 + - - 0 -; 1862 = int2 int8 1850 = <> mh 3 eq
1863 <> int2 int8 1851 <> = - 0 neq; 1864 < int2 int8 1852 > >= - 1 lt; 1865 > int2 int8 1853 < <= - 5 gt
1866 <= int2 int8 1854 >= > - 2 le; 1867 >= int2 int8 1855 <= < - 4 ge; 1868 = int8 int2 1856 = <> mh 3 eq
1869 <> int8 int2 1857 <> = - 0 neq; 1870 < int8 int2 1858 > >= - 1 lt; 1871 > int8 int2 1859 < <= - 5 gt
1872 <= int8 int2 1860 >= > - 2 le; 1873 >= int8 int2 1861 <= < - 4 ge; 1874 & int2 int2 1892 & - - 0 -
1875 | int2 int2 1893 | - - 0 -; 1876 # int2 int2 1894 # - - 0 -; 1877 ~ - int2 1895 - - - 0 -
1878 << int2 int4 1896 - - - 0 -; 1879 >> int2 int4 1897 - - - 0 -; 1880 & int4 int4 1898 & - - 0 -
1881 | int4 int4 1899 | - - 0 -; 1882 # int4 int4 1900 # - - 0 -; 1883 ~ - int4 1901 - - - 0 -
1884 << int4 int4 1902 - - - 0 -; 1885 >> int4 int4 1903 - - - 0 -; 1886 & int8 int8 1904 & - - 0 -
1887 | int8 int8 1905 | - - 0 -; 1888 # int8 int8 1906 # - - 0 -; 1889 ~ - int8 1907 - - - 0 -
1890 << int8 int4 1908 - - - 0 -; 1891 >> int8 int4 1909 - - - 0 -; 1916 + - int8 1910 - - - 0 -
1917 + - int2 1911 - - - 0 -; 1918 + - int4 1912 - - - 0 -; 1919 + - float4 1913 - - - 0 -
1920 + - float8 1914 - - - 0 -; 1921 + - numeric 1915 - - - 0 -; 1955 = bytea bytea 1948 = <> mh 3 eq
1956 <> bytea bytea 1953 <> = - 0 neq; 1957 < bytea bytea 1949 > >= - 1 lt; 1958 <= bytea bytea 1950 >= > - 2 le
1959 > bytea bytea 1951 < <= - 5 gt; 1960 >= bytea bytea 1952 <= < - 4 ge; 2016 ~~ bytea bytea 2005 - !~~ - 0 like
2017 !~~ bytea bytea 2006 - ~~ - 0 nlike; 2018 || bytea bytea 2011 - - - 0 -
2060 = timestamp timestamp 2052 = <> mh 3 eq; 2061 <> timestamp timestamp 2053 <> = - 0 neq
2062 < timestamp timestamp 2054 > >= - 1 lt; 2063 <= timestamp timestamp 2055 >= > - 2 le
2064 > timestamp timestamp 2057 < <= - 5 gt; 2065 >= timestamp timestamp 2056 <= < - 4 ge
2066 + timestamp interval 2032 + - - 0 -; 2067 - timestamp timestamp 2031 - - - 0 -
2068 - timestamp interval 2033 - - - 0 -; 2314 ~<~ text text 2160 ~>~ ~>=~ - 0 lt
2315 ~<=~ text text 2161 ~>=~ ~>~ - 0 le; 2317 ~>=~ text text 2163 ~<=~ ~<~ - 0 ge
2318 ~>~ text text 2164 ~<~ ~<=~ - 0 gt; 2326 ~<~ bpchar bpchar 2174 ~>~ ~>=~ - 0 lt
2327 ~<=~ bpchar bpchar 2175 ~>=~ ~>~ - 0 le; 2329 ~>=~ bpchar bpchar 2177 ~<=~ ~<~ - 0 ge
2330 ~>~ bpchar bpchar 2178 ~<~ ~<=~ - 0 gt; 2345 < date timestamp 2338 > >= - 1 lt
2346 <= date timestamp 2339 >= > - 2 le; 2347 = date timestamp 2340 = <> m 3 eq
2348 >= date timestamp 2342 <= < - 4 ge; 2349 > date timestamp 2341 < <= - 5 gt
2350 <> date timestamp 2343 <> = - 0 neq; 2358 < date timestamptz 2351 > >= - 1 lt
2359 <= date timestamptz 2352 >= > - 2 le; 2360 = date timestamptz 2353 = <> m 3 eq
2361 >= date timestamptz 2355 <= < - 4 ge; 2362 > date timestamptz 2354 < <= - 5 gt
2363 <> date timestamptz 2356 <> = - 0 neq; 2371 < timestamp date 2364 > >= - 1 lt
2372 <= timestamp date 2365 >= > - 2 le; 2373 = timestamp date 2366 = <> m 3 eq
2374 >= timestamp date 2368 <= < - 4 ge; 2375 > timestamp date 2367 < <= - 5 gt
2376 <> timestamp date 2369 <> = - 0 neq; 2384 < timestamptz date 2377 > >= - 1 lt
2385 <= timestamptz date 2378 >= > - 2 le; 2386 = timestamptz date 2379 = <> m 3 eq
2387 >= timestamptz date 2381 <= < - 4 ge; 2388 > timestamptz date 2380 < <= - 5 gt
2389 <> timestamptz date 2382 <> = - 0 neq; 2534 < timestamp timestamptz 2520 > >= - 1 lt
2535 <= timestamp timestamptz 2521 >= > - 2 le; 2536 = timestamp timestamptz 2522 = <> m 3 eq
2537 >= timestamp timestamptz 2524 <= < - 4 ge; 2538 > timestamp timestamptz 2523 < <= - 5 gt
2539 <> timestamp timestamptz 2525 <> = - 0 neq; 2540 < timestamptz timestamp 2527 > >= - 1 lt
2541 <= timestamptz timestamp 2528 >= > - 2 le; 2542 = timestamptz timestamp 2529 = <> m 3 eq
2543 >= timestamptz timestamp 2531 <= < - 4 ge; 2544 > timestamptz timestamp 2530 < <= - 5 gt
2545 <> timestamptz timestamp 2532 <> = - 0 neq; 2551 + interval date 2546 + - - 0 -
2552 + interval timetz 2547 + - - 0 -; 2553 + interval timestamp 2548 + - - 0 -
2554 + interval timestamptz 2549 + - - 0 -; 2555 + int4 date 2550 + - - 0 -
2750 && anyarray anyarray 2747 && - - 0 contains; 2751 @> anyarray anyarray 2748 <@ - - 0 contains
2752 <@ anyarray anyarray 2749 @> - - 0 contains; 2779 || text anynonarray 2003 - - - 0 -
2780 || anynonarray text 2004 - - - 0 -; 2799 < tid tid 2791 > >= - 1 lt; 2800 > tid tid 2790 < <= - 5 gt
2801 <= tid tid 2793 >= > - 2 le; 2802 >= tid tid 2792 <= < - 4 ge; 2972 = uuid uuid 2956 = <> mh 3 eq
2973 <> uuid uuid 2959 <> = - 0 neq; 2974 < uuid uuid 2954 > >= - 1 lt; 2975 > uuid uuid 2958 < <= - 5 gt
2976 <= uuid uuid 2955 >= > - 2 le; 2977 >= uuid uuid 2957 <= < - 4 ge; 2988 = record record 2981 = <> mh 3 eq
2989 <> record record 2982 <> = - 0 neq; 2990 < record record 2983 > >= - 1 lt; 2991 > record record 2984 < <= - 5 gt
2992 <= record record 2985 >= > - 2 le; 2993 >= record record 2986 <= < - 4 ge; 3206 #>> jsonb _text 3940 - - - 0 -
3211 -> jsonb text 3478 - - - 0 -; 3212 -> jsonb int4 3215 - - - 0 -; 3213 #> jsonb _text 3217 - - - 0 -
3222 = pg_lsn pg_lsn 3233 = <> mh 3 eq; 3223 <> pg_lsn pg_lsn 3236 <> = - 0 neq; 3224 < pg_lsn pg_lsn 3231 > >= - 1 lt
3225 > pg_lsn pg_lsn 3235 < <= - 5 gt; 3226 <= pg_lsn pg_lsn 3232 >= > - 2 le; 3227 >= pg_lsn pg_lsn 3234 <= < - 4 ge
3228 - pg_lsn pg_lsn 3237 - - - 0 -; 3240 = jsonb jsonb 4043 = <> mh 3 eq; 3241 <> jsonb jsonb 4038 <> = - 0 neq
3242 < jsonb jsonb 4039 > >= - 1 lt; 3243 > jsonb jsonb 4040 < <= - 5 gt; 3244 <= jsonb jsonb 4041 >= > - 2 le
3245 >= jsonb jsonb 4042 <= < - 4 ge; 3246 @> jsonb jsonb 4046 <@ - - 0 contains
3247 ? jsonb text 4047 - - - 0 contains; 3248 ?| jsonb _text 4048 - - - 0 contains
3249 ?& jsonb _text 4049 - - - 0 contains; 3250 <@ jsonb jsonb 4050 @> - - 0 contains
3284 || jsonb jsonb 3301 - - - 0 -; 3285 - jsonb text 3302 - - - 0 -; 3286 - jsonb int4 3303 - - - 0 -
3287 #- jsonb _text 3304 - - - 0 -; 3315 <> xid xid 3308 <> = - 0 neq; 3316 <> xid int4 3309 - = - 0 neq
3398 - jsonb _text 3343 - - - 0 -; 3477 ->> jsonb text 3214 - - - 0 -; 3481 ->> jsonb int4 3216 - - - 0 -
3516 = anyenum anyenum 3508 = <> mh 3 eq; 3517 <> anyenum anyenum 3509 <> = - 0 neq
3518 < anyenum anyenum 3510 > >= - 1 lt; 3519 > anyenum anyenum 3511 < <= - 5 gt
3520 <= anyenum anyenum 3512 >= > - 2 le; 3521 >= anyenum anyenum 3513 <= < - 4 ge
3877 ^@ text text 3696 - - - 0 prefix; 3962 -> json text 3947 - - - 0 -; 3963 ->> json text 3948 - - - 0 -
3964 -> json int4 3949 - - - 0 -; 3965 ->> json int4 3950 - - - 0 -; 3966 #> json _text 3951 - - - 0 -
3967 #>> json _text 3953 - - - 0 -; 5068 = xid8 xid8 5084 = <> mh 3 eq; 5072 <> xid8 xid8 5085 <> = - 0 neq
5073 < xid8 xid8 5034 > >= - 1 lt; 5074 > xid8 xid8 5035 < <= - 5 gt; 5075 <= xid8 xid8 5036 >= > - 2 le
5076 >= xid8 xid8 5037 <= < - 4 ge
"""


def _or_empty(word: str) -> str:
    return "" if word == "-" else word


for _entry in _TABLE.replace("\n", ";").split(";"):
    if _entry:
        _oid, _name, _left, _right, _fn, _commutator, _negator, _flags, _strategy, _estimator = _entry.split()
        operator(
            _name,
            _or_empty(_left),
            _right,
            int(_fn),
            oid=int(_oid),
            commutator=_or_empty(_commutator),
            negator=_or_empty(_negator),
            merges="m" in _flags,
            hashes="h" in _flags,
            strategy=int(_strategy),
            restrict=_or_empty(_estimator),
        )
