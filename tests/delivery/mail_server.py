"""A mail server for the tests: real SMTP (aiosmtpd) on a free loopback port.

usage: mail_server.py [--user NAME:PASSWORD] [--tls DIRECTORY [--from-first-byte]] [--refuse 'CODE TEXT' …]

Prints its port, then one line of JSON for each mail that it takes: {"from", "to", "text", "tls", "user"}. With --tls a
certificate of its own is left in DIRECTORY/cert.pem, and mail is taken after STARTTLS only (or TLS from the first byte).
--refuse answers the first recipients so, one each; what is left is taken. Ends with its standard input.
"""
import argparse
import asyncio
import json
import ssl
import subprocess
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    """Takes mail, or refuses the next recipient as it was told."""

    def __init__(self, refusals):
        self.refusals = list(refusals)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        user = session.auth_data.login.decode() if session.authenticated else None
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "text": envelope.content.decode("ascii"),
                          "tls": server.transport.get_extra_info("ssl_object") is not None, "user": user}), flush=True)
        return "250 taken"


def certificate(directory):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{directory}/key.pem",
                    "-out", f"{directory}/cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/cert.pem", f"{directory}/key.pem")
    return context


async def serve(wanted):
    context = certificate(wanted.tls) if wanted.tls else None
    settings = {"hostname": "mail.test"}
    if context and not wanted.from_first_byte:
        settings |= {"tls_context": context, "require_starttls": True}
    if wanted.user:
        name, password = wanted.user.encode().split(b":")

        def check(server, session, envelope, mechanism, data):
            right = data.login == name and data.password == password
            return AuthResult(success=right, handled=right, auth_data=data)
        settings |= {"authenticator": check, "auth_required": True, "auth_require_tls": context is not None and not wanted.from_first_byte}
    keeper = Keeper(wanted.refuse)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keeper, **settings), "127.0.0.1", 0,
                                      ssl=context if wanted.from_first_byte else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--user")
    parser.add_argument("--tls")
    parser.add_argument("--from-first-byte", action="store_true")
    parser.add_argument("--refuse", action="append", default=[])
    asyncio.run(serve(parser.parse_args()))
