"""Ctrl-C, pressed by the program."""

import _thread
import signal
import threading

__all__ = ["interrupt_main_thread"]


def interrupt_main_thread() -> None:
    """Have the main thread do what it does on Ctrl-C, also where it waits for something."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:  # pragma: no cover - Windows
        _thread.interrupt_main()
