"""Floor 3: the dispatcher. Pure: a timetable in, a run out."""
