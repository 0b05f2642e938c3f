"""What Python's multiprocessing does with locks and the like: one line on stdin tells what and how often."""

import multiprocessing
import sys


def contend(lock, orders, done):
    while True:
        for _ in range(orders.get()):
            lock.acquire()
            lock.release()
        done.put(None)


def answer(ping, pong):
    while True:
        ping.wait()
        ping.clear()
        pong.set()


def meet(barrier, orders):
    while True:
        for _ in range(orders.get()):
            barrier.wait()


def main():
    context = multiprocessing.get_context("fork")
    lock, ping, pong, barrier = context.Lock(), context.Event(), context.Event(), context.Barrier(4)
    orders, done = context.Queue(), context.Queue()
    parties = [context.Queue() for _ in range(3)]
    jobs = [(contend, (lock, orders, done)), (answer, (ping, pong))] + [(meet, (barrier, party)) for party in parties]
    for target, args in jobs:
        context.Process(target=target, args=args, daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        what, count = line.split()
        count = int(count)
        if what == "free":
            for _ in range(count):
                lock.acquire()
                lock.release()
        elif what == "contended":
            orders.put(count // 2)
            for _ in range(count - count // 2):
                lock.acquire()
                lock.release()
            done.get()
        elif what == "event":
            for _ in range(count):
                ping.set()
                pong.wait()
                pong.clear()
        elif what == "barrier":
            for party in parties:
                party.put(count)
            for _ in range(count):
                barrier.wait()
        print("done", flush=True)


main()
