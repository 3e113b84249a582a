"""Who is let in: a link opens the studio once, for one browser, whose cookie opens it from then on.

Kept in memory alone, and as hashes: a new start lets nobody in who came before. Not here: what HTTP makes of it
(`guard.py`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable

_TRIES_OF_ONE, _TRIES_OF_ALL = 10, 100  # wrong tokens
_TRIES_WITHIN_S = 60.0
_BROWSERS = 64


class TooManyTries(Exception):
    """Wrong tokens were sent too often; none is looked at for `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"Too many wrong links. Wait {wait_s:.0f} s.")
        self.wait_s = wait_s


class Door:
    """The one link that is good now, and the browsers that came in.

    `takes_left` says whether a token's hash was left by this user's other processes, once (`running.py`).
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        takes_left: Callable[[bytes], bool] = lambda _hashed: False,
    ) -> None:
        self._takes_left = takes_left
        self._clock = clock
        self._lock = threading.Lock()
        self._token = b""
        self._browsers: dict[bytes, None] = {}  # in the order they came
        self._wrong: deque[tuple[float, str]] = deque()

    def new_token(self) -> str:
        """A token for one browser. The one before is worth nothing from now on."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._token = _hashed(token)
        return token

    def enter(self, token: str, who: str) -> str | None:
        """What a browser's cookie shall say, if `token` is the good one, which dies by this; None otherwise.

        `who` is the address that asks. Raises TooManyTries, whatever the token, after too many wrong ones.
        """
        with self._lock:
            self._refuse_too_many(who)
            hashed = _hashed(token)
            if hmac.compare_digest(hashed, self._token):
                self._token = b""
            elif not self._takes_left(hashed):
                self._wrong.append((self._clock(), who))
                return None
            cookie = secrets.token_urlsafe(32)
            self._browsers[_hashed(cookie)] = None
            while len(self._browsers) > _BROWSERS:
                del self._browsers[next(iter(self._browsers))]
            return cookie

    def knows(self, cookie: str) -> bool:
        """Whether a browser with this cookie was let in."""
        return _hashed(cookie) in self._browsers

    def _refuse_too_many(self, who: str) -> None:
        now = self._clock()
        while self._wrong and now - self._wrong[0][0] > _TRIES_WITHIN_S:
            self._wrong.popleft()
        of_one = [when for when, one in self._wrong if one == who]
        if len(of_one) >= _TRIES_OF_ONE or len(self._wrong) >= _TRIES_OF_ALL:
            first = of_one[0] if len(of_one) >= _TRIES_OF_ONE else self._wrong[0][0]
            raise TooManyTries(first + _TRIES_WITHIN_S - now)


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
