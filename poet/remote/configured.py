"""A remote as DVC's configuration has it: its address, its settings, and DVC's own way to its objects."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poet.addresses import hide_credentials
from poet.errors import RemoteError

# Seconds without an answer until a server counts as out of reach. DVC itself waits 1,800 for SSH.
PATIENCE = 20

# The settings that say so, by the protocol.
LIMITS = {
    "ssh": ("timeout",),
    "webdav": ("timeout",),
    "webdavs": ("timeout",),
    "s3": ("connect_timeout", "read_timeout"),
}

# Settings that no message may quote.
SECRETS = (
    *("access_key_id", "secret_access_key", "session_token", "sse_customer_key", "password", "passphrase", "token"),
    *("account_key", "sas_token", "client_secret", "connection_string", "oss_key_secret", "gdrive_client_secret"),
)


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A remote of DVC, of which no server has been asked yet."""

    name: str
    # For people: without user and password.
    address: str
    # s3, ssh, webdav, webdavs, local, ...
    protocol: str
    # These may hold secrets.
    settings: dict[str, Any]
    # Where all lies, as DVC's file system calls it.
    path: str
    # DVC's store of objects there; its `fs` is that file system.
    objects: Any

    def without_secrets(self, text: str) -> str:
        """`text`, in which a library may quote a secret of the settings, without it."""
        for key in SECRETS:
            if value := self.settings.get(key):
                text = text.replace(str(value), "***")
        return text


def configured_remote(root: Path, name: str | None = None) -> Remote:
    """The remote called `name` of the repository `root`; without a name, its default remote.

    Raises:
        RemoteError: there is none, its settings make no sense, or a package is not installed that it needs.
    """
    # Imported on use: dvc takes half a second.
    from dvc.config import Config, ConfigError
    from dvc.data_cloud import Remote as DvcRemote
    from dvc.fs import RemoteMissingDepsError, get_cloud_fs

    try:
        config = Config(dvc_dir=str(root / ".dvc"))
        name = _known(name or config["core"].get("remote"), sorted(config["remote"]))
        make, settings, path = get_cloud_fs(config, name=name)
        settings = dict.fromkeys(LIMITS.get(make.protocol, ()), PATIENCE) | settings
        files = make(**settings)
    except ConfigError as error:
        raise RemoteError(f"DVC cannot use its configuration: {error}") from error
    except RemoteMissingDepsError as error:
        raise RemoteError(
            f"{name}: a remote of {error.protocol}:// needs the package {', '.join(error.missing_deps)}. `make share` "
            "and `make fetch` install it; so does pip install --constraint constraints.txt --editable '.[team]'"
        ) from error
    if make.protocol == "ssh":
        _require_trust(files, settings, name)
    if make.protocol == "s3":
        # botocore and s3fs each try five times, and each time wait for an answer that does not come.
        files.fs_args["config_kwargs"]["retries"] = {"total_max_attempts": 1}
        files.fs.retries = 1
    return Remote(
        name=name,
        address=_address(str(config["remote"][name]["url"]), settings),
        protocol=make.protocol,
        settings=settings,
        path=path,
        objects=DvcRemote(name, path, files, **settings | {"tmp_dir": None}).odb,
    )


def _known(name: str | None, names: list[str]) -> str:
    """`name` as the configuration spells it; RemoteError if it is none of the `names`."""
    there = f"there are: {', '.join(names)}" if names else "there is none"
    if not name:
        raise RemoteError(
            f"no default remote is set ({there}). Set one: dvc remote add --default team ADDRESS. docs/team.md has the "
            "addresses of a folder and of servers for SSH, S3 and WebDAV."
        )
    if name.lower() not in names:
        raise RemoteError(f"no remote is called {name} ({there}). Add it: dvc remote add {name} ADDRESS (docs/team.md)")
    return name.lower()


def _require_trust(files: Any, settings: dict[str, Any], name: str) -> None:
    """Let the SSH client of `files` compare the host's key with ~/.ssh/known_hosts, which DVC does not.

    Raises:
        RemoteError: the file of the private key is missing.
    """
    files.fs_args["known_hosts"] = ()
    keyfile = settings.get("keyfile")
    if keyfile and not Path(keyfile).expanduser().is_file():
        raise RemoteError(
            f"{name}: no private key is in {keyfile}. Make it (ssh-keygen -t ed25519 -f {keyfile}), or name another: "
            f"dvc remote modify --local {name} keyfile KEY"
        )


def _address(url: str, settings: dict[str, Any]) -> str:
    """Where the remote is, for people."""
    endpoint = settings.get("endpointurl")
    return hide_credentials(url + (f" at {endpoint}" if endpoint else ""))
