"""Python's pools, told on standard input what to do, one line at a time."""

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool


def same(n):
    return n


def byte_length(data):
    return len(data)


def count_primes(start):
    count = 0
    for n in range(max(2, start), start + 5000):
        divisor = 2
        while divisor * divisor <= n and n % divisor != 0:
            divisor += 1
        if divisor * divisor > n:
            count += 1
    return count


def main():
    mebibyte = b"x" * (1 << 20)
    with Pool(2) as pool, ProcessPoolExecutor(2) as executor:
        works = {
            "pool one": lambda count: [pool.apply(same, (i,)) for i in range(count)],
            "pool many": lambda count: [r.get() for r in [pool.apply_async(same, (i,)) for i in range(count)]],
            "pool chunk 1": lambda count: pool.map(same, range(count), 1),
            "pool map": lambda count: [pool.map(same, range(100_000)) for _ in range(count)],
            "pool primes": lambda count: pool.map(count_primes, [1_000_000 + 5000 * i for i in range(count)], 1),
            "pool bytes": lambda count: [pool.apply(byte_length, (mebibyte,)) for _ in range(count)],
            "executor one": lambda count: [executor.submit(same, i).result() for i in range(count)],
            "executor many": lambda count: [f.result() for f in [executor.submit(same, i) for i in range(count)]],
            "executor chunk 1": lambda count: list(executor.map(same, range(count))),
            "executor map": lambda count: [
                list(executor.map(same, range(100_000), chunksize=math.ceil(100_000 / 8))) for _ in range(count)
            ],
            "executor primes": lambda count: list(
                executor.map(count_primes, [1_000_000 + 5000 * i for i in range(count)])
            ),
            "executor bytes": lambda count: [executor.submit(byte_length, mebibyte).result() for _ in range(count)],
        }
        print("ready", flush=True)
        for line in sys.stdin:
            name, count = line.rsplit(" ", 1)
            works[name](int(count))
            print("done", flush=True)


if __name__ == "__main__":
    main()
