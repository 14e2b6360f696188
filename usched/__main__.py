"""`usched`, and `python -m usched`."""

from __future__ import annotations

from usched.face.app import main

if __name__ == "__main__":
    main()
