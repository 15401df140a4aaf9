"""`make bench`: what Antin costs, beside what cannot be left out and beside its peers.

Two tables of ratios, every figure of a row measured in the same run, by turns. The absolute times
are this machine's; the ratios travel better. Nothing here passes or fails by time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import (
    batch,
    bulk,
    crl,
    forms,
    issue,
    judge,
    judge_process,
    large,
    overview,
    plan,
    process,
    real,
    reconcile,
    revoke,
    scan,
    search,
    service,
    sign,
    sign_workers,
    stamped,
    token_issue,
    token_workers,
    tokens,
)
from bench.material import Material, make
from bench.paired import Ways, measure_ways
from bench.rounds import Contender, measure, median

TOKEN_HEAD = ("keys on a token", "takes", "ratio", "wanted", "measured against")
HEAD = ("job", "Antin", "floor", "Antin/floor", "peer", "peer's time", "Antin/peer")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, three rounds")
    parser.add_argument("--only", default="", metavar="WORD", help="the jobs with this word alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round's seconds too")
    return parser.parse_args()


def jobs(
    documents: int,
    requests: int,
    *,
    lists: tuple[int, ...],
    held: int,
    found: int,
    watched: int,
) -> dict[str, tuple[Contender, ...]]:
    """Return the contenders of each job: Antin, the floor, then the peers."""
    each = large.each_round(requests)
    planned = watched if watched == plan.PROVINCE else watched // 10
    stamps = 20 * documents
    return {
        f"sign {documents} PDFs, B-B, RSA-2048 in SoftHSM": sign.contenders(Material.pdfs),
        **({f"sign {found} real PDFs, the same": sign.contenders(real.documents)} if found else {}),
        f"sign {stamps:,} PDFs, B-T; the floor is B-B": stamped.contenders(stamps),
        "sign one PDF, a whole process": process.CONTENDERS,
        f"judge {documents} PDFs": judge.SMALL,
        f"judge {documents} PDFs, B-LTA; the floor is B-B": judge.LONG_TERM,
        f"judge {judge.SIGNATURES} signatures in one PDF; the floor is 5 in 5": (
            judge.MANY_SIGNATURES
        ),
        f"judge {documents} PDFs, {judge.ANCHORS:,} anchors; the floor is 1": judge.MANY_ANCHORS,
        f"judge {documents} PDFs, {judge.ANCHORS:,} anchors of lists; the floor is 1": (
            judge.MANY_LISTED
        ),
        "judge one PDF, a whole process": judge_process.ONE,
        f"judge {judge_process.MANY * documents} PDFs, one command; the floor is two processes": (
            judge_process.FOLDER
        ),
        f"judge {service.TIMES * documents} PDFs over HTTP; the floor is two processes": (
            service.CONTENDERS
        ),
        f"judge {service.TIMES_LONG_TERM * documents} PDFs over HTTP, B-LTA; the floor alike": (
            service.LONG_TERM
        ),
        f"issue {requests} certificates, P-256": (issue.ANTIN, issue.FLOOR, *issue.PEERS),
        f"issue {each} certificates, {held:,} in the register": large.contenders(held),
        f"issue {requests} certificates, RSA-2048 in SoftHSM": token_issue.CONTENDERS,
        f"issue {requests} certificates in bulk, RSA-2048 and P-256": bulk.contenders(),
        f"issue {requests} certificates of a file; the floor is in bulk": batch.CONTENDERS,
        f"run a plan of {planned:,} certificates; the floor is bulk": plan.contenders(planned),
        f"revoke {requests} certificates": revoke.CONTENDERS,
        f"{len(search.TEXTS)} searches of {search.PROVINCE:,} certificates": search.CONTENDERS,
        f"reconcile {watched:,} certificates of others": reconcile.contenders(watched),
        f"an overview of {held:,} certificates": overview.contenders(held),
        f"a form of {forms.PEOPLE:,} people": forms.CONTENDERS,
        **{f"a CRL of {entries:,} entries": crl.contenders(entries) for entries in lists},
    }


def rows(job: str, seconds: dict[str, list[float]]) -> list[tuple[str, ...]]:
    """Return a line for each peer of a job."""
    times = {name: median(rounds) for name, rounds in seconds.items()}
    antin, floor = times.pop("Antin"), times.pop("floor")
    left = (job, shown(antin), shown(floor), f"{antin / floor:.1f}")
    return [(*left, peer, shown(time), f"{antin / time:.2f}") for peer, time in times.items()] or [
        (*left, "(not here)", "", "")
    ]


def shown(time: float) -> str:
    """Return seconds, or milliseconds where they are short."""
    return f"{time:.2f} s" if time >= 1 else f"{time * 1000:.1f} ms"


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """Return lines as a Markdown table, which is fit to be read as it is."""
    widths = [max(map(len, column)) for column in zip(head, *lines, strict=True)]
    ruled = [head, tuple("-" * width for width in widths), *lines]
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |"
        for line in ruled
    )


class TokenTable:
    """The lines about keys on tokens, and every round's seconds."""

    def __init__(self, material: Material, *, rounds: int, scan_bytes: int) -> None:
        self._material = material
        self.lines: list[tuple[str, ...]] = []
        self.seconds: dict[str, dict[str, list[float]]] = {}
        self._logins: list[int] = []
        for name, (scheme, make_ways) in tokens.signings().items():
            self._add(name, make_ways, partial(tokens.signing_lines, name, scheme), 10 * rounds)
        for scheme in (tokens.RSA_PKCS1, tokens.P256) if shutil.which("openssl") else ():
            name = f"workers, {scheme.name}"
            lines = partial(token_workers.worker_lines, scheme)
            self._add(name, token_workers.workers(scheme), lines, rounds)
        self._add("documents", sign_workers.Workers, sign_workers.worker_lines, rounds)
        if shutil.which("sha256sum"):
            large = partial(scan.Scan, size=scan_bytes)
            self._add("scan", large, partial(scan.scan_lines, scan_bytes), rounds)
        self._add("finding", tokens.Finding, tokens.finding_lines, 10 * rounds)
        logins = str(max(self._logins))
        self.lines.append(("logins of a process, the most", "", logins, "1", "every line above"))

    def _add(
        self,
        name: str,
        make_ways: Callable[[Material], Ways],
        lines: Callable[[dict[str, float]], list[tuple[str, ...]]],
        rounds: int,
    ) -> None:
        seconds, logins = measure_ways(make_ways, self._material, rounds=rounds)
        self.seconds[name] = seconds
        self._logins.append(logins)
        self.lines += lines({way: median(times) for way, times in seconds.items()})


