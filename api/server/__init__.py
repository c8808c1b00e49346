"""The server process: a socket, connections, an orderly stop."""
