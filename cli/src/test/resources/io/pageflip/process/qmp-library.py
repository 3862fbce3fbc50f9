"""Sends each request of standard input, one a line, through the library qemu.qmp; writes what comes back, one a line.

Arguments: the socket, and -N if no capability is to be negotiated.
"""
import asyncio
import json
import sys

from qemu.qmp import EventListener, ExecuteError, ExecInterruptedError, QMPClient


def say(value):
    print(json.dumps(value), flush=True)


async def tell_events(listener):
    async for event in listener:
        say(dict(event))


async def execute(client, request):
    out_of_band = "exec-oob" in request
    try:
        say({"return": await client.execute(
            request["exec-oob" if out_of_band else "execute"], request.get("arguments"), oob=out_of_band)})
    except ExecuteError as e:
        say({"error": {"class": e.error.error.class_, "desc": e.error.error.desc}})


async def main(socket, negotiates):
    client = QMPClient("test")
    client.negotiate = negotiates
    listener = EventListener()
    client.register_listener(listener)
    await client.connect(socket)
    say(client.greeting._asdict())
    teller = asyncio.create_task(tell_events(listener))
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    try:
        while line := await lines.readline():
            await execute(client, json.loads(line))
    except ExecInterruptedError:
        pass  # the server has closed the connection
    teller.cancel()
    try:
        await client.disconnect()
    except EOFError:
        pass


asyncio.run(main(sys.argv[1], "-N" not in sys.argv))
