"""Python's Manager as a peer: reads "NAME COUNT" lines, does it so often, answers with the microseconds it took."""

import multiprocessing
import sys
import time


def serve(shared, lock, requests, answers):
    """Does what is asked in a process of its own, as the users of a manager do."""
    actions = {
        "set": lambda n: shared.__setitem__("key", n),
        "get": lambda n: shared["key"],
        # What loses no count takes a lock in Python.
        "increment": lambda n: locked(lock, shared),
        "update": lambda n: locked(lock, shared),
    }
    while True:
        name, count = requests.recv()
        action = actions[name]
        began = time.perf_counter()
        for n in range(count):
            action(n)
        answers.send((time.perf_counter() - began) * 1e6)


def locked(lock, shared):
    with lock:
        shared["key"] = shared["key"] + 1


def main():
    manager = multiprocessing.Manager()
    shared = manager.dict({"key": 0})
    lock = manager.Lock()
    here, there = multiprocessing.Pipe()
    user = multiprocessing.Process(target=serve, args=(shared, lock, there, there), daemon=True)
    user.start()
    print("ready", flush=True)
    for line in sys.stdin:
        name, count = line.split()
        here.send((name, int(count)))
        print(here.recv(), flush=True)


if __name__ == "__main__":
    main()
