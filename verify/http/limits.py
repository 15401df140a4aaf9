"""How much callers may ask for, all at once and each."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one service; none may be left out."""

    workers: int = 2
    """Judging processes: as many documents are judged at a time."""
    seconds: float = 60.0
    """How long one document may be judged."""
    memory_bytes: int = 500 * MEBIBYTE
    """What judging one document may take beside what its process takes anyway."""
    body_bytes: int = 64 * MEBIBYTE
    """Of one request, its documents together."""
    documents: int = 100
    """In one request."""
    waiting: int = 32
    """Documents that wait for a process; who comes then is asked to come again."""
    per_minute: int = 600
    """Documents of one caller."""
    held_bytes: int = 512 * MEBIBYTE
    """Of all requests and jobs together that are not answered yet."""
    jobs: int = 64
    """Jobs of one caller that are known at a time."""
    job_seconds: float = 3600.0
    """How long a job that is done is known."""
