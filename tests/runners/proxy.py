"""Passes a socket of its own on to the engine's, until it is killed: an engine that can go away."""

import asyncio
import os
import sys

ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    engine_reader, engine_writer = await asyncio.open_unix_connection(ENGINE)
    await asyncio.gather(pump(reader, engine_writer), pump(engine_reader, writer), return_exceptions=True)


async def main() -> None:
    server = await asyncio.start_unix_server(serve, sys.argv[1])
    sys.stdout.write(sys.argv[1] + "\n")
    sys.stdout.flush()
    await server.serve_forever()


asyncio.run(main())
