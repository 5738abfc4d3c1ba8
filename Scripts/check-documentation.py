"""Lists what is public and has no documentation comment.

Usage: check-documentation.py FOLDER, of symbol graphs as `swift-symbolgraph-extract` writes them for public symbols.
The status is 1 if anything is listed. A member that meets a documented requirement of a protocol has its comment.
"""

import json
import pathlib
import sys


def undocumented(graph):
    """The symbols of a graph without a comment, as (place, kind and name)."""
    for symbol in graph["symbols"]:
        # What the compiler and protocols of other modules add has no place in the source.
        place = symbol.get("location")
        if place is None or symbol.get("docComment"):
            continue
        file = place["uri"].removeprefix("file://").removeprefix(f"{pathlib.Path.cwd()}/")
        name = ".".join(symbol["pathComponents"])
        kind = symbol["kind"]["displayName"].lower()
        yield (file, place["position"]["line"] + 1, f"{kind} {name}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = sorted(pathlib.Path(sys.argv[1]).rglob("*.symbols.json"))
    if not files:
        sys.exit(f"{sys.argv[1]}: has no symbol graphs")
    graphs = [json.loads(file.read_text()) for file in files]
    found = sorted({fault for graph in graphs for fault in undocumented(graph)})
    for file, line, what in found:
        print(f"{file}:{line}: {what} is public and has no documentation comment", file=sys.stderr)
    print(f"{sum(len(graph['symbols']) for graph in graphs)} public symbols, {len(found)} without a comment")
    sys.exit(1 if found else 0)


main()
