"""Random recurrence rules, expanded by `carillon when --batch` and by python-dateutil, and compared.

usage: rrule_differential.py PROGRAM [--count N] [--seed S]

dateutil expands in local time; zones, gaps, overlaps, UNTIL, EXDATE, RDATE and the window are applied here by the policy of
tests/corpora/README.md. Sub-daily rules are compared in UTC, because Carillon steps them in elapsed time. What dateutil
cannot finish in time is compared as far as it came. Rules in which numbered weeks meet INTERVAL, BYSETPOS or no BYDAY are
counted apart, and so are weekly rules with BYSETPOS that start in the middle of a week: there the two read RFC 5545
differently (docs/adr/0011 and 0016).

Exits 1 when anything else differs, and prints the first such rules.
"""
import argparse
import json
import random
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

FREQUENCIES = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"]
ZONES = ["UTC", "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata",
         "Pacific/Apia", "Africa/Casablanca"]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
UTC = timezone.utc
PATIENCE_SECONDS = 0.03  # of processor time, for one rule


class OutOfPatience(Exception):
    pass


def out_of_patience(_signal, _frame):
    raise OutOfPatience


def numbers(dice, low, high, signed=False):
    values = {dice.randint(low, high) * (dice.choice([1, -1]) if signed else 1) for _ in range(dice.choice([1, 1, 2, 3]))}
    return ",".join(str(value) for value in sorted(values))


def weekdays(dice, frequency, has_weeks):
    days = dice.sample(DAYS, dice.choice([1, 1, 2, 5]))
    if frequency not in ("YEARLY", "MONTHLY") or has_weeks or dice.random() < 0.5:
        return ",".join(days)
    most = 53 if frequency == "YEARLY" else 5
    return ",".join(f"{dice.choice([1, -1]) * dice.choice([1, 1, 2, 3, 4, most])}{day}" for day in days)


def random_rule(dice):
    frequency = dice.choice(FREQUENCIES)
    parts = [f"FREQ={frequency}"]
    maybe = lambda share, text: parts.append(text()) if dice.random() < share else None  # noqa: E731
    maybe(0.5, lambda: f"INTERVAL={dice.choice([1, 2, 2, 3, 4, 5, 7, 10, 15, 30, 45, 90])}")
    maybe(0.25, lambda: f"BYMONTH={numbers(dice, 1, 12)}")
    weeks = frequency == "YEARLY" and dice.random() < 0.15
    if weeks:
        parts.append(f"BYWEEKNO={numbers(dice, 1, 53, True)}")
    if frequency in ("YEARLY", "HOURLY", "MINUTELY", "SECONDLY"):
        maybe(0.1, lambda: f"BYYEARDAY={numbers(dice, 1, 366, True)}")
    if frequency != "WEEKLY":
        maybe(0.25, lambda: f"BYMONTHDAY={numbers(dice, 1, 31, True)}")
    maybe(0.35, lambda: f"BYDAY={weekdays(dice, frequency, weeks)}")
    maybe(0.25, lambda: f"BYHOUR={numbers(dice, 0, 23)}")
    maybe(0.2, lambda: f"BYMINUTE={numbers(dice, 0, 59)}")
    maybe(0.1, lambda: f"BYSECOND={numbers(dice, 0, 59)}")
    if any(part.startswith("BY") for part in parts):
        maybe(0.2, lambda: f"BYSETPOS={numbers(dice, 1, 4, True)}")
    maybe(0.15, lambda: f"WKST={dice.choice(DAYS)}")
    return frequency, parts


def random_case(dice):
    frequency, parts = random_rule(dice)
    sub_daily = frequency in ("HOURLY", "MINUTELY", "SECONDLY")
    start = datetime(1975, 1, 1) + timedelta(seconds=dice.randint(0, 60 * 365 * 86400))
    case = {"tzid": "UTC" if sub_daily else dice.choice(ZONES), "dtstart": start.isoformat(), "limit": dice.choice([3, 6, 12])}
    if dice.random() < 0.15:
        parts.append(f"COUNT={dice.randint(1, 40)}")
    elif dice.random() < 0.15:
        until = start + timedelta(days=dice.randint(0, 3000), seconds=dice.randint(0, 86399))
        parts.append(f"UNTIL={until:%Y%m%dT%H%M%S}Z")
    case["rrule"] = ";".join(parts)
    if dice.random() < 0.4:
        step = {"YEARLY": 400, "MONTHLY": 31, "WEEKLY": 7, "DAILY": 1, "HOURLY": 1 / 24, "MINUTELY": 1 / 1440, "SECONDLY": 1 / 86400}
        after = start + timedelta(days=step[frequency] * dice.randint(-5, 60), seconds=dice.randint(0, 3600))
        case["after"] = f"{after:%Y-%m-%dT%H:%M:%S}Z"
    return case


