#!/usr/bin/env python3
"""Fails when src/<module> includes a module, or a library, that it may not see. Run at the root of the repo."""
import pathlib
import re
import sys

# Lower layers first; modules of one layer do not see each other.
LAYERS = [
    {"base"},
    {"data", "os"},
    {"codec", "sql", "http"},
    {"meta", "engine"},
    {"auth", "events"},
    {"objects"},
    {"lake", "capture", "sched"},
    {"query", "checks"},
    {"pipeline", "functions", "models"},
    {"transfer"},
    {"api"},
    {"app"},
]
# A library's header (a regular expression on the included path) and the only modules that may include it.
HOMES = {
    r"duckdb\.h": {"engine"},
    r"boost/(asio|beast)": {"http"},
    r"curl/": {"http"},
    r"sqlite3\.h": {"meta"},
    r"libpq-fe\.h": {"capture"},
    r"sql(ext)?\.h": {"capture"},
    r"yaml-cpp/": {"app"},
    r"CLI/": {"app"},
    r"spdlog/": {"base"},
    r"pugixml": {"api"},
    r"flatbuffers": {"query"},
    r"snappy": {"codec"},
    r"zstd": {"codec", "functions"},
    r"xxh": {"lake"},
    r"sys/(stat|socket|sendfile|file|wait|ioctl|statvfs|mman)\.h": {"os"},
    r"(fcntl|unistd|signal|spawn)\.h": {"os"},
}
INCLUDE = re.compile(r'\s*#\s*include\s+(?:"(?P<own>[^"]+)"|<(?P<foreign>[^>]+)>)')


def violations(root: pathlib.Path):
    rank = {module: layer for layer, modules in enumerate(LAYERS) for module in modules}
    for file in sorted(root.rglob("*")):
        if file.suffix not in (".h", ".cc"):
            continue
        module = file.relative_to(root).parts[0]
        if module not in rank:
            yield f"{file}:1: module {module} is in no layer of scripts/check_layers.py"
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            path = match["own"] or match["foreign"]
            other = path.split("/")[0]
            if match["own"] and other in rank and other != module and rank[other] >= rank[module]:
                yield (f"{file}:{number}: {module} (layer {rank[module]}) may not include "
                       f"{other} (layer {rank[other]})")
            if match["own"] and other not in rank:
                yield f"{file}:{number}: include own headers by their path from src/, not \"{path}\""
            # Tests may reach for the system to break things on purpose.
            if file.name.endswith("_test.cc"):
                continue
            for pattern, homes in HOMES.items():
                if re.match(pattern, path) and module not in homes:
                    yield f"{file}:{number}: <{path}> belongs to {', '.join(sorted(homes))}"


if __name__ == "__main__":
    found = list(violations(pathlib.Path("src")))
    print("\n".join(found) or "layers: clean")
    sys.exit(bool(found))
