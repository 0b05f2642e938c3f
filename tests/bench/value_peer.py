"""Adds ones to a multiprocessing.Value under its lock: reads how many from each line, and answers each with a line."""

import sys
from multiprocessing import Value

value = Value("i", 0)
for line in sys.stdin:
    value.value = 0
    for _ in range(int(line)):
        with value.get_lock():
            value.value += 1
    print(value.value, flush=True)
