"""Why a remote does not take or give an object: tables from what libraries raise to the cause and what to do about it.

DVC's file systems rest on botocore, asyncssh and httpx, and each wraps the true cause in errors of its own. `signs`
walks the whole chain; the first row of a table whose sign is among them speaks.
"""

import errno
import getpass
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from poet.errors import RemoteError
from poet.remote.configured import Remote

# In all tables: {host}, {port}, {user}, {key}, {name} and {protocol} are those of the remote.
S3 = {
    "InvalidAccessKeyId": "The server does not know the access key. Correct access_key_id in .dvc/config.local, or "
    "AWS_ACCESS_KEY_ID; the file goes before the environment.",
    "SignatureDoesNotMatch": "The server knows the access key, but the secret is not that of the key. Correct "
    "secret_access_key in .dvc/config.local, or AWS_SECRET_ACCESS_KEY; the file goes before the environment.",
    "RequestTimeTooSkewed": "The clocks of this machine and of the server are too far apart (15 minutes are allowed), "
    "so the server takes no signature. Set the clock: `timedatectl set-ntp true`.",
    "NoSuchBucket": "The server has no such bucket. Make it there, or correct the address: dvc remote modify {name} "
    "url s3://BUCKET/FOLDER",
    "NoCredentialsError": "No access key is set. Write access_key_id and secret_access_key into .dvc/config.local "
    "(docs/team.md), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "AccessDenied": "The access key is right, but may not do that. To fetch, it needs the rights to read and list; to "
    "share, those to write and delete as well. Whoever runs the server grants them.",
}
SSH = {
    "HostKeyNotVerifiable": "{host} shows a host key that is not the one in ~/.ssh/known_hosts, or none is there. "
    "(DVC itself does not look, and would trust whoever answers.) Log in once: ssh -p {port} {user}@{host}. Compare "
    "the fingerprint that ssh shows with the one that the server's administrator has. Then check again.",
    "PermissionDenied": "{host} refuses {user} with {key}. Let the server know the key's public half: ssh-copy-id -p "
    "{port} -i KEY.pub {user}@{host}. Then name the private half: dvc remote modify --local {name} keyfile KEY",
    "KeyImportError": "{key} is no private key, or it needs its passphrase: dvc remote modify --local {name} "
    "ask_passphrase true",
    "SFTPPermissionDenied": "{user} may log in, but may not do that there. The server's administrator lets the team "
    "write to the folder (docs/team.md), or the server offers SFTP for reading only.",
    # The message of a ValueError, by which sshfs replaces the cause.
    "Can't create any SFTP connections!": "{host} lets {user} in, but has no SFTP. The administrator turns it on in "
    "sshd_config: Subsystem sftp internal-sftp",
}
WEBDAV = {
    "401": "The server refuses user and password. Correct user and password in .dvc/config.local (docs/team.md).",
    "403": "The server lets {user} in, but {user} may not do that: it offers the folder for reading only. Whoever "
    "runs the server grants the right to write.",
    "409": "The folder at the end of the address does not exist on the server, and DVC does not make it. Make it "
    "there, or correct the address: dvc remote modify {name} url {protocol}://HOST/FOLDER",
}
HTTP = {
    "NotImplementedError": "DVC only reads from {protocol}:// addresses, and no finished stages. If this is an "
    "S3-compatible server, the address is s3://BUCKET/FOLDER, and {protocol}://{host}:{port} is its endpointurl; if "
    "it is WebDAV, the address begins with webdav:// or webdavs://.",
}
ANY = {
    "gaierror": "No machine has the name {host}. Look for a misspelling in the address; a name may also be known in a "
    "company's network or VPN only.",
    "ECONNREFUSED": "{host} is there, but no server listens at its port {port}. Is the server running? Is the port "
    "right?",
    "no route": "No way leads to {host} from here. Is the network, or the VPN, connected?",
    "SSLCertVerificationError": "This machine does not trust the certificate of {host}. If an authority of your own "
    "signed it: dvc remote modify --local {name} ssl_verify AUTHORITY.pem",
    "SSLError": "{host} does not speak TLS at port {port}. Is the port right? A server without TLS has an address "
    "with http:// or webdav://.",
    "timeout": "{host} does not answer. The machine may be down, or a firewall swallows what is sent to port {port}.",
    "EROFS": "The file system there is mounted for reading only.",
    "ENOSPC": "The disk there is full.",
    "PermissionError": "This user may not do that there. docs/team.md sets the permissions of a folder that a team "
    "shares.",
    "NotADirectoryError": "A part of the address is a file, not a folder. Correct it: dvc remote modify {name} url "
    "FOLDER",
}
TABLES = {"s3": S3, "ssh": SSH, "webdav": WEBDAV, "webdavs": WEBDAV, "http": HTTP, "https": HTTP}
PORTS = {"s3": 443, "ssh": 22, "http": 80, "webdav": 80, "https": 443, "webdavs": 443}

