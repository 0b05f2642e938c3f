"""What Python's multiprocessing does between two programs: reads "what family count", does it, and says "done"."""

import queue
import sys
from multiprocessing import Process, SimpleQueue
from multiprocessing.connection import Client, Listener
from multiprocessing.managers import BaseManager

KEY = b"swordfish"


class Echo:
    def echo(self, n):
        return n


class Manager(BaseManager):
    pass


Manager.register("Echo", Echo)
Manager.register("Queue", queue.Queue)


def send_back(pipe, family):
    with Listener(family=family, authkey=KEY) as listener:
        pipe.put(listener.address)
        with listener.accept() as connection:
            while True:
                connection.send(connection.recv())


def start(family):
    manager = Manager(address=("127.0.0.1", 0) if family == "AF_INET" else None, authkey=KEY)
    manager.start()
    addresses = SimpleQueue()
    Process(target=send_back, args=(addresses, family), daemon=True).start()
    connection = Client(addresses.get(), authkey=KEY)
    return manager, manager.Echo(), manager.Queue(), connection


if __name__ == "__main__":
    families = {"unix": start("AF_UNIX"), "tcp": start("AF_INET")}
    print("ready", flush=True)
    for line in sys.stdin:
        what, family, count = line.split()
        _, echo, items, connection = families[family]
        for n in range(int(count)):
            if what == "call":
                echo.echo(n)
            elif what == "queue":
                items.put(n)
                items.get()
            else:
                connection.send(n)
                connection.recv()
        print("done", flush=True)
    for manager, *_ in families.values():
        manager.shutdown()
