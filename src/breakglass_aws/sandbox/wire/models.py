# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service models by the name that requests are signed with."""

from __future__ import annotations

import re
from functools import cache

from botocore.exceptions import UnknownServiceError
from moto.core.model import ServiceModel
from moto.core.request import determine_request_protocol
from moto.core.utils import get_service_model


@cache
def service_model(service: str) -> ServiceModel | None:
    """The service model by the signing name, or None for a service botocore does not know."""
    if not re.fullmatch(r"[a-z0-9.-]{1,60}", service):
        return None
    try:
        return get_service_model(service)
    except (UnknownServiceError, OSError):
        return None


def protocol_of(model: ServiceModel, content_type: str) -> str:
    try:
        return determine_request_protocol(model, content_type)
    except NotImplementedError:
        return str(model.protocol)
