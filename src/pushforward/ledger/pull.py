"""Fetch what targets rest on, as it was recorded; nothing is made, and nothing is believed before it was read."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from pushforward.errors import Corrupt, Missing, PushforwardError
from pushforward.ledger import store, text
from pushforward.ledger.digests import Digests
from pushforward.ledger.job import Job
from pushforward.ledger.scale import Scale
from pushforward.ledger.store import Kept, Store
from pushforward.ledger.targets import find_all, with_upstream


@dataclass(frozen=True)
class Wanted:
    """A recorded file that is not here as it was recorded: its md5, the job that made it, and what keeps it."""

    path: str
    digest: str
    job: Job
    kept: Kept | None

    def here(self) -> bool:
        """Whether the file is here, with the content that was recorded."""
        return os.path.exists(self.path) and Digests(None)(self.path) == self.digest


def pull(targets: Sequence[str] = (), lenient: bool = False) -> list[str]:
    """Bring every recorded file that targets rest on to where it belongs, and read it.

    What was never made is left alone, and so are files that nobody shared and that are cheap to make again: data,
    features, sheets. A file that is here but altered is replaced by the one that was recorded.

    Args:
        targets: files, runs ...; everything if empty.
        lenient: whether what is not to be had is only told.

    Raises:
        InputError: there is no such target, or no DVC repository.
        Missing: content is neither in the cache nor on the remote; each file is named with its stage and the command
            that makes it again.
        Corrupt: content is not what was recorded, here, in the cache or on the remote.
    """
    here = Scale.open()
    jobs = with_upstream(here.plan, find_all(here.plan, targets))
    records = {job.name: here.ledger.record(job) for job in jobs}
    recorded = [(job, *out) for job in jobs if (record := records[job.name]) for out in record["outs"].items()]
    with store.opened() as kept:
        files = [Wanted(path, digest, job, kept.keeper(path)) for job, path, digest in recorded]
        cheap = [each for each in files if _left(kept, each)]
        wanted = [each for each in files if not each.here() and not _left(kept, each)]
        problems = _bring(kept, wanted, everything=not targets) if wanted else []
    told = _told(len(files), wanted, cheap, problems)
    messages = [str(each) for each in problems]
    if any(isinstance(each, Corrupt) for each in problems):
        raise Corrupt("\n".join([*messages, told]))
    if problems and not lenient:
        raise Missing("\n".join([*messages, told]))
    unmade = sum(record is None for record in records.values())
    notes = [f"{text.counted(unmade, 'job')} of these left no record yet: `pushforward status`"] if unmade else []
    if cheap:
        shown = text.listed([each.path for each in cheap], text.WIDTH)
        notes += [f"{text.counted(len(cheap), 'file')} that nobody shared, made again when wanted:", f"  {shown}"]
    return [*messages, *notes, told]


def _left(kept: Store, each: Wanted) -> bool:
    """Whether a file is missing that is cheap to make, and that nobody shared; an altered one is no such file."""
    return not (os.path.exists(each.path) or each.job.precious or each.kept is None or _shared(kept, each))


def _shared(kept: Store, each: Wanted) -> bool:
    """Whether dvc.lock knows the content that was recorded."""
    if each.kept is None or not each.kept.digest:
        return False
    listed = store.members(kept, each.kept)
    return not listed or listed.get(each.path) == each.digest


def _bring(kept: Store, wanted: Sequence[Wanted], everything: bool) -> list[PushforwardError]:
    """Fetch into the cache and put in place what arrived whole; gives what is wrong with the rest."""
    # Before DVC looks: it silently drops an altered object that can be written to.
    names = {name for each in wanted for name in (each.digest, each.kept.digest if each.kept else "") if name}
    altered = frozenset(name for name in names if (p := kept.object(name)).exists() and not store.is_whole(name, p))
    paths = sorted({each.kept.path for each in wanted if each.kept and each.kept.digest})
    said = kept.fetch(None if everything and paths else paths)
    found = {each.path: _problem(kept, each, altered, said) for each in wanted}
    complaints = kept.checkout([path for path, problem in found.items() if problem is None])
    for each in wanted:
        if found[each.path] is None and not each.here():
            why = complaints.get(each.path, "")
            found[each.path] = Corrupt(f"{each.path} is not the file that was recorded, even after a checkout. {why}")
    return list({str(problem): problem for problem in found.values() if problem}.values())


def _problem(kept: Store, each: Wanted, altered: frozenset[str], said: str) -> PushforwardError | None:
    """Why a file cannot be put in place; None where its content lies in the cache.

    Args:
        kept: the store, after content was fetched.
        each: the file.
        altered: objects of the cache that were not what their names say.
        said: what DVC complained of.
    """
    if each.kept is None:
        kind, what = (Corrupt, "altered") if os.path.exists(each.path) else (Missing, "missing")
        return kind(f"{each.path} is {what}. It travels in git: `git checkout -- {each.path}`.")
    remote, stage = f"remote {kept.remote_name!r}", f"(stage {each.kept.stage})"
    allowed = "PUSHFORWARD_RETRAIN=1 " if each.job.precious else ""
    again = f"Make it again: `{allowed}{each.kept.command}`."
    if not _shared(kept, each):
        return Missing(f"{each.kept.path} {stage} was recorded, but nobody shared it by `dvc repro` and push. {again}")
    # DVC takes the list of a folder into the cache with the last of its files, and reads it on the remote until then.
    for path, name in ((each.kept.path, each.kept.digest), (each.path, each.digest)):
        place = kept.object(name)
        if name in altered and place.exists():
            what = (
                "A whole one came in its place: pull" if store.is_whole(name, place) else "Delete that file, and pull"
            )
            return Corrupt(f"{path} {stage}: {place} was altered. {what} again.")
        there = "" if place.exists() else kept.on_remote(name)
        if kept.closed:
            return Missing(
                f"{remote} does not let us in: {kept.closed}. See its address with `dvc remote list`, and what stands "
                "about it in .dvc/config.local (docs/remotes.md)."
            )
        if there == "missing":
            return Missing(f"{path} {stage}: {name} is not on {remote}. {again}")
        if there == "altered" or (there and name == each.digest and not said):
            return Corrupt(f"{path} {stage}: {name} is altered on {remote}. Delete it there; push it anew.")
        if there and name == each.digest:
            return Missing(f"{path} {stage}: {name} did not arrive from {remote}. DVC says: {said}")
        if not there and not store.is_whole(name, place):
            return Corrupt(
                f"{path} {stage}: {name} came altered from {remote}. Delete it there and {place}; push it anew."
            )
    return None


def _told(
    recorded: int, wanted: Sequence[Wanted], cheap: Sequence[Wanted], problems: Sequence[PushforwardError]
) -> str:
    missing = sum(not each.here() for each in wanted) if problems else 0
    end = f"{missing} not to be had as recorded" if missing else "all as recorded"
    fetched, here = len(wanted) - missing, recorded - len(wanted) - len(cheap)
    left = f", {len(cheap)} left" if cheap else ""
    return f"{text.counted(recorded, 'recorded file')}: {here} were here, {fetched} fetched{left}; {end}."
