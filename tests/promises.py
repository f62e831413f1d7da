"""The table of promises in the README, made of the tests' own markers: ``python -m tests.promises --update``."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
README = TESTS.parent / "README.md"
BEGIN, END = "<!-- promises:begin -->", "<!-- promises:end -->"
COMMAND = "python -m tests.promises --update"
PROMISES = {
    1: "No silent loss: what was decoded is within 2 % of what the packets span, or a warning names the gap.",
    2: "Never an empty success: no samples, no decodable packet, only NaN are errors with the reason.",
    3: "Every bad file gets one plain line and exit code 2, no traceback, within 15 s and 1.5 GB.",
    4: "A cut file gives its readable part, a warning, and `complete: false`.",
    5: "Times are the file's own clock: holes and late starts keep their length.",
    6: "Content decides what a file is, not its name.",
    7: "All channels are heard, or a warning says which are not.",
    8: "Samples are finite and in range; repairs are counted in the result.",
    9: "Memory is bounded: 230 MB per hour and channel, at most thrice that while decoding; too long is refused early.",
    10: "No speech gives an empty transcript, status `no_speech`, language null, exit code 0.",
    11: "Speech of over 3 s without words is tried once more, else counted in `uncovered_speech_s`.",
    12: "`--speakers N` gives N labels, or fewer with the reason; never more, for any length of audio.",
    13: "0 ≤ start < end ≤ duration; sorted; nobody overlaps himself.",
    14: "Separation never makes text worse: sources that do not hold up leave the mixture, with the reason.",
    15: "Loops and stock phrases are marked `suspect` with the evidence, not deleted.",
    16: "The same input, settings, versions and machine give the same bytes; a change redoes what depends on it.",
    17: "Crash-safe: outputs are absent or whole, and a rerun gives the same bytes and repeats no finished stage.",
    18: "One bad file stops or changes no other; each is listed with its reason.",
    19: "Ctrl-C and TERM stop a run in under 2 s, resumable, nothing left behind.",
    20: "Disk full, read-only, name too long: named, and nothing half-written.",
    21: "Two runs on one folder take each file once.",
    22: "GPU out of memory: half the batch, then the CPU, the same text.",
    23: "Nothing leaves the machine in a run: no sockets, no telemetry.",
    24: "Untrusted audio can read no other file, reach no network, and not hang.",
    25: "Models and settings never run code: pinned hashes, a restricted loader, plain YAML.",
    26: "Outputs are inert and private: escaped, no temporary audio left, no words in logs.",
}


def proofs() -> dict[int, list[str]]:
    """The tests of each promise, as ``path::name``."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for number in _numbers(node):
                    found[number].append(f"{path.relative_to(TESTS.parent).as_posix()}::{node.name}")
    return found


def _numbers(test: ast.FunctionDef) -> Iterator[int]:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.promise":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def table() -> str:
    """The promises with their tests, as a Markdown table."""
    found = proofs()
    rows = ["| | promise | tests |", "|---|---|---|"]
    for number, promise in PROMISES.items():
        tests = "<br>".join(_link(test) for test in found.get(number, [])) or "*none yet*"
        rows.append(f"| {number} | {promise} | {tests} |")
    return "\n".join(rows)


def _link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}]({path})"


def block(readme: str) -> str | None:
    """What stands between the markers of a README; None when they are missing."""
    _, begin, rest = readme.partition(BEGIN)
    inside, end, _ = rest.partition(END)
    return inside.strip() if begin and end else None


def update() -> None:
    """Write the table into the README."""
    readme = README.read_text(encoding="utf-8")
    if block(readme) is None:
        sys.exit(f"README.md has no lines {BEGIN} and {END}")
    before, _, rest = readme.partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    update() if "--update" in sys.argv else print(table())  # noqa: T201
