"""Checks that every file, folder and build target that the Dockerfile names exists, and that it runs without root."""
import re
from pathlib import Path


def check() -> list[str]:
    text = Path("Dockerfile").read_text()
    joined = text.replace("\\\n", " ")
    found = []
    for line in joined.splitlines():
        words = line.split()
        if words[:1] == ["COPY"] and not words[1].startswith("--from"):
            found += [f"COPY names {source}, which does not exist" for source in words[1:-1] if not Path(source).exists()]
        for script in re.findall(r"\bscripts/[a-z]+", line):
            if not Path(script).exists():
                found.append(f"{script} does not exist")
    copied = [source for line in joined.splitlines() if line.startswith("COPY ") for source in line.split()[1:-1]]
    always = Path("CMakeLists.txt").read_text().split("if(CARILLON_TESTS)")[0]
    for folder in re.findall(r"add_subdirectory\((\S+)\)", always):
        if not any(Path(folder).is_relative_to(source) for source in copied):
            found.append(f"it does not copy {folder}, without which CMakeLists.txt cannot be configured")
    built = re.search(r"scripts/build (\w+) (\w+)", joined)
    presets = Path("CMakePresets.json").read_text()
    if not built or f'"name": "{built.group(1)}"' not in presets:
        found.append("it builds a preset that does not exist")
    elif f"add_executable({built.group(2)} " not in "".join(p.read_text() for p in Path("server").rglob("CMakeLists.txt")):
        found.append(f"it builds a target that does not exist: {built.group(2)}")
    if not re.search(r"^USER (?!root)", text, re.M):
        found.append("it runs as root")
    for key in re.findall(r"CARILLON_([A-Z_]+)=", joined):
        name = key.lower()
        keys = "".join(p.read_text() for p in Path("config").glob("*.cc"))
        if name != "home" and not any(name == k.replace(".", "_") for k in re.findall(r'"([a-z_.]+)",', keys)):
            found.append(f"it sets CARILLON_{key}, which no key reads")
    return [f"Dockerfile: {line}" for line in found]
