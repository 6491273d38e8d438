# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many entries of a result in little memory, and on their way to standard output. No AWS, no Ansible.

As dicts, the entries of 10,000 accounts take 16 MB, and Ansible copies a result three times before it prints it.
Compressed JSON takes a fifth, and a hundredth of the time that an account takes.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import typing as t
import uuid
import zlib

Entry = dict[str, t.Any]


class PackedEntries(t.Sequence[Entry]):
    """Entries that are kept as compressed JSON. Reading one makes a new dict: to change it changes nothing here."""

    def __init__(self, packed: t.Iterable[bytes]) -> None:
        """``packed`` are entries as :func:`pack` makes them."""
        self._packed = list(packed)

    def __len__(self) -> int:
        return len(self._packed)

    def __getitem__(self, place: int | slice) -> t.Any:
        """An entry, or the packed entries of a slice."""
        if isinstance(place, slice):
            return PackedEntries(self._packed[place])
        entry: Entry = json.loads(zlib.decompress(self._packed[place]))
        return entry

    def __iter__(self) -> t.Iterator[Entry]:
        return map(json.loads, map(zlib.decompress, self._packed))

    def as_json(self) -> t.Iterator[str]:
        """The JSON of each entry, as ASCII."""
        return (zlib.decompress(one).decode() for one in self._packed)


def pack(entry: Entry) -> bytes:
    """An entry as compressed JSON."""
    return zlib.compress(json.dumps(entry).encode(), level=1)


@contextlib.contextmanager
def printed_packed(result: dict[str, t.Any], hidden: t.Collection[str]) -> t.Iterator[dict[str, t.Any]]:
    """The result with a mark in place of its PackedEntries; what is printed in the block has the entries instead.

    The mark is printed as part of a JSON document, in one piece. ``hidden`` are values that must not be printed: with
    one of them in an entry, all entries are in the result as dicts, for the caller to mask.
    """
    packed = {name: value for name, value in result.items() if isinstance(value, PackedEntries)}
    marks: dict[str, PackedEntries] = {}
    for name, entries in packed.items():
        if any(value in one for one in entries.as_json() for value in hidden):
            result = {**result, name: list(entries)}
        else:
            mark = str(uuid.uuid4())
            marks[mark] = entries
            result = {**result, name: mark}
    with contextlib.redirect_stdout(_Output(sys.stdout, marks)):
        yield result


class _Output(io.TextIOBase):
    """Writes to another stream, with entries in place of their marks."""

    def __init__(self, stream: t.TextIO, marks: dict[str, PackedEntries]) -> None:
        self._stream = stream
        self._marks = marks

    def write(self, text: str) -> int:
        for mark, entries in self._marks.items():
            before, found, after = text.partition(f'"{mark}"')
            if found:
                self.write(f"{before}[")
                for number, entry in enumerate(entries.as_json()):
                    self._stream.write(f", {entry}" if number else entry)
                self.write(f"]{after}")
                return len(text)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()
