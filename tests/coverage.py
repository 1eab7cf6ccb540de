"""Prints line coverage by room and fails below the floor of each (docs/architecture.md, "tests").

usage: coverage.py BUILD_DIRECTORY
"""
import json
import subprocess
import sys

FLOORS = {"server/domain": 95, "server/engine": 95, "tools": 90, "catalog": 90, "transport": 90}


def main(build: str) -> int:
    report = subprocess.run(
        ["gcovr", "--root", ".", "--object-directory", build, "--json-summary", "--exclude-unreachable-branches",
         "--exclude-throw-branches", "--gcov-ignore-parse-errors", "-j", "2", "--exclude", "build/", "--exclude", "tests/", build],
        check=True, capture_output=True, text=True).stdout
    rooms: dict[str, list[int]] = {}
    for file in json.loads(report)["files"]:
        parts = file["filename"].split("/")
        room = "/".join(parts[:2]) if parts[0] == "server" else parts[0]
        total = rooms.setdefault(room, [0, 0])
        total[0] += file["line_covered"]
        total[1] += file["line_total"]
    low = 0
    for room, (covered, lines) in sorted(rooms.items()):
        percent = 100 * covered / max(lines, 1)
        floor = FLOORS.get(room)
        short = floor is not None and percent < floor
        low += short
        print(f"{room:20} {percent:5.1f} % of {lines} lines" + (f"  (floor {floor} %)" if floor else "") + ("  TOO LOW" if short else ""))
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
