"""Abbreviations of time zones that input understands, lower case: PostgreSQL's default set.

    FIXED["pst"] → (-28800, False)       seconds east of UTC, daylight saving
    DYNAMIC["msk"] → "Europe/Moscow"     what it means depends on the day, by that zone

Not here: full zone names (`types.timezones`); SET timezone_abbreviations.
"""

from __future__ import annotations

# offset, standard or daylight saving time, abbreviations
_FIXED = """
-10:00 std hst taht
-09:30 std mart
-09:00 std akst gamt
-08:00 std pst
-08:00 dst akdt
-07:00 std mst
-07:00 dst pdt
-06:00 std cst galt
-06:00 dst mdt
-05:00 std act cot est pet
-05:00 dst cdt
-04:00 std amt ast bot
-04:00 dst edt
-03:30 std nft nst
-03:00 std bra brt gft pmst uyt wgt
-03:00 dst adt clst pyst
-02:30 dst ndt
-02:00 std fnt
-02:00 dst brst pmdt uyst wgst
-01:00 std azot egt
-01:00 dst fnst
+00:00 std gmt uct ut utc wet z zulu
+00:00 dst azost egst
+01:00 std cet met mez wat
+01:00 dst bst wetdst
+02:00 std eet ist sast
+02:00 dst bdst cest cetdst mest mesz metdst
+03:00 std eat fet
+03:00 dst eest eetdst idt
+03:30 std irt
+04:00 std mut ret sct
+04:00 dst msd
+04:30 std aft
+05:00 std mvt pkt tft tjt uzt
+05:00 dst must
+05:45 std npt
+06:00 std almt bdt btt xjt
+06:00 dst kgst pkst uzst yekst
+06:30 std mmt
+07:00 std cxt ict wast
+07:00 dst almst
+08:00 std awst bnt bort cct hkt myt pht
+08:00 dst wadt
+08:45 std acwst
+09:00 std jayt jst kst pwt
+09:00 dst awsst ulast wdt
+09:30 std acst cast
+10:00 std aest chut ddut ligt mpt pgt trut yapt
+10:00 dst kdt
+10:30 std lhst
+10:30 dst acdt acsst cadt sadt
+11:00 std pont vut
+11:00 dst aedt aesst
+12:00 std fjt gilt mht nzst nzt tvt wakt wft
+12:45 std chast
+13:00 std tot
+13:00 dst fjst nzdt
+13:45 dst chadt
"""
_DYNAMIC = """
America/Argentina/Buenos_Aires arst art
America/Asuncion pyt
America/Caracas vet
America/Guyana gyt
America/Santiago clt
Antarctica/Davis davt
Antarctica/Mawson mawt
Asia/Anadyr anast anat
Asia/Ashgabat tmt
Asia/Baku azst azt
Asia/Bishkek kgt
Asia/Colombo lkt
Asia/Irkutsk irkst irkt
Asia/Kamchatka petst pett
Asia/Krasnoyarsk krast krat
Asia/Magadan magst magt
Asia/Novosibirsk novst novt
Asia/Omsk omsst omst
Asia/Singapore sgt
Asia/Tbilisi gest get
Asia/Ulaanbaatar ulat
Asia/Vladivostok vlast vlat
Asia/Yakutsk yakst yakt
Asia/Yekaterinburg yekt
Asia/Yerevan amst
Atlantic/Stanley fkst fkt
Australia/Lord_Howe lhdt
Europe/Moscow msk
Europe/Volgograd volt
Indian/Chagos iot
Pacific/Easter easst east
Pacific/Fakaofo tkt
Pacific/Kiritimati lint
Pacific/Kosrae kost
Pacific/Niue nut
Pacific/Rarotonga ckt
"""


def _fixed() -> dict[str, tuple[int, bool]]:
    table = {}
    for line in _FIXED.strip().splitlines():
        offset, kind, *names = line.split()
        seconds = int(offset[1:3]) * 3600 + int(offset[4:6]) * 60
        table.update((name, (-seconds if offset[0] == "-" else seconds, kind == "dst")) for name in names)
    return table


FIXED: dict[str, tuple[int, bool]] = _fixed()
DYNAMIC: dict[str, str] = {
    name: zone for zone, *names in map(str.split, _DYNAMIC.strip().splitlines()) for name in names
}
