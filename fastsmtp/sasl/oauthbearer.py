"""OAUTHBEARER: the same by a standard, with the host that the token is meant for.

Source: RFC 7628.
"""

from fastsmtp.sasl.xoauth2 import Bearer


class OauthBearer(Bearer):
    name = "OAUTHBEARER"
    _farewell = b"\x01"

    def start(self) -> bytes:
        user = self.name_of_user().replace(b"=", b"=3D").replace(b",", b"=2C")
        host = self.peer.host.encode()
        return b"n,a=%b,\x01host=%b\x01port=%d\x01auth=Bearer %b\x01\x01" % (
            user,
            host,
            self.peer.port,
            self.token(),
        )
