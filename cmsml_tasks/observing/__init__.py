"""What the work in an interpreter reads: hooks, their log, and what they amount to at the end."""
