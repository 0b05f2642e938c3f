"""Adds ones to a multiprocessing.Value under its lock: reads how many from each line, and answers each with a line."""

import sys
from multiprocessing import Value

value = Value("i", 0)
print("ready", flush=True)
for line in sys.stdin:
    count = int(line.split()[1])
    value.value = 0
    for _ in range(count):
        with value.get_lock():
            value.value += 1
    assert value.value == count
    print("done", flush=True)
