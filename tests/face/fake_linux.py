"""Files of a Linux that is none, beneath `root`, and what is planned for it."""

from __future__ import annotations

from pathlib import Path

from tests.face.sessions import Session


def put(folder: Path, name: str, text: str) -> None:
    path = folder / "root" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def plan(session: Session, *options: str) -> str:
    return session.done("--root", "root", "plan", *options)
