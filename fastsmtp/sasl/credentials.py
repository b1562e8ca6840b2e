"""As whom we come: a user with a password, or with a token.

    parse(text, delimiter)    the Login that a password table's answer stands for
    login.identity            tells logins apart, and nothing else: sessions of different ones are never mixed

What the table says is split at the first delimiter and otherwise taken as it is. A password that begins with
the word `Bearer` and a blank is a token: it is shown only to mechanisms for tokens.
Neither password nor token is ever part of a repr.
Source: Postfix smtp_sasl_glue(3), smtp_sasl_password_result_delimiter; the mark of a token is ours (RFC 6750,
2.1); spec: sasl, 3, 7, 12.
"""

import hashlib
import secrets

BEARER = "Bearer "
_KEY = secrets.token_bytes(32)  # of this process: a digest says nothing to another one
_DIGEST_SIZE = 16  # bytes


class Login:
    """Credentials for a peer. Never changed."""

    __slots__ = ("digest", "is_token", "password", "user")

    def __init__(self, user: str, password: str, *, is_token: bool = False) -> None:
        self.user = user
        self.password = password  # or the token
        self.is_token = is_token
        self.digest = hashlib.blake2b(
            encoded(password), key=_KEY, digest_size=_DIGEST_SIZE, person=b"login"
        ).hexdigest()

    @property
    def identity(self) -> str:
        """For those who must tell logins apart."""
        return f"{self.user}\0{self.digest}"

    def __repr__(self) -> str:
        return f"<Login {self.user!r}>"


def parse(text: str, delimiter: str) -> Login:
    """The user, and behind the first delimiter the password."""
    user, _, password = text.partition(delimiter)
    if password.startswith(BEARER):
        return Login(user, password[len(BEARER) :].strip(" "), is_token=True)
    return Login(user, password)


def encoded(text: str) -> bytes:
    """As it travels: UTF-8, and bytes of a table that are none as they were."""
    return text.encode("utf-8", "surrogateescape")
