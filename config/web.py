"""One web process on the socket that the supervisor bound. Started by config/engines; not for production.

In production run any ASGI server on `config.asgi:application`, for instance `uvicorn --workers 4`.
"""

import os
import socket
import sys

import uvicorn


def main() -> None:
    descriptor = int(sys.argv[1])
    proxies = os.environ.get("KEAN_TRUSTED_PROXIES", "")
    config = uvicorn.Config(
        "config.asgi:application",
        access_log=False,
        log_level="warning",
        lifespan="off",
        # An address given by X-Forwarded-For is believed only when it comes from a proxy we were told about.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        # Open event streams would hold a stop for ever; browsers reconnect by themselves.
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main()
