"""What a test asked before it failed, a line for each request and WebSocket."""

from collections.abc import Iterable

from fastapi_testing.assertions.describing.exchange import describe_withheld
from fastapi_testing.masking import mask
from fastapi_testing.server.recording.exchange import Exchange
from fastapi_testing.server.recording.recorder import Recorder
from fastapi_testing.server.recording.stacks import said_by
from fastapi_testing.server.statuses import name_status

__all__ = ["note_last_exchanges", "note_withheld"]

_SHOWN = 5

_HEADING = "asked in this test"


def note_last_exchanges(failure: BaseException, recorders: Iterable[Recorder]) -> None:
    """
    Add to a failure what the test has asked last: method, path, status, and the function that answered.

    A failure that speaks of all that the test has asked needs no such list, and one that has it none again.
    """
    exchanges = sorted((each for recorder in recorders for each in list(recorder.exchanges)), key=_start)
    shown = exchanges[-_SHOWN:]
    said = said_by(failure)
    if f"\n{_HEADING}" in said or all(_is_told(exchange, said) for exchange in shown):
        return
    some = f", the last {len(shown)} of {len(exchanges)}" if len(shown) < len(exchanges) else ""
    failure.add_note(f"{_HEADING}{some}:" + "".join(f"\n  {_describe(exchange)}" for exchange in shown))


def note_withheld(failure: BaseException, recorders: Iterable[Recorder]) -> None:
    """Add to a failure which cookies the refusals that the test got were asked without, unless it says so."""
    told = {describe_withheld(each).strip() for recorder in recorders for each in list(recorder.exchanges)} - {""}
    said = said_by(failure) if told else ""
    for text in sorted(told):
        if text not in said:
            failure.add_note(text)


def _is_told(exchange: Exchange, said: str) -> bool:
    return str(exchange) in said or mask(str(exchange)) in said


def _start(exchange: Exchange) -> float:
    return exchange.started_at


def _describe(exchange: Exchange) -> str:
    where = f", in {exchange.endpoint}" if exchange.endpoint else ""
    answer = "no answer yet" if exchange.status is None else name_status(exchange.status)
    return f"{exchange}: {answer}{where}"
