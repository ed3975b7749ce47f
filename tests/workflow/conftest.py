import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TINY = Path(__file__).parent / "tiny.yaml"
OFFLINE = Path(__file__).parent / "offline"  # forbids the network in every process of a project
PATIENCE = int(os.environ.get("PUSHFORWARD_PATIENCE", "280"))  # seconds for one command


class Project:
    """A copy of the project under git, entered in its demo folder, whose code and parameters a test may edit."""

    def __init__(self, root: Path, patience: int = PATIENCE) -> None:
        self.root, self.demo, self.patience = root, root / "demo", patience
        self.env = {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PYTHONPATH": f"{root / 'src'}:{OFFLINE}",
            "PUSHFORWARD_TESTS_NETWORK": str(root / "network.txt"),
            "OMP_NUM_THREADS": "1",
            "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org",
            "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.org",
        }  # fmt: skip

    def run(
        self, *command: str, ok: bool | None = True, cwd: Path | None = None, timeout: float | None = None, **env: str
    ) -> subprocess.CompletedProcess:
        """Run a command; `ok` says whether it must end with 0 (None: either)."""
        done = subprocess.run(
            command,
            cwd=cwd or self.demo,
            env={**self.env, **env},
            text=True,
            capture_output=True,
            timeout=timeout or self.patience,
        )
        if ok is not None:
            assert (done.returncode == 0) is ok, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def snakemake(
        self, *arguments: str, ok: bool | None = True, timeout: float | None = None, **env: str
    ) -> subprocess.CompletedProcess:
        return self.run("snakemake", "-s", "../Snakefile", *arguments, ok=ok, timeout=timeout, **env)

    def planned(self, *targets: str, **env: str) -> dict[str, int]:
        """Jobs that Snakemake would run, by rule."""
        output = self.snakemake("-n", *(targets or ("all",)), **env).stdout
        if "job " not in output:
            assert "Nothing to be done" in output, output
            return {}
        table = re.search(r"^job +count\n[- ]+\n(.*?)^total", output, re.DOTALL | re.MULTILINE)
        assert table, output
        counts = {name: int(count) for name, count in re.findall(r"^(\S+) +(\d+)$", table[1], re.MULTILINE)}
        return {name: count for name, count in counts.items() if name != "all"}

    def pushforward(self, *arguments: str, ok: bool | None = True, **env: str) -> subprocess.CompletedProcess:
        return self.run("python", "-m", "pushforward", *arguments, ok=ok, **env)

    def make(self, *targets: str, **env: str) -> None:
        self.snakemake("--cores", "2", "--quiet", "all", "--", *(targets or ("all",)), **env)

    def dvc(self, *arguments: str, ok: bool | None = True) -> str:
        return self.run("dvc", *arguments, ok=ok).stdout

    def copy(self, to: Path) -> "Project":
        """The same files elsewhere, to be changed."""
        shutil.copytree(self.root, to, symlinks=True)
        return Project(to, self.patience)

    def clone(self, to: Path) -> "Project":
        """A fresh clone with a cache of its own, of which nothing was pulled."""
        self.run("git", "clone", "-q", str(self.root), str(to))
        clone = Project(to, self.patience)
        clone.dvc("config", "--local", "cache.dir", str(to.with_name(f"{to.name}-cache")))
        return clone

    def commit(self) -> None:
        self.run("git", "add", "-A", cwd=self.root)
        self.run("git", "commit", "-q", "-m", "x", "--allow-empty", cwd=self.root)

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new, 1))


def copy_project(to: Path, params: Path | None = None, patience: int = PATIENCE) -> Project:
    """The tracked and new files of the working tree, without results, as a fresh git repository.

    Args:
        to: the new folder.
        params: in place of the demo's parameters.
        patience: seconds for one command there.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout.split()
    skip = re.compile(r"^(store|reference|docs|benchmarks)/|(^|/)results/|(^|/)data/(?!__|\w+\.py)|dvc\.lock$")
    for name in listed:
        if (name.startswith("src/") or not skip.search(name)) and (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name, follow_symlinks=False)
    if params:
        shutil.copy(params, to / "demo/params.yaml")
    project = Project(to, patience)
    project.run("git", "init", "-q", "-b", "main", cwd=to)
    (to / ".git/info/exclude").write_text("network.txt\n")  # where the processes note whom they called
    return project


def record(project: Project) -> Project:
    """Make its demo by Snakemake, record it by DVC, push and commit.

    `dvc commit` takes what is there, where `dvc repro` would ask Snakemake about every stage, for a minute.
    """
    project.commit()
    project.make()
    project.dvc("commit", "--force", "--quiet")
    project.dvc("push", "--quiet")
    project.commit()
    return project


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Project:
    """A project whose tiny demo was made; DVC has not seen it. Copy it before an edit."""
    project = copy_project(tmp_path_factory.mktemp("built"), TINY)
    project.commit()
    project.make()
    project.commit()
    return project


@pytest.fixture(scope="session")
def made(built, tmp_path_factory) -> Project:
    """A project whose tiny demo was made, recorded, pushed and committed. Copy it before an edit."""
    return record(built.copy(tmp_path_factory.mktemp("made") / "p"))


@pytest.fixture(scope="session")
def made_demo(tmp_path_factory) -> Project:
    """The same of the real demo, which takes minutes."""
    return record(copy_project(tmp_path_factory.mktemp("demo"), patience=3600))


@pytest.fixture
def project(made, tmp_path) -> Project:
    """A copy of the made project to change as a test likes."""
    return made.copy(tmp_path / "p")
