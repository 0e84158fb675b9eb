"""Scripted back ends: each port does as it is told, and writes down every request that reaches it.

    proxies_origin.py COUNT

Prints a JSON list of its ports; then reads commands, one JSON object a line, and answers each with a line:
    {"set": {"0": "ok", "2": "503"}}   by index: ok, a status, reset, hang, refuse
    {"log": [0, 1]}                    [[seconds, index], ...] since the last time, of these
"""
import asyncio
import json
import socket
import struct
import sys
import time


class Origin:
    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("", 0))
        self.port = self.socket.getsockname()[1]
        self.mode = "ok"
        self.server = None
        self.log = []

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, sock=self.socket.dup(), backlog=1024)

    async def become(self, mode):
        """Refusing is a port that is bound, and that nobody listens on."""
        if mode == "refuse" and self.server:
            self.server.close()
            self.server = None
            self.socket.close()
            self.socket = socket.socket()
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(("", self.port))
        elif mode != "refuse" and not self.server:
            await self.listen()
        self.mode = mode

    async def serve(self, reader, writer):
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.log.append(time.monotonic())
                if self.mode == "hang":
                    await reader.read()
                    break
                if self.mode == "reset":
                    peer = writer.get_extra_info("socket")
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
                status = "200 OK" if self.mode == "ok" else self.mode + " Told"
                writer.write(("HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nx\n" % status).encode())
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()


async def main():
    origins = [Origin() for _ in range(int(sys.argv[1]))]
    for origin in origins:
        await origin.listen()
    print(json.dumps([origin.port for origin in origins]), flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        command, answer = json.loads(line), []
        for index, mode in command.get("set", {}).items():
            await origins[int(index)].become(mode)
        for index in command.get("log", []):
            answer += [(at, index) for at in origins[index].log]
            origins[index].log = []
        print(json.dumps(sorted(answer)), flush=True)


asyncio.run(main())
