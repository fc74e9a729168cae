"""One structure is one task: tasks mapped over worker processes, committed as they finish."""
