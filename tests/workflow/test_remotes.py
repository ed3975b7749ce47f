"""A lab's own remote: real servers for SSH, WebDAV and S3, each started on loopback for these tests."""

import contextlib
import os
import shutil
from dataclasses import dataclass

import pytest

from .conftest import Project
from .servers import SERVERS, Absent, Remote

RUN = "gaussians3-mlp-d3"
WEIGHTS = f"results/models/{RUN}/s0.safetensors"
# Protocols whose server must be here, so that CI cannot skip them without a word.
REQUIRED = os.environ.get("PUSHFORWARD_TEST_REMOTES", "").split()


@dataclass(frozen=True)
class Lab:
    """A remote, and a project that pushed everything to it and has no other store."""

    remote: Remote
    owner: Project

    def clone(self, root, **settings: str) -> Project:
        """What a colleague does: git clone, and the two commands that name the remote."""
        self.owner.run("git", "clone", "-q", str(self.owner.root), str(root))
        return join(Project(root), self.remote, **settings)


def join(project: Project, remote: Remote, **settings: str) -> Project:
    project.dvc("remote", "add", "--local", "--default", "lab", remote.url)
    for key, value in {**remote.settings, **settings}.items():
        project.dvc("remote", "modify", "--local", "lab", key, value)
    return project


@pytest.fixture(scope="module", params=SERVERS)
def lab(request, made, tmp_path_factory):
    with contextlib.ExitStack() as stack:
        try:
            remote = stack.enter_context(SERVERS[request.param]())
        except Absent as reason:
            if request.param in REQUIRED:
                raise
            pytest.skip(str(reason))
        root = tmp_path_factory.mktemp("lab") / "p"
        shutil.copytree(made.root, root, symlinks=True)
        owner = join(Project(root), remote)
        owner.dvc("push", "--quiet")
        shutil.rmtree(root / "store")
        owner.commit()
        yield Lab(remote, owner)


def pull(project: Project, code: int = 0):
    """Our own pull; its exit code and what it said."""
    done = project.run("python", "-m", "pushforward", "pull", ok=None)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def object_of(project: Project, path: str) -> str:
    """Path of a file's object, the same below every remote and cache."""
    import hashlib

    digest = hashlib.md5((project.demo / path).read_bytes()).hexdigest()
    return f"files/md5/{digest[:2]}/{digest[2:]}"


def test_push_wipe_pull_then_nothing_to_do(lab, tmp_path):
    clone = lab.clone(tmp_path / "c")
    clone.dvc("pull", "--quiet")
    assert (clone.demo / WEIGHTS).read_bytes() == (lab.owner.demo / WEIGHTS).read_bytes()
    assert clone.planned() == {}
    assert "up to date" in clone.dvc("status")
    assert "in sync" in clone.dvc("status", "--cloud")
    assert "up to date" in clone.dvc("push")
    shutil.rmtree(clone.root / ".dvc/cache")
    shutil.rmtree(clone.demo / "results/models")
    assert "fetched; all as recorded" in pull(clone)
    assert clone.planned() == {}
    assert "0 fetched; all as recorded" in pull(clone)


def test_wrong_credentials_are_refused_and_nobody_prints_them(lab, tmp_path):
    clone = lab.clone(tmp_path / "c", **lab.remote.wrong)
    plain = clone.run("dvc", "pull", "--verbose", ok=False)
    said = pull(clone, code=7) + plain.stdout + plain.stderr
    assert "remote 'lab' does not let us in" in said
    assert "is not on remote" not in said, "who is not let in cannot know"
    assert not (clone.demo / WEIGHTS).exists()
    assert [word for word in lab.remote.secrets if word in said] == []
    assert clone.run("git", "status", "--short", cwd=clone.root).stdout == "", "credentials stay out of git"


def test_what_the_remote_lost_or_altered_is_named_and_nothing_is_built_on_it(lab, tmp_path):
    place, content = object_of(lab.owner, WEIGHTS), (lab.owner.demo / WEIGHTS).read_bytes()
    flipped = bytes([*content[:-5], content[-5] ^ 1, *content[-4:]])
    clone = lab.clone(tmp_path / "c")
    try:
        lab.remote.put(place, flipped)
        assert f"{WEIGHTS} (stage train@{RUN})" in (said := pull(clone, code=4))
        assert "came altered from remote 'lab'" in said
        assert not (clone.demo / WEIGHTS).exists()
        assert clone.snakemake("-n", WEIGHTS, ok=False).returncode == 7
        shutil.rmtree(clone.root / ".dvc/cache")
        lab.remote.put(place, None)
        said = pull(clone, code=7)
        assert f"{WEIGHTS} (stage train@{RUN})" in said
        assert "is not on remote 'lab'" in said
        assert f"`PUSHFORWARD_RETRAIN=1 snakemake -s ../Snakefile --cores all train-{RUN}`" in said
    finally:
        lab.remote.put(place, content)  # `dvc push` remembers that it was there
    assert "1 fetched; all as recorded" in pull(clone)
