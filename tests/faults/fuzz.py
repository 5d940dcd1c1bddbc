"""Mutated inputs through each of our own parsers: a value or a declared error, nothing else.

    python -m tests.faults.fuzz --count 50000        every parser; prints a row for each
    python -m tests.faults.fuzz --only ts npz --count 2000 --seed 7

Input number i of a parser is a function of (seed, parser, i), so that any can be made again. Each
parser runs in a child whose address space is bounded; an input over ten seconds, growth beyond
512 MB, or any error but those declared is a finding.
"""

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.parsers import PARSERS, Parser

SECONDS = 10
GROWTH = 512 << 20
SHOWN = 5

TOKENS = [
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x80\0\0\0",
    b"\r\n",
    b"-1",
    b"0",
    b"1e999",
    b"-1e-999",
    b"NaN",
    b"Infinity",
    b"nan",
    b"9" * 30,
    b"9" * 5000,
    b"true",
    b"null",
    b"{}",
    b"[]",
    b"[" * 1200,
    b'{"a":' * 200,
    b'"',
    b"\\",
    b"\\ud800",
    b"\\u0000",
    b"..",
    b"../../etc/passwd",
    b"/dev/zero",
    b"~x",
    b"%s%n",
    b"@data",
    b"@classLabel true",
    b":",
    b",",
    b"?",
    b"'descr': '|O'",
    b"(9999999999,)",
    b"(-1, 2)",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"\x93NUMPY\x02\0",
    b"__import__('os')",
    b"F8_E4M3",
    b'"shape":[4294967296,4294967296]',
    "\u0663".encode(),
    "\u2028".encode(),
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"=",
    b"--",
    b"\x1b[2J",
]


class TooLong(BaseException):
    """No OSError as TimeoutError is, which the code under test may well catch."""


@dataclass
class Row:
    """What came of one parser's inputs. findings: the first few, in words; bad: how many."""

    parser: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    bad: int = 0
    slowest: float = 0.0
    growth: int = 0
    findings: list[str] = field(default_factory=list)

    def found(self, number: int, what: str) -> None:
        """Count a finding; describe the first few."""
        self.bad += 1
        if len(self.findings) < SHOWN:
            self.findings.append(f"input {number}: {what[:300]}")


def mutated(seeds: Sequence[bytes], draw: random.Random) -> bytes:
    """One of the seeds after one to six changes."""
    content = bytearray(draw.choice(seeds))
    for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
        at = draw.randrange(len(content) + 1)
        end = min(len(content), at + draw.choice((1, 2, 4, 8, 64, len(content) or 1)))
        match draw.randrange(8):
            case 0 if content:
                content[at % len(content)] ^= 1 << draw.randrange(8)
            case 1 if content:
                content[at % len(content)] = draw.choice(
                    (0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256))
                )
            case 2:
                del content[at:]
            case 3:
                del content[at:end]
            case 4:
                content[at:at] = content[at:end] * draw.choice((1, 1, 2, 9))
            case 5:
                content[at:at] = draw.choice(TOKENS)
            case 6:
                content[at:end] = draw.choice(TOKENS)
            case 7:
                other = draw.choice(seeds)
                content[at:] = other[draw.randrange(len(other) + 1) :]
    return bytes(content[: 1 << 20])


def drawn(parser: Parser, seed: int, number: int) -> bytes:
    """Input `number` of a parser."""
    return mutated(parser.seeds, random.Random(f"{seed} {parser.name} {number}"))


def resident(peak: bool = False) -> int:
    """Bytes of memory in use, or the most since it was last forgotten."""
    word = "VmHWM" if peak else "VmRSS"
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(word))


def forget_peak() -> None:
    """The kernel counts the peak anew from here."""
    Path("/proc/self/clear_refs").write_text("5")


def fuzz(
    parser: Parser, count: int, seed: int, at: Callable[[int], None] = lambda number: None
) -> Row:
    """Feed `count` inputs to a parser, in this process. `at` is told each number beforehand."""
    row = Row(parser.name)

    def too_long(number: int, frame: object) -> None:
        raise TooLong(f"took more than {SECONDS} s")

    before_handler = signal.signal(signal.SIGALRM, too_long)
    with tempfile.TemporaryDirectory() as place:
        parse = parser.prepare(Path(place))
        for good in parser.seeds:
            parse(good)  # an error here is the harness's own
        before = resident()
        forget_peak()
        for number in range(count):
            at(number)
            content = drawn(parser, seed, number)
            began = time.perf_counter()
            signal.alarm(SECONDS)
            try:
                parse(content)
                row.accepted += 1
            except parser.declared:
                row.refused += 1
            except BaseException as error:
                row.found(number, f"{type(error).__name__}: {error}")
            finally:
                signal.alarm(0)
            row.slowest = max(row.slowest, time.perf_counter() - began)
            row.inputs += 1
        row.growth = max(0, resident(peak=True) - before)
    signal.signal(signal.SIGALRM, before_handler)
    if row.growth > GROWTH:
        row.found(-1, f"memory grew by {row.growth >> 20} MB")
    return row


def bound_memory(extra: int) -> None:
    """No more address space than now and `extra` bytes: a runaway dies here, not the machine."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + extra, size + extra))


def in_child(name: str, count: int, seed: int) -> Row:
    """`fuzz` in a child of bounded memory; one that dies or stands still is a finding."""
    with tempfile.NamedTemporaryFile() as progress:
        command = [sys.executable, "-m", "tests.faults.fuzz", "--child", progress.name]
        command += ["--only", name, "--count", str(count), "--seed", str(seed)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        last, since = "", time.monotonic()
        while child.poll() is None:
            now = Path(progress.name).read_text()
            if now != last:
                last, since = now, time.monotonic()
            if time.monotonic() - since > 6 * SECONDS:  # in C, where no signal is heard
                child.kill()
            time.sleep(0.05)
        out, err = child.communicate()
        if child.returncode == 0:
            return Row(**json.loads(out))
        row = Row(name, inputs=int(last or 0) + 1)
        row.found(row.inputs - 1, f"the child ended with {child.returncode}: {err.decode()[-250:]}")
        return row


def _child(name: str, count: int, seed: int, progress: str) -> None:
    handle = os.open(progress, os.O_WRONLY)
    parser = PARSERS[name]
    parser.prepare(Path(tempfile.mkdtemp()))  # what it imports is not counted
    bound_memory(2 * GROWTH)
    row = fuzz(parser, count, seed, lambda number: os.pwrite(handle, b"%d" % number, 0) and None)
    print(json.dumps(asdict(row)))


def table(rows: Sequence[Row]) -> str:
    """The rows for people."""
    lines = ["parser       inputs  accepted   refused  findings  slowest s  growth MB"]
    for r in rows:
        lines.append(
            f"{r.parser:<10} {r.inputs:>8} {r.accepted:>9} {r.refused:>9} {r.bad:>9} "
            f"{r.slowest:>10.3f} {r.growth >> 20:>10}"
        )
        lines += [f"    {text}" for text in r.findings]
    return "\n".join(lines)


def main() -> int:
    """Every parser that was asked for; 1 if anything was found."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--count", type=int, default=2000)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--only", nargs="*", default=list(PARSERS))
    words.add_argument("--child", default="", help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.child:
        _child(asked.only[0], asked.count, asked.seed, asked.child)
        return 0
    rows = []
    for name in asked.only:
        rows.append(in_child(name, asked.count, asked.seed))
        print(table(rows[-1:]).split("\n", 1)[1], flush=True)
    print("\n" + table(rows))
    return int(any(row.bad for row in rows))


if __name__ == "__main__":
    sys.exit(main())
