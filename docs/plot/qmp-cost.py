#!/usr/bin/env python3
"""What a QMP client costs a handover: its downtime while clients poll query-migrate, and while they only wait for events.

Starts a source and a destination that stay, and lets the guest go to and fro between them. In every other pair of
migrations, each agent's client asks 100 times a second how the migration is, from before the beginning until the end.

    docs/plot/qmp-cost.py [RAM] [PAIRS]        by default 256M and 40
"""

import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PAGEFLIP = pathlib.Path(__file__).resolve().parents[2] / "cli/bin/pageflip"
PERIOD_S = 0.01
LIMIT_S = 60


class Client:
    """A connection to an agent. One thread uses it at a time."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        self.events = []
        self.read()  # the greeting
        self.execute("qmp_capabilities")
        self.execute("migrate-set-capabilities", capabilities=[
            {"capability": "events", "state": True}, {"capability": "x-ignore-shared", "state": True}])

    def read(self):
        line = self.lines.readline()
        if not line:
            raise ConnectionError("the agent has gone")
        return json.loads(line)

    def execute(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            value = self.read()
            if "event" in value:
                self.events.append(value)
            elif "error" in value:
                raise RuntimeError(f"{command}: {value['error']['desc']}")
            else:
                return value["return"]

    def has_completed(self):
        statuses = [event["data"]["status"] for event in self.events if event["event"] == "MIGRATION"]
        if "failed" in statuses:
            raise RuntimeError("a migration has failed")
        return "completed" in statuses

    def await_completed(self, polls):
        """Until the event comes; a client that polls asks meanwhile."""
        while not self.has_completed():
            if polls:
                self.execute("query-migrate")
                time.sleep(PERIOD_S)
            else:
                value = self.read()
                if "event" in value:
                    self.events.append(value)


def migrate(giver, taker, path, polls):
    for client in (giver, taker):
        client.events.clear()
    taker.execute("migrate-incoming", uri=f"unix:{path}")
    giver.execute("migrate", uri=f"unix:{path}")
    other = threading.Thread(target=taker.await_completed, args=(polls,))
    other.start()
    giver.await_completed(polls)
    other.join()
    return giver.execute("query-migrate")["__io.pageflip_downtime-ns"] / 1000


def start(role, path, *options):
    agent = subprocess.Popen([PAGEFLIP, role, f"--qmp=unix:{path}", "--run-after=0.05", "--no-verify", "--quiet", *options])
    until = time.monotonic() + LIMIT_S
    while not os.path.exists(path):
        if agent.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"no {role}")
        time.sleep(0.01)
    return agent


def main():
    ram = sys.argv[1] if len(sys.argv) > 1 else "256M"
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    downtimes = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        agents = [start("source", f"{folder}/a", f"--ram={ram}"), start("destination", f"{folder}/b")]
        try:
            here, there = Client(f"{folder}/a"), Client(f"{folder}/b")
            for pair in range(-5, pairs):
                for polls in (False, True) if pair % 2 else (True, False):
                    for giver, taker in ((here, there), (there, here)):
                        downtime = migrate(giver, taker, f"{folder}/m", polls)
                        if pair >= 0:  # the others warm the agents up
                            downtimes[polls].append(downtime)
            for client in (here, there):
                client.execute("quit")
            for agent in agents:
                agent.wait(LIMIT_S)
        finally:
            for agent in agents:
                agent.kill()
                agent.wait()
    medians = {}
    for polls, values in downtimes.items():
        quartiles = statistics.quantiles(values, n=4)
        medians[polls] = quartiles[1]
        print(f"{'clients poll' if polls else 'clients wait'}: median {quartiles[1]:.1f} us, quartiles {quartiles[0]:.1f} and"
              f" {quartiles[2]:.1f}, most {max(values):.1f}, {len(values)} handovers of {ram}")
    print(f"ratio of the medians: {medians[True] / medians[False]:.3f}")


main()
