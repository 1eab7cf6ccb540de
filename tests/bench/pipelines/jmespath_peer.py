"""jmespath for Python on the same expressions and templates as pipelines_bench.

usage: jmespath_peer.py EXPRESSIONS_JSON; prints one line of JSON, all figures per second. Its cache of parsed
expressions is emptied where texts are measured.
"""
import json
import re
import sys
import time

import jmespath
from jmespath.parser import Parser

with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
data, expressions, templates = given["data"], given["expressions"], given["templates"]


def rate(things, work):
    work()
    rounds, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < 1:
        work()
        rounds += 1
    return rounds * things / (time.perf_counter() - begin)


def rendered(text):
    whole = re.fullmatch(r"\$\{((?:[^{}]|\{[^}]*\})*)\}", text)
    if whole:
        return jmespath.search(whole[1], data)

    def value(match):
        found = jmespath.search(match[1], data)
        return found if isinstance(found, str) else json.dumps(found)

    return re.sub(r"\$\{([^}]*)\}", value, text)


def search_texts():
    for each in expressions:
        Parser.purge()
        jmespath.search(each, data)


parsed = [jmespath.compile(each) for each in expressions]
print(json.dumps({
    "results": [each.search(data) for each in parsed],
    "parsed": rate(len(parsed), lambda: [each.search(data) for each in parsed]),
    "texts": rate(len(expressions), search_texts),
    "templates": rate(len(templates), lambda: [rendered(each) for each in templates]),
}))
