"""A flipped bit in the workspace, the cache or the store is named, and nothing is built on it; no secret is told."""

import hashlib
import os
import shutil
import socket
from secrets import token_hex

import pytest

RUN = "gaussians3-mlp-d3"
WEIGHTS = f"results/models/{RUN}/s0.safetensors"


def object_of(content: bytes) -> str:
    digest = hashlib.md5(content).hexdigest()
    return f"files/md5/{digest[:2]}/{digest[2:]}"


def pushforward(project, *arguments):
    done = project.run("python", "-m", "pushforward", *arguments, ok=None)
    return done.returncode, done.stdout + done.stderr


def results(project):
    """What was made, byte by byte, save the damaged file."""
    files = [path for path in (project.demo / "results").rglob("*") if path.is_file() and not path.match(WEIGHTS)]
    return {path: path.read_bytes() for path in files}


@pytest.mark.fault("F10")
@pytest.mark.fault("F11")
@pytest.mark.parametrize("link, mode", [("copy", 0o444), ("copy", 0o644), ("hardlink", 0o444), ("symlink", 0o444)])
def test_a_flipped_bit_in_the_cache(project, flip, link, mode):
    content = (project.demo / WEIGHTS).read_bytes()
    project.dvc("config", "--local", "cache.type", link)
    project.dvc("checkout", "--relink", "--quiet")
    place = project.root / ".dvc/cache" / object_of(content)
    place.chmod(mode)
    flip(place)
    if link == "copy":  # the others show what the cache holds
        (project.demo / WEIGHTS).unlink()

    code, said = pushforward(project, "verify")
    assert code == 4
    assert place.name in said
    assert (WEIGHTS in said) == (link != "copy")
    code, said = pushforward(project, "pull")
    assert code == 4
    assert f"{WEIGHTS} (stage train@{RUN})" in said
    assert f"{os.path.relpath(place, project.demo)} was altered" in said or f"{place} was altered" in said

    if mode == 0o644:  # DVC dropped what it found altered, and brought a whole one
        assert "A whole one came in its place" in said
        assert "1 fetched; all as recorded" in pushforward(project, "pull")[1]
        assert (project.demo / WEIGHTS).read_bytes() == content
        assert project.planned() == {}
        return

    before = results(project)
    project.dvc("checkout", "--quiet", ok=None)  # believes a read-only object
    project.edit("demo/params.yaml", "balance: {points: 500}", "balance: {points: 400}")
    refused = project.snakemake("--cores", "2", "results/table1.csv", ok=False)
    assert refused.returncode == 4
    assert WEIGHTS in refused.stderr
    assert results(project) == before

    project.run("git", "checkout", "-q", ".", cwd=project.root)
    place.unlink(missing_ok=True)
    (project.demo / WEIGHTS).unlink(missing_ok=True)
    assert "1 fetched; all as recorded" in pushforward(project, "pull")[1]
    assert (project.demo / WEIGHTS).read_bytes() == content
    assert project.planned() == {}


def test_a_flipped_bit_in_the_store(project, flip):
    content = (project.demo / WEIGHTS).read_bytes()
    place = project.root / "store" / object_of(content)
    flip(place)
    code, said = pushforward(project, "verify")
    assert code == 4
    assert place.name in said
    shutil.rmtree(project.root / ".dvc/cache")
    shutil.rmtree(project.demo / "results/models")
    project.dvc("pull", "--quiet", ok=False)
    assert not (project.demo / WEIGHTS).exists()
    code, said = pushforward(project, "pull")
    assert code == 4
    assert f"{WEIGHTS} (stage train@{RUN})" in said
    assert "altered on remote 'store'" in said
    assert not (project.demo / WEIGHTS).exists()
    assert project.snakemake("-n", WEIGHTS, ok=False).returncode == 7


def closed_port() -> int:
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        return link.getsockname()[1]


@pytest.mark.fault("F47")
def test_no_secret_is_in_any_output(project):
    """Secrets of the environment, of .dvc/config.local and of addresses; in what is said, and in every file."""
    words = [token_hex(8) for _ in range(5)]  # drawn, as this file is in the project that is searched
    project.env.update(zip(("AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "LAB_PASSWORD"), words, strict=False))
    said = ""
    change = "generator_lr: 1.0e-3}\n  digits"
    project.edit("demo/params.yaml", change, change.replace("1.0e-3", "2.0e-3"))
    for command in (
        ("snakemake", "-s", "../Snakefile", "--cores", "2", "results/table1.csv", f"results/samples/{RUN}.png"),
        ("snakemake", "-s", "../Snakefile", "--cores", "2", "results/table1.csv", "--report", "report.html"),
        ("dvc", "repro", f"train@{RUN}"),
        *(("python", "-m", "pushforward", *rest) for rest in (["status"], ["list"], ["cost"], ["show", RUN])),
    ):
        done = project.run(*command)
        said += done.stdout + done.stderr

    (project.demo / WEIGHTS).unlink()
    shutil.rmtree(project.root / ".dvc/cache")
    address = f"127.0.0.1:{closed_port()}/objects"
    for url, settings in (
        (f"https://lab:{words[3]}@{address}", {}),
        (f"webdav://lab@{address}", {"password": words[4]}),
        ("oss://lab/objects", {"oss_key_secret": words[4]}),  # of a package that nobody has installed
    ):
        project.dvc("remote", "add", "--local", "--force", "--default", "lab", url)
        for key, value in settings.items():
            project.dvc("remote", "modify", "--local", "lab", key, value)
        for command, expected in (("pull", 7), ("verify", 0), ("status", 0)):
            code, words_said = pushforward(project, command)
            assert code == expected, words_said
            said += words_said
        assert "remote 'lab'" in said
    assert "remote 'lab' does not let us in" in said  # over HTTP nobody can tell this from content that is missing
    assert "requires 'dvc-oss' to be installed (docs/remotes.md:" in said

    ignored = project.run(
        "git", "check-ignore", ".dvc/config.local", "../.dvc/config.local", "../reduced/.dvc/config.local"
    )
    assert len(ignored.stdout.split()) == 3
    local = project.demo / ".dvc/config.local"
    assert words[4] in local.read_text(), "the test must look for what is really there"
    files = [path for path in project.root.rglob("*") if path.is_file() and path != local]
    assert len(files) > 300
    for word in words:
        assert word not in said
        assert [str(path) for path in files if word.encode() in path.read_bytes()] == []
