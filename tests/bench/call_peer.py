"""What Python's multiprocessing does between two processes: a line on stdin says what, how many at a time, how often."""

import multiprocessing
import sys
import time


def answer(connection):
    while True:
        number, _method, args = connection.recv()
        connection.send((number, args[0]))


def send_back(connection):
    while True:
        connection.send_bytes(connection.recv_bytes())


def move(there, back):
    while True:
        back.put(there.get())


def take(items, done):
    while True:
        if items.get() < 0:
            done.put(None)


def call(connection, outstanding, count):
    begun = 0
    for answered in range(count):
        while begun < count and begun < answered + outstanding:
            connection.send((begun, "echo", (begun,)))
            begun += 1
        connection.recv()


def asleep(connection, count):
    """Answers with the microseconds that the calls took, without the pauses between."""
    took = 0.0
    for n in range(count):
        time.sleep(0.001)
        began = time.perf_counter()
        connection.send((n, "echo", (n,)))
        connection.recv()
        took += time.perf_counter() - began
    return took * 1e6


def hello(connection):
    connection.send("ready")


def spawn(count):
    processes = []
    context = multiprocessing.get_context("spawn")
    for _ in range(count):
        here, there = context.Pipe()
        process = context.Process(target=hello, args=(there,))
        process.start()
        here.recv()
        processes.append(process)
    return processes


def main():
    context = multiprocessing.get_context("fork")
    pipes = {}
    for target in (answer, send_back):
        here, there = context.Pipe()
        pipes[target] = here
        context.Process(target=target, args=(there,), daemon=True).start()
    there, back, items, done = (context.Queue() for _ in range(4))
    context.Process(target=move, args=(there, back), daemon=True).start()
    context.Process(target=take, args=(items, done), daemon=True).start()
    blob = b"x" * (16 << 20)
    print("ready", flush=True)
    for line in sys.stdin:
        what, outstanding, count = line.split()
        count = int(count)
        answered = 0.0
        started = []
        if what == "pipe":
            call(pipes[answer], int(outstanding), count)
        elif what == "asleep":
            answered = asleep(pipes[answer], count)
        elif what == "bytes":
            for _ in range(count):
                pipes[send_back].send_bytes(blob)
                pipes[send_back].recv_bytes()
        elif what == "queue":
            for n in range(count):
                there.put(n)
                back.get()
        elif what == "items":
            for n in range(count):
                items.put(n)
            items.put(-1)
            done.get()
        elif what == "spawn":
            started = spawn(count)
        print(answered, flush=True)
        for process in started:
            process.join()


if __name__ == "__main__":
    main()
