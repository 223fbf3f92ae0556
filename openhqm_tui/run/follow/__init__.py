"""Reading a run folder: live, finished or replayed."""
