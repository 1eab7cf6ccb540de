"""Checks the rules of the house that a machine can check (docs/architecture.md, "checked, not asked").

usage: tidy.py            checks the tree; exits 1 and lists every finding
       tidy.py --self     checks that each rule can fail, on small made-up files
"""
import json
import re
import subprocess
import sys
from pathlib import Path

import dockerfile

ROOMS = {  # room: what it may include besides itself
    "server/base": [],
    "server/process": ["server/base"],
    "server/domain": ["server/base"],
    "server/store": ["server/base", "server/domain", "server/process"],
    "server/engine": ["server/base", "server/domain", "server/store"],
    "transport": ["server/base", "server/process"],
    "server/outbound": ["server/base", "transport"],
    "server/delivery": ["server/base", "server/domain", "server/outbound", "transport"],
    "server/worker": ["server/base", "server/domain", "server/store", "server/engine", "server/delivery"],
    "catalog": ["server/base", "server/process", "server/domain", "server/outbound", "transport"],
    "tools": ["server/base", "server/domain", "server/engine", "transport", "schemas"],
    "config": ["server/base", "server/domain"],  # and the *_options.h header of any room
    "server/web": ["server/base", "server/domain", "server/engine", "tools", "transport"],
    "server/cli": ["server/base", "server/process", "server/domain", "server/store", "server/engine", "server/worker",
                   "server/delivery", "transport", "catalog", "tools", "config", "server/web"],
}
LIBRARIES = {  # an include that starts so: the only places that may have it
    "cctz/": ["server/domain/schedule/"],
    "pcre2": ["server/domain/json_schema/"],
    "pqxx": ["server/store/"],
    "libpq-fe.h": ["server/store/hot_path", "server/store/libpq_", "server/store/listener"],
    "spdlog/": ["server/base/log.cc"],
    "httplib.h": ["transport/"],
    "openssl/": ["transport/", "server/base/"],
    "curl/": ["server/outbound/transfer.cc"],
    "systemd/": ["server/delivery/desktop.cc"],
    "sodium": ["catalog/secrets.cc", "server/base/"],
    "toml++": ["config/"],
    "cxxopts": ["server/cli/"],
    "libical/": ["tools/calendar.cc"],
    "prometheus/": ["server/web/"],
}
THREADS = ("server/worker/", "catalog/", "transport/")
LINES_MAX, TEST_LINES_MAX = 500, 800
SQL = re.compile(r'"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+.*\sSET\s|DELETE\s+FROM\s|CREATE\s+(TABLE|SCHEMA|INDEX)\s)', re.I)
SWALLOW = re.compile(r"catch\s*\([^)]*\)\s*\{\s*(//[^\n]*\n\s*)*\}")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def room_of(path: str) -> str | None:
    return next((room for room in ROOMS if path.startswith(room + "/")), None)


def check_includes(path: str, text: str) -> list[str]:
    room, found = room_of(path), []
    for line in text.splitlines():
        match = re.match(r'\s*#include\s+[<"]([^>"]+)[>"]', line)
        if not match:
            continue
        target = match.group(1)
        for library, places in LIBRARIES.items():
            if target.startswith(library) and room and not any(path.startswith(place) for place in places):
                found.append(f"includes {target}, which only {', '.join(places)} may")
        other = room_of(target)
        if room and other and other != room and other not in ROOMS[room]:
            if not (room == "config" and target.endswith("_options.h")):
                found.append(f"includes {target}: {room} may not look into {other}")
    return found


