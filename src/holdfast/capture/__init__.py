"""Recording: the only way a turn is written, for every path that leads to one."""
