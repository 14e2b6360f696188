"""plan, apply, verify and release on real kernels, in a guest of our own.

`python3 -m tests.linux.build` makes it; `guest.boot` runs a program of `inside` in it.
"""