def main() -> None:
    chosen = options()
    documents, requests, rounds = (5, 200, 3) if chosen.quick else (50, 2000, 5)
    lists = (crl.PROVINCE,) if chosen.quick else (crl.PROVINCE, crl.MILLION)
    size = scan.GIGABYTE // 10 if chosen.quick else scan.GIGABYTE
    held = large.ROWS_QUICK if chosen.quick else large.ROWS
    watched = reconcile.PROVINCE // (10 if chosen.quick else 1)
    results: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="antin-bench-") as folder:
        material = make(Path(folder), documents=documents, requests=requests)
        found = real.gather(Path(folder), 20 if chosen.quick else 200)
        asked = jobs(documents, requests, lists=lists, held=held, found=found, watched=watched)
        for job, contenders in asked.items():
            if chosen.only in job:
                results[job] = measure(contenders, material, rounds=rounds)
        of_tokens = None if chosen.only else TokenTable(material, rounds=rounds, scan_bytes=size)
    print(
        f"medians of {rounds} interleaved rounds; {os.cpu_count()} CPUs, "
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}\n"
    )
    print(table(HEAD, [line for job, seconds in results.items() for line in rows(job, seconds)]))
    if of_tokens:
        print()
        print(table(TOKEN_HEAD, of_tokens.lines))
        results |= of_tokens.seconds
    if chosen.json:
        kept = {"schema": "antin.bench/1", "seconds": results}
        chosen.json.write_text(json.dumps(kept), "utf-8")


if __name__ == "__main__":
    main()
