"""Do once a process what botocore does once a session or client, with the same result.

Each run of a module makes a session, and each session reads the models of its services, looks through the folders of
all services and works out the names of its events and the handlers' signatures: two thirds of a run's time.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from botocore import hooks
from botocore.hooks import EVENT_ALIASES, EventAliaser
from botocore.loaders import JSONFileLoader, Loader

# These are large and no test changes them: one copy does for all.
_SHARED = ("endpoints", "partitions", "endpoint-rule-set-1")
_read_file = JSONFileLoader.load_file
_list_services = Loader.list_available_services
_make_aliaser = EventAliaser.__init__
_look_at_signature = hooks.accepts_kwargs
_aliases: dict[str, str] = {}
_accepting: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


@cache
def _shared(path: str) -> Any:
    return _read_file(JSONFileLoader(), path)


@cache
def _kept(path: str) -> bytes:
    return marshal.dumps(_plain(_read_file(JSONFileLoader(), path)))


def _plain(value: Any) -> Any:
    """The value with dict in place of OrderedDict, which has the same order and can be kept."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _load_file(loader: JSONFileLoader, path: str) -> Any:
    """What the file holds: a copy of its own for each session, because botocore and moto change models they use."""
    return _shared(path) if path.endswith(_SHARED) else marshal.loads(_kept(path))


@cache
def _services(search_paths: tuple[str, ...], type_name: str) -> tuple[str, ...]:
    return tuple(_list_services(Loader(list(search_paths), include_default_search_paths=False), type_name))


def _share_names(aliaser: EventAliaser, *arguments: Any, **options: Any) -> None:
    _make_aliaser(aliaser, *arguments, **options)
    if aliaser._event_aliases == EVENT_ALIASES:
        aliaser._alias_name_cache = _aliases


def _accepts_kwargs(handler: Callable[..., Any]) -> Any:
    function = getattr(handler, "__func__", handler)  # a method is another object each time
    if function not in _accepting:
        _accepting[function] = _look_at_signature(handler)
    return _accepting[function]


JSONFileLoader.load_file = _load_file
Loader.list_available_services = lambda loader, type_name: list(_services(tuple(loader.search_paths), type_name))
EventAliaser.__init__ = _share_names
hooks.accepts_kwargs = _accepts_kwargs
