"""Files of a Linux that is none, beneath `root`, and what is planned for it."""

from __future__ import annotations

from pathlib import Path

from tests.face.sessions import Session


def put(folder: Path, name: str, text: str) -> None:
    """At once: somebody may be reading it, and the kernel's files are never half written."""
    path = folder / "root" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.replace(path)


def plan(session: Session, *options: str) -> str:
    return session.done("--root", "root", "plan", *options)
