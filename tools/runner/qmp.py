# SPDX-License-Identifier: GPL-2.0-only
"""The few words of QMP that help with a guest that hangs. Never raises: it is a last look."""

import json
import socket


class Qmp:
    def __init__(self, path, seconds=2.0):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.stream = self.socket.makefile("rwb")
        self.stream.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        message = {"execute": command, "arguments": arguments}
        self.stream.write(json.dumps(message).encode() + b"\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            if not line:
                raise OSError("QMP was closed")
            answer = json.loads(line)
            if "return" in answer or "error" in answer:
                return answer

    def close(self):
        self.stream.close()
        self.socket.close()


def look_at_hang(path, registers_file):
    """Registers of all CPUs into a file, then an NMI, on which the guest prints its stacks."""
    try:
        qmp = Qmp(path)
        try:
            answer = qmp.ask("human-monitor-command", **{"command-line": "info registers -a"})
            registers_file.write_text(str(answer.get("return", answer)).replace("\r\n", "\n"))
            return "return" in qmp.ask("inject-nmi")
        finally:
            qmp.close()
    except (OSError, ValueError):
        return False