def check_source(path: str, text: str) -> list[str]:
    """Rules about one C++ file."""
    found = check_includes(path, text)
    is_test = path.startswith("tests/")
    lines = text.count("\n")
    limit = TEST_LINES_MAX if is_test else LINES_MAX
    if lines > limit:
        found.append(f"has {lines} lines; {limit} are the most")
    if path.endswith(".h") and not is_test and not text.startswith("//"):
        found.append("has no opening comment")
    if not is_test and SQL.search(text):
        found.append("has SQL in a string; SQL belongs in server/store/sql")
    if SWALLOW.search(text):
        found.append("swallows an exception")
    if not is_test and not path.startswith(THREADS) and re.search(r"std::(jthread|thread)\b(?!::)|std::async", text):
        found.append("starts a thread outside server/worker, catalog and transport")
    if UNFINISHED.search(text):
        found.append("has a mark of unfinished work")
    for name in re.findall(r'TEST_CASE\(\s*"([^"]*)"', text):
        if "," in name:
            found.append(f'test name with a comma: "{name}"')
    return found


def check_tested(sources: dict[str, str]) -> list[str]:
    """A header with a source beside it that other folders use is included by a test, or tested by a file of its name.
    A header that only its own folder includes is a part of that folder's public ones and is tested through them."""
    includes = {path: set(re.findall(r'#include "([^"]+)"', text)) for path, text in sources.items()}
    in_tests = {target for path, targets in includes.items() if path.startswith("tests/") for target in targets}
    stems = {Path(path).stem for path in sources if path.startswith("tests/")}
    found = []
    for path in sources:
        if not (room_of(path) and path.endswith(".h") and path[:-2] + ".cc" in sources):
            continue
        if path == "server/base/precompiled.h":
            continue
        users = [user for user, targets in includes.items() if path in targets and not user.startswith("tests/")]
        internal = users and all(Path(user).parent == Path(path).parent for user in users)
        if not internal and path not in in_tests and Path(path).stem + "_test" not in stems:
            found.append(f"{path}: no test includes it and there is no {Path(path).stem}_test.cc")
    return found


def documented(names: set[str], page: str, what: str) -> list[str]:
    text = Path(page).read_text() if Path(page).exists() else ""
    return [f"{page}: no line for the {what} {name}" for name in sorted(names) if f"`{name}`" not in text]


def check_documents(sources: dict[str, str], all_files: list[str]) -> list[str]:
    code = {path: text for path, text in sources.items() if room_of(path)}
    everything = "\n".join(code.values())
    found = documented(set(re.findall(r'_key(?:<[^>]*>)?\(\s*\{\s*"([a-z_.]+)"', everything)), "docs/configuration.md", "key")
    migrations = "\n".join(Path(f).read_text() for f in all_files if f.startswith("migrations/") and f.endswith(".up.sql"))
    tables = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?([a-z]+\.[a-z_]+) ", migrations))
    found += documented(tables, "docs/tables.md", "table")
    codes = re.findall(r"\{ErrorCode::([a-z_]+), \"", sources.get("server/base/error.cc", ""))
    found += documented(set(codes), "docs/errors.md", "error code")
    metrics = set(re.findall(r'metrics::(?:count|gauge|observe|value_of)\(\s*"([a-z_]+)"', everything))
    found += documented(metrics, "docs/metrics.md", "metric")
    loops = {path for path, text in code.items() if re.search(r"std::jthread\b(?!::)", text) and path.endswith(".h")}
    found += documented(loops, "docs/loops.md", "background loop in")
    return found


def check_reliability(page: str, tests: str) -> list[str]:
    """Every test that docs/reliability.md quotes exists."""
    rows = [line for line in page.splitlines() if re.match(r"\| \d+ \|", line)]
    quoted = [name for row in rows for name in re.findall(r'"([^"]+)"', row.rsplit("|", 2)[1])]
    return [f'docs/reliability.md: there is no test "{name}"' for name in quoted if f'"{name}"' not in tests]


def check_tools(all_files: list[str]) -> list[str]:
    found = []
    for path in all_files:
        if re.fullmatch(r"schemas/tools/[a-z_]+\.json", path):
            name = Path(path).stem
            for page in (f"docs/tools/{name}.md",):
                if page not in all_files:
                    found.append(f"{path}: the tool has no page {page}")
            schema = json.loads(Path(path).read_text())
            if schema.get("type") != "object" or {"oneOf", "anyOf", "allOf", "$ref"} & schema.keys():
                found.append(f"{path}: the root must be a plain object")
    return found