def instant(local, zone):
    """A gap is read with the offset before it, an overlap is its first reading: what fold=0 means in Python."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def expand(case, dice):
    """The instants by dateutil, and whether it came to the end. May add exdate and rdate to the case."""
    try:
        return expand_in_time(case, dice)
    except OutOfPatience:  # while it was about to end
        return [], None


def expand_in_time(case, dice):
    zone = ZoneInfo(case["tzid"])
    parts = [part for part in case["rrule"].split(";") if not part.startswith("UNTIL")]
    until = [part[6:] for part in case["rrule"].split(";") if part.startswith("UNTIL")]
    end = datetime.strptime(until[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if until else None
    after = datetime.fromisoformat(case["after"].replace("Z", "+00:00")) if "after" in case else None
    start = datetime.fromisoformat(case["dtstart"])
    # Around a change of the clock local order is not the order of instants: look two days beyond what is needed.
    margin = timedelta(days=0 if case["tzid"] == "UTC" else 2)
    found, wanted, enough, finished = [], case["limit"] + 4, None, False
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE_SECONDS)
    try:
        for local in rrulestr(";".join(parts), dtstart=start):
            at = instant(local, zone)
            if end and at > end + margin:
                finished = True
                break
            if enough and at > enough:
                break
            found.append(at)
            wanted -= not after or at > after
            if wanted <= 0 and not enough:
                enough = at + margin
        else:
            finished = True
    except ValueError:  # dateutil sees that it can never match
        return [], True
    except (OutOfPatience, IndexError):  # dateutil 2.9 falls over some weekdays with a number
        # What it found, but for the last of it, between which more might have come.
        found = [at for at in found if at < max(found) - margin]
        return sorted({at for at in found if (not end or at <= end) and (not after or at > after)}), None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if found and dice.random() < 0.1:
        out = dice.choice(found)
        case["exdate"] = [out.astimezone(zone).replace(tzinfo=None).isoformat()]
        extra = found[0] + timedelta(seconds=dice.randint(1, 5 * 86400))
        case["rdate"] = [extra.astimezone(zone).replace(tzinfo=None).isoformat()]
        found = [at for at in found if not end or at <= end] + [instant(datetime.fromisoformat(case["rdate"][0]), zone)]
        gone = instant(datetime.fromisoformat(case["exdate"][0]), zone)
        found = [at for at in found if at != gone]
        return sorted({at for at in found if not after or at > after}), finished
    return sorted({at for at in found if (not end or at <= end) and (not after or at > after)}), finished


def differs(case, expected, finished, answer):
    if "error" in answer:
        return answer["error"]["code"] != "never_fires" or bool(expected)
    got = [datetime.fromisoformat(text).astimezone(UTC) for text in answer["next"]]
    if finished is None:
        return got[:len(expected)] != expected[:len(got)]
    if got != expected[:case["limit"]]:
        return True
    return finished and any(part in case["rrule"] for part in ("COUNT", "UNTIL")) and answer["complete"] != (len(expected) <= case["limit"])


def documented(case):
    """Where dateutil and Carillon read RFC 5545 differently: docs/adr/0011 on numbered weeks, 0016 on a week that is cut."""
    rule = case["rrule"]
    weeks = "BYWEEKNO" in rule and ("INTERVAL" in rule or "BYSETPOS" in rule or "BYDAY" not in rule)
    # The first week of a year counted from its end: dateutil looks for days of it in the old year only by the number 1.
    weeks = weeks or ("BYWEEKNO=" in rule and {"-52", "-53"} & set(rule.split("BYWEEKNO=")[1].split(";")[0].split(",")))
    week_start = DAYS.index(rule.split("WKST=")[1][:2]) if "WKST=" in rule else 0
    cut_week = "FREQ=WEEKLY" in rule and "BYSETPOS" in rule and datetime.fromisoformat(case["dtstart"]).weekday() != week_start
    return bool(weeks or cut_week)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--count", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=5545)
    asked = arguments.parse_args()
    signal.signal(signal.SIGVTALRM, out_of_patience)
    dice = random.Random(asked.seed)
    cases, expected = [], []
    for _ in range(asked.count):
        case = random_case(dice)
        expected.append(expand(case, dice))
        cases.append(case)
    answers = subprocess.run([asked.program, "when", "--batch"], input="\n".join(map(json.dumps, cases)) + "\n",
                             capture_output=True, text=True, check=True).stdout.splitlines()
    if len(answers) != len(cases):
        sys.exit(f"{len(cases)} questions, {len(answers)} answers")
    wrong, apart, cut = [], 0, 0
    for case, (instants, finished), line in zip(cases, expected, answers):
        cut += finished is None
        if not differs(case, instants, finished, json.loads(line)):
            continue
        apart += documented(case)
        if not documented(case):
            wrong.append((case, [str(at) for at in instants[:case["limit"]]], line))
    for case, instants, line in wrong[:10]:
        print(json.dumps(case), "\n  dateutil:", instants, "\n  carillon:", line)
    print(f"{len(cases)} rules, {len(wrong)} differences, {apart} documented (ADR 0011 and 0016), {cut} that dateutil could not finish")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
