"""Runs a program on a pseudo-terminal and obeys orders: one JSON object a line in, one out.

Orders: {"send": TEXT}, {"wait": TEXT, "seconds": S}, {"resize": [ROWS, COLUMNS]}, {"end": SECONDS}.
"""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

shown = ""
mark = 0


def resize(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def pump(seconds):
    """Takes what the program has written; False once it has ended."""
    global shown
    ready, _, _ = select.select([terminal], [], [], seconds)
    if not ready:
        return True
    try:
        data = os.read(terminal, 65536)
    except OSError:
        return False
    shown += data.decode(errors="replace")
    return bool(data)


def wait(text, seconds):
    global mark
    end = time.monotonic() + seconds
    alive = True
    while text not in shown[mark:] and alive and time.monotonic() < end:
        alive = pump(0.05)
    at = shown.find(text, mark)
    found = shown[mark:]
    if at >= 0:
        mark = at + len(text)
    return {"ok": at >= 0, "shown": found}


def end(seconds):
    limit = time.monotonic() + seconds
    while pump(0.05) and time.monotonic() < limit:
        pass
    while time.monotonic() < limit:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return {"ok": True, "status": os.waitstatus_to_exitcode(status), "shown": shown[mark:]}
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return {"ok": False, "shown": shown[mark:]}


resize(40, 100)
for line in sys.stdin:
    order = json.loads(line)
    answer = {"ok": True}
    if "send" in order:
        os.write(terminal, order["send"].encode())
    elif "wait" in order:
        answer = wait(order["wait"], order["seconds"])
    elif "resize" in order:
        resize(*order["resize"])
        os.kill(child, signal.SIGWINCH)
    else:
        answer = end(order["end"])
    print(json.dumps(answer), flush=True)
