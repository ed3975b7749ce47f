import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


class Project:
    """A copy of the project under git, entered in its demo folder, whose code and parameters a test may edit."""

    def __init__(self, root: Path) -> None:
        self.root, self.demo = root, root / "demo"
        self.env = {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PYTHONPATH": str(root / "src"),
            "OMP_NUM_THREADS": "1",
            "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org",
            "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.org",
        }  # fmt: skip

    def run(
        self, *command: str, ok: bool | None = True, cwd: Path | None = None, timeout: float = 280, **env: str
    ) -> subprocess.CompletedProcess:
        """Run a command; `ok` says whether it must end with 0 (None: either)."""
        done = subprocess.run(
            command, cwd=cwd or self.demo, env={**self.env, **env}, text=True, capture_output=True, timeout=timeout
        )
        if ok is not None:
            assert (done.returncode == 0) is ok, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def snakemake(
        self, *arguments: str, ok: bool | None = True, timeout: float = 280, **env: str
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

    def make(self, *targets: str, **env: str) -> None:
        self.snakemake("--cores", "2", "--quiet", "all", "--", *(targets or ("all",)), **env)

    def dvc(self, *arguments: str, ok: bool | None = True) -> str:
        return self.run("dvc", *arguments, ok=ok).stdout

    def commit(self) -> None:
        self.run("git", "add", "-A", cwd=self.root)
        self.run("git", "commit", "-q", "-m", "x", "--allow-empty", cwd=self.root)

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new, 1))


def copy_project(to: Path) -> Project:
    """The tracked and new files of the working tree, without results, as a fresh git repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True, capture_output=True, check=True
    ).stdout.split()
    skip = re.compile(r"^(store|reference|docs|benchmarks)/|(^|/)results/|(^|/)data/(?!__|\w+\.py)|dvc\.lock$")
    for name in listed:
        if (name.startswith("src/") or not skip.search(name)) and (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name, follow_symlinks=False)
    shutil.copy(ROOT / "tests/workflow/tiny.yaml", to / "demo/params.yaml")
    project = Project(to)
    project.run("git", "init", "-q", "-b", "main", cwd=to)
    return project


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Project:
    """A project whose demo was made by Snakemake; DVC has not seen it. Copy it before an edit."""
    project = copy_project(tmp_path_factory.mktemp("built"))
    project.commit()
    project.make()
    project.commit()
    return project


@pytest.fixture(scope="session")
def made(built, tmp_path_factory) -> Project:
    """A project whose demo was made by Snakemake, recorded by DVC, pushed and committed. Copy it before an edit."""
    project = copy_of(built, tmp_path_factory.mktemp("made"))
    project.dvc("repro", "--quiet")
    project.dvc("push", "--quiet")
    project.commit()
    return project


@pytest.fixture
def project(made, tmp_path) -> Project:
    """A copy of the made project to change as a test likes."""
    return copy_of(made, tmp_path)


def copy_of(project: Project, folder: Path) -> Project:
    """A copy of a project, with all that was made in it."""
    shutil.copytree(project.root, folder / "p", symlinks=True)
    return Project(folder / "p")
