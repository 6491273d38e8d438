# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of the field: a table of our own operations each, and moto's responses for the rest.

A service module has `handle(state, call) -> dict | None | Answer`: a dictionary is written by the service model, an
Answer is finished. S3 has `prepare` too, for what AWS refuses before it looks at permissions.
"""
