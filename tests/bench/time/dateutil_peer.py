"""python-dateutil on the same questions as time_bench: the cost of the next occurrence of each rule of the corpora.

usage: dateutil_peer.py FOLDER_OF_THE_CORPORA; prints one line of JSON. A rule that takes longer than PATIENCE counts as so long.
"""
import json
import signal
import sys
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

PATIENCE = 1.0  # seconds


class OutOfPatience(Exception):
    pass


def out_of_patience(_signal, _frame):
    raise OutOfPatience


def cost(case):
    """Microseconds. The rule is made beforehand; it expands in local time, as dateutil does."""
    start = datetime.fromisoformat(case["dtstart"])
    parts = [part for part in case["rrule"].split(";") if not part.upper().startswith("UNTIL")]
    rule = rrulestr(";".join(parts), dtstart=start)
    after = start - timedelta(days=2)
    if "after" in case:
        after = datetime.fromisoformat(case["after"].replace("Z", "+00:00")).astimezone(ZoneInfo(case["tzid"])).replace(tzinfo=None)
    begin = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        rule.after(after)
    except OutOfPatience:
        return PATIENCE * 1e6
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return (time.perf_counter() - begin) * 1e6


def main():
    signal.signal(signal.SIGALRM, out_of_patience)
    costs, refused = [], 0
    for name in ("rfc5545", "rules", "dst", "subdaily-dst", "window", "never", "misc"):
        for case in json.load(open(f"{sys.argv[1]}/rrule/{name}.json"))["cases"]:
            try:
                costs.append((cost(case), case["id"]))
            except (ValueError, OverflowError):
                refused += 1
    costs.sort()
    print(json.dumps({"cases": len(costs), "refused": refused, "median": costs[len(costs) // 2][0], "p99": costs[len(costs) * 99 // 100][0],
                      "worst": costs[-1][0], "worst_case": costs[-1][1], "out_of_patience": sum(one[0] >= PATIENCE * 1e6 for one in costs)}))


main()