def check_version(all_files: list[str]) -> list[str]:
    version = re.search(r"project\(carillon VERSION ([0-9.]+)", Path("CMakeLists.txt").read_text()).group(1)
    spot = re.compile(r"(?<![0-9.])" + re.escape(version) + r"(?![0-9.])")
    exempt = ("CMakeLists.txt", "CHANGELOG.md")
    return [f"{path}: writes the version {version} a second time" for path in all_files
            if path not in exempt and path.endswith((".h", ".cc", ".in", ".json", ".toml", "Dockerfile", ".sh")) and
            not path.startswith(("tests/", "schemas/")) and spot.search(read(path))]


def read(path: str) -> str:
    try:
        return Path(path).read_text()
    except UnicodeDecodeError:
        return ""


def check_tree() -> list[str]:
    all_files = [f for f in subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True,
                                           text=True).stdout.split("\n") if f and Path(f).is_file()]
    sources = {path: read(path) for path in all_files if path.endswith((".h", ".cc"))}
    found = [f"{path}: {finding}" for path, text in sources.items() for finding in check_source(path, text)]
    for path in all_files:
        if path.endswith((".py", ".sql", ".cmake", ".mjs")) or path.startswith("scripts/"):
            if path != "tests/tidy/tidy.py" and UNFINISHED.search(read(path)):
                found.append(f"{path}: has a mark of unfinished work")
    tests = "\n".join(read(path) for path in all_files if path.startswith("tests/") and path.endswith((".cc", ".mjs")))
    found += check_reliability(read("docs/reliability.md"), tests) + dockerfile.check()
    return (found + check_tested(sources) + check_documents(sources, all_files) + check_tools(all_files) +
            check_version(all_files))


def check_itself() -> list[str]:
    """Each rule must be able to fail."""
    bad = {
        "server/domain/a.h": ["#pragma once\n", "opening comment"],
        "server/domain/b.cc": ['#include "server/store/store.h"\n', "may not look into"],
        "server/engine/c.cc": ["#include <pqxx/pqxx>\n", "which only"],
        "server/engine/d.cc": ['auto q = "SELECT * FROM x";\n', "SQL in a string"],
        "tools/e.cc": ["try { f(); } catch (...) {\n}\n", "swallows"],
        "tools/f.cc": ["try { f(); } catch (const E& e) {\n  // ignored\n}\n", "swallows"],
        "server/engine/g.cc": ["std::jthread t{[] {}};\n", "thread"],
        "tools/h.cc": ["// " + "TO" + "DO later\n", "unfinished"],
        "tools/i.cc": ["\n" * 501, "lines"],
        "tests/tools/j_test.cc": ['TEST_CASE("a, b", "[x]") {}\n', "comma"],
    }
    missed = [f"rule not seen to fail: {path} ({wanted})" for path, (text, wanted) in bad.items()
              if not any(wanted in finding for finding in check_source(path, text))]
    good = "// A room.\n#pragma once\nstd::jthread::id x; catch (const E& e) {\n  return e;\n}\n"
    if check_source("server/domain/ok.h", good):
        missed.append(f"a good file is refused: {check_source('server/domain/ok.h', good)}")
    if not check_reliability('| 1 | a | b | "no such test" |', 'TEST_CASE("another test")'):
        missed.append("rule not seen to fail: a quoted test that does not exist")
    if not check_tested({"server/domain/x.h": "", "server/domain/x.cc": ""}):
        missed.append("rule not seen to fail: a source without its test")
    return missed


if __name__ == "__main__":
    findings = check_itself() + ([] if "--self" in sys.argv else check_tree())
    print("\n".join(findings) if findings else "tidy: nothing to complain about")
    sys.exit(1 if findings else 0)