NO_ROUTE = {"EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN"}

# Characters of a message that a server or a library gave, if no table knows the cause.
QUOTED = 300


@contextmanager
def telling_why(remote: Remote, what: str) -> Iterator[None]:
    """Turn whatever is raised inside into a RemoteError: `what` cannot be done with the remote, why, and what to do.

    Raises:
        RemoteError: its message holds no secret of the remote.
    """
    try:
        yield
    # The file systems of DVC raise what their libraries raise; these errors have no class in common.
    except Exception as error:
        raise RemoteError(f"{remote.name} ({remote.address}): cannot {what}. {explain(error, remote)}") from error


def explain(error: BaseException, remote: Remote) -> str:
    """The cause of `error`, which an operation on `remote` raised, and what to do about it; without secrets."""
    seen = set(signs(error))
    for sign, words in (TABLES.get(remote.protocol, {}) | ANY).items():
        if sign in seen:
            return remote.without_secrets(words.format(**_places(remote)))
    # Hidden before it is cut: half a secret at the end would no longer be found.
    said = remote.without_secrets(next((str(each) for each in _chain(error) if str(each)), ""))
    return f"{type(error).__name__}: {' '.join(said.split())[:QUOTED]}"


def signs(error: BaseException) -> Iterator[str]:
    """What `error` and all behind it can be recognized by: codes of S3, HTTP and the system, names of classes.

    >>> list(signs(ConnectionRefusedError(111, "refused")))
    ['ECONNREFUSED', 'ConnectionRefusedError', 'ConnectionError', 'OSError']
    """
    for each in _chain(error):
        names = [kind.__name__ for kind in type(each).__mro__ if kind not in {Exception, BaseException, object}]
        codes = {errno.errorcode.get(number, "") for number in _numbers(each)} - {""}
        # botocore has the code of S3 in a dictionary, httpx the status of HTTP in an object.
        response = getattr(each, "response", None)
        if isinstance(response, dict):
            codes.add(str(response.get("Error", {}).get("Code", "")))
        elif status := getattr(response, "status_code", None):
            codes.add(str(status))
        if any(name.endswith(("Timeout", "TimeoutError")) for name in names) or "ETIMEDOUT" in codes:
            codes.add("timeout")
        if codes & NO_ROUTE:
            codes.add("no route")
        yield from sorted(codes)
        yield from names
        if type(each) is ValueError:
            yield str(each)


def _numbers(error: BaseException) -> list[int]:
    """The system's numbers of an error. asyncio tries all addresses of a host and then has them in a text only."""
    if not isinstance(error, OSError):
        return []
    return [error.errno] if error.errno else [int(number) for number in re.findall(r"\[Errno (\d+)\]", str(error))]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error`, those of which it is a group, and those behind it."""
    seen, queue = set(), [error]
    while queue:
        each = queue.pop(0)
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            queue += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
            queue += [behind for behind in (each.__cause__, each.__context__) if behind]


def _places(remote: Remote) -> dict[str, object]:
    """The words that a row of a table may hold in braces."""
    settings = remote.settings
    url = urlsplit(settings.get("endpointurl") or settings.get("host") or remote.address)
    port = settings.get("port") or url.port or PORTS.get(url.scheme or remote.protocol)
    key = settings.get("keyfile") or ("the password" if settings.get("password") else "the keys in ~/.ssh")
    return {
        "name": remote.name,
        "protocol": remote.protocol,
        "host": url.hostname or settings.get("host") or "the server",
        "port": port or "",
        "user": settings.get("user") or (getpass.getuser() if remote.protocol == "ssh" else "this user"),
        "key": key,
    }
