"""The accounts of a run as JSON has them (usched.5, "A run")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from usched.figures.accounts import Account, Accounts, SchedulerAccount
from usched.figures.deeds import DISTANCES
from usched.figures.latency import Spread
from usched.figures.waiting import REASONS, Blame

_Record = dict[str, Any]


def record_accounts(accounts: Accounts) -> _Record:
    return {
        "idle": accounts.idle,
        "idle_while_waiting": accounts.beside,
        "schedulers": [_record_scheduler(each) for each in accounts.schedulers],
        "programs": [{**_head(each), **_record(each)} for each in accounts.programs],
        "lwps": [
            {"name": each.name, "scheduler": each.scheduler, **_record(each)}
            for each in accounts.lwps
        ],
    }


def _head(account: Account) -> _Record:
    return {"name": account.name, "scheduler": account.scheduler, "lwps": account.lwps}


def _record_scheduler(each: SchedulerAccount) -> _Record:
    return {
        "name": each.own.name,
        "lwps": each.own.lwps,
        "promised": each.promised,
        "wanted": each.wanted,
        "got": each.got,
        "fairness": each.fairness,
        "queue": record_spread(each.queue),
        **_record(each.own),
    }


def _record(account: Account) -> _Record:
    return {
        "ran": account.ran,
        "waited": account.waited,
        "response": record_spread(account.response),
        "wake": record_spread(account.wake),
        "misses": account.misses,
        "preemptions": account.preemptions,
        "migrations": dict(zip(DISTANCES, account.moves, strict=True)),
        "waited_for": record_blame(account.blame),
        "waited_beside_idle": {why: account.blame.beside.get(why, 0) for why in REASONS},
    }


def record_spread(spread: Spread | None) -> _Record | None:
    if spread is None:
        return None
    return {
        "count": spread.count,
        "mean": spread.mean,
        "p50": spread.p50,
        "p90": spread.p90,
        "p99": spread.p99,
        "max": spread.max,
        "histogram": [
            {"from": bucket.low, "to": bucket.high, "count": bucket.times}
            for bucket in spread.buckets
        ],
    }


def record_blame(blame: Blame) -> list[Mapping[str, object]]:
    """Most first; nobody's, of idle cpus, is null."""
    by = sorted(blame.by.items(), key=lambda item: (-round(item[1], 3), item[0]))
    return [{"scheduler": name or None, "ticks": round(ticks, 3)} for name, ticks in by]
