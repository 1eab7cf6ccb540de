#!/usr/bin/env python3
"""Plays `systemctl --user` for one unit on machines where no systemd runs: the verbs that Carillon asks for, and the promises of
the unit that it relies on. The unit is read from disk with daemon-reload only, a start waits for READY=1 (Type=notify), whatever
ends otherwise than cleanly is started again (Restart=on-failure, after a fifth of a second instead of RestartSec), stop sends
SIGTERM. State lies in $XDG_RUNTIME_DIR/systemd; calls and starts are written to `log` there.
"""
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PLACE = Path(os.environ["XDG_RUNTIME_DIR"]) / "systemd"
UNIT = Path(os.environ["XDG_CONFIG_HOME"]) / "systemd/user/carillon.service"
LOADED, MANAGER, MAIN, LOG = PLACE / "loaded", PLACE / "manager.pid", PLACE / "main.pid", PLACE / "log"


def note(line):
    with LOG.open("a") as log:
        log.write(line + "\n")


def pid_in(file):
    try:
        pid = int(file.read_text())
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return None


def setting(name):
    return [line.split("=", 1)[1] for line in LOADED.read_text().splitlines() if line.startswith(name + "=")]


def manage(told):
    """Runs the service until it ends cleanly or we are asked to end it."""
    words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(setting("ExecStart")[0])]
    pairs = [shlex.split(line)[0].replace("%%", "%").split("=", 1) for line in setting("Environment")]
    notify = PLACE / "notify"
    notify.unlink(missing_ok=True)
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(str(notify))
    environment = {"HOME": os.environ["HOME"], "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"], "NOTIFY_SOCKET": str(notify), **dict(pairs)}
    stopping = []
    while True:
        main = subprocess.Popen(words, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(PLACE / "journal").open("a"))
        MAIN.write_text(str(main.pid))
        signal.signal(signal.SIGTERM, lambda *_: (stopping.append(1), main.terminate()))
        note("start")
        ready.settimeout(0.2)
        while main.poll() is None:
            try:
                said = ready.recv(4096).decode()
            except TimeoutError:
                continue
            note(said)
            if said == "READY=1" and told is not None:
                os.write(told, b"1")
                os.close(told)
                told = None
        note(f"end {main.returncode}")
        if main.returncode == 0 or stopping or str(main.returncode) in setting("RestartPreventExitStatus"):
            MANAGER.unlink(missing_ok=True)
            sys.exit(0)
        time.sleep(0.2)


def start():
    if pid_in(MANAGER):
        return 0
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(readable)
        devnull = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(devnull, stream)
        manage(writable)
    os.close(writable)
    MANAGER.write_text(str(pid))
    if os.read(readable, 1) == b"1":
        return 0
    print("Job for carillon.service failed; see the journal.", file=sys.stderr)
    return 1


def stop():
    pid = pid_in(MANAGER)
    if pid:
        os.kill(pid, signal.SIGTERM)
    while pid_in(MANAGER):
        time.sleep(0.02)
    return 0


def main():
    verb = next(word for word in sys.argv[1:] if not word.startswith("--"))
    note(f"systemctl {verb}")
    if verb == "daemon-reload":
        LOADED.write_text(UNIT.read_text() if UNIT.exists() else "")
        return 0
    if verb == "is-active":
        return 0 if pid_in(MANAGER) else 3
    if verb == "stop":
        return stop()
    if verb == "restart":
        stop()
    return start()


sys.exit(main())
