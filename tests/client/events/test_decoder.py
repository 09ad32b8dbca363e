"""Tests of fastapi_testing.client.events.decoder."""

import re
import unittest
from unittest import mock

from fastapi_testing.client.events.decoder import EventDecoder


def decode(*chunks: bytes) -> list[tuple[str, str, str, int | None]]:
    """Return the events of these chunks."""
    decoder = EventDecoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return [(event.event, event.data, event.id, event.retry) for event in events]


class Counting:
    """The pattern of a line's end, which counts what it is given."""

    def __init__(self) -> None:
        self.characters = 0

    def split(self, text: str) -> list[str]:
        """Split a text at line ends."""
        self.characters += len(text)
        return re.split("\r\n|\n|\r", text)


class DecoderTests(unittest.TestCase):
    """The HTML Standard's own examples and rules (§9.2.5, §9.2.6)."""

    def test_lines(self) -> None:
        """Lines of data are joined; fields have a space after the colon, or none, or no value."""
        stream = b"data: YHOO\ndata:+2\ndata\nevent:stock\nnothing: x\n\n"
        self.assertEqual(decode(stream), [("stock", "YHOO\n+2\n", "", None)])

    def test_line_ends(self) -> None:
        """A line ends with LF, CR or CRLF, wherever the stream is cut."""
        stream = b"data: 1\r\n\r\ndata: 2\r\rdata: 3\n\ndata: 4\r\n\n"
        expected = [("message", str(number), "", None) for number in (1, 2, 3, 4)]
        self.assertEqual(decode(stream), expected)
        self.assertEqual(decode(*(stream[index : index + 1] for index in range(len(stream)))), expected)

    def test_last_line_end(self) -> None:
        """A CR ends a line as soon as it comes; the LF behind it, whenever that comes, ends no other."""
        decoder = EventDecoder()
        self.assertEqual([event.data for event in decoder.feed(b"data: 1\r\r")], ["1"])
        self.assertEqual([event.data for event in decoder.feed(b"\ndata: 2\r")], [])
        self.assertEqual([event.data for event in decoder.feed(b"\n\r")], ["2"])
        self.assertEqual([event.data for event in decoder.feed(b"")], [])
        self.assertEqual([event.data for event in decoder.feed(b"\ndata: 3\n\n")], ["3"])

    def test_large_event(self) -> None:
        """What an event costs grows with its size: in each piece, only what came is looked at."""
        decoder = EventDecoder()
        piece = "x" * 1000
        with mock.patch("fastapi_testing.client.events.decoder._LINE_END", Counting()) as pattern:
            for chunk in [b"data: ", *[piece.encode()] * 1000]:
                self.assertEqual(list(decoder.feed(chunk)), [])
            (event,) = decoder.feed(b"\n\n")
        self.assertEqual((event.data, pattern.characters), (piece * 1000, 1_000_008))

    def test_other_line_ends(self) -> None:
        """No other character ends a line."""
        self.assertEqual(decode("data: a\u2028b\x0bc\x85\n\n".encode()), [("message", "a\u2028b\x0bc\x85", "", None)])

    def test_characters(self) -> None:
        """The stream is UTF-8, with or without a byte order mark, wherever it is cut."""
        stream = "\ufeffdata: é\n\ndata: \ufeff\n\n".encode()
        expected = [("message", "é", "", None), ("message", "\ufeff", "", None)]
        self.assertEqual(decode(*(stream[index : index + 1] for index in range(len(stream)))), expected)
        self.assertEqual(decode(b"data: \xff\n\n"), [("message", "\ufffd", "", None)])

    def test_comments(self) -> None:
        """Comments, such as those that keep a connection alive, are no events, also once an ID is set."""
        self.assertEqual(decode(b": ping\n\nid: 7\ndata: x\n\n: ping\n\n"), [("message", "x", "7", None)])

    def test_no_data(self) -> None:
        """A block without data is no event; one with empty data is."""
        self.assertEqual(decode(b"event: close\n\nevent: close\ndata:\n\n"), [("close", "", "", None)])

    def test_id(self) -> None:
        """An ID holds for the events after it, until it is taken back; one with a NUL is ignored."""
        events = decode(b"id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\nid\ndata: d\n\n")
        self.assertEqual([event[2] for event in events], ["1", "1", "1", ""])

    def test_last_event_id(self) -> None:
        """An ID that comes without data is the last one all the same; that of an unfinished block is not."""
        decoder = EventDecoder("5")
        list(decoder.feed(b"data: a\n\n"))
        self.assertEqual(decoder.last_event_id, "5")
        list(decoder.feed(b"id: 6\n\nid: 7\n"))
        self.assertEqual(decoder.last_event_id, "6")

    def test_retry(self) -> None:
        """The time to wait is a number of ASCII digits, with an event or without."""
        decoder = EventDecoder()
        self.assertEqual(list(decoder.feed(b"retry: 1s\n\nretry: \xc2\xb2\n\nretry: 250\n\n")), [])
        self.assertEqual(decoder.retry, 250)
        self.assertEqual(decode(b"retry: 10\ndata: a\n\ndata: b\n\n")[0][3], 10)
