"""The door: `python -m pushforward ...`. Imports that cost time are made where they are needed."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from pushforward.errors import InputError, PushforwardError

log = logging.getLogger("pushforward")


def main(arguments: list[str] | None = None) -> int:
    """Parse, act, and turn errors into one message and an exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    log.setLevel(logging.INFO)  # ours; of libraries only what they warn of
    logging.captureWarnings(True)
    try:
        if options.directory:
            if not Path(options.directory).is_dir():
                raise InputError(f"{options.directory} is no folder.")
            os.chdir(options.directory)
        code = options.act(options) or 0
        sys.stdout.flush()
        return code
    except PushforwardError as error:
        print(f"pushforward: {error}", file=sys.stderr)
        return error.exit_code
    except (MemoryError, RuntimeError) as error:
        if not _for_want_of_memory(error):
            raise
        print(f"pushforward: out of memory ({error}). Fewer points or a smaller batch need less.", file=sys.stderr)
        return 5
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _for_want_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Whether memory ran out; torch says it in the words of a RuntimeError, on a GPU and on a CPU."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in ("out of memory", "allocate memory"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pushforward", description="The latent geometry of push-forward models.")
    parser.add_argument("-d", "--directory", help="folder of the scale: demo, reduced (default: here)")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(act: Callable[[argparse.Namespace], int | None], words: str | None = None) -> argparse.ArgumentParser:
        name = act.__name__.strip("_")
        own = commands.add_parser(name, help=words) if words else commands.add_parser(name)
        own.set_defaults(act=act)
        return own

    def add_targets(own: argparse.ArgumentParser, words: str) -> None:
        own.add_argument("targets", nargs="*", metavar="target", help=f"a file, a run, a table ...; {words}")

    of = command(_list, "what this scale makes, its state, and what it would cost")
    of.add_argument("pattern", nargs="?", default="", help="show only names like this, e.g. 'mnist-*'")
    of.add_argument("--all", action="store_true", help="each run on a line of its own")

    of = command(_show, "parameters, inputs, outputs, state and command of a target")
    of.add_argument("target")
    of.add_argument("--spec", action="store_true", help="its whole spec as JSON")

    of = command(_status, "what is fresh, stale, absent and refused, and why")
    add_targets(of, "only these and what they rest on")
    of.add_argument("--all", action="store_true", help="every line, however many there are")

    of = command(_cost, "hours and memory of what would have to be made, before anything starts")
    add_targets(of, "everything if none is named")
    of.add_argument("--anew", action="store_true", help="as if nothing had been made")

    of = command(_make, "make targets one after the other, without Snakemake")
    of.add_argument("targets", nargs="+", metavar="target", help="a file, a run, a table ...")

    of = command(_pull, "fetch what targets rest on, and check it; nothing is made")
    add_targets(of, "everything if none is named")
    of.add_argument("--allow-missing", action="store_true", help="tell what is on no remote, but do not fail")

    of = command(_verify, "read outputs, cache and store again; find every altered file")
    add_targets(of, "everything if none is named")

    of = command(_unlock, "after a crash: clear Snakemake's lock, if its holder is gone")
    of.add_argument("--force", action="store_true", help="also if it may live on another host")

    of = command(_say, "print what a table says")
    of.add_argument("table")

    of = command(_check, "check params.yaml; write its schema, or the counted costs of all trainings")
    of.add_argument("--schema", metavar="FILE")
    of.add_argument("--counts", metavar="FILE")

    of = command(_job, "run one job from its spec file (what the Snakemake rules call)")
    of.add_argument("spec")

    of = command(_forkserver)  # Snakemake starts it: see ledger.forkserver
    of.add_argument("listener", type=int)
    of.add_argument("owner", type=int)
    return parser


def _say_lines(lines: Iterable[str]) -> None:
    print("\n".join(lines))


def _list(options: argparse.Namespace) -> None:
    from pushforward.ledger.listing import listing

    _say_lines(listing(options.pattern, options.all))


def _show(options: argparse.Namespace) -> None:
    from pushforward.ledger.show import show, spec

    _say_lines([spec(options.target)] if options.spec else show(options.target))


def _status(options: argparse.Namespace) -> None:
    from pushforward.ledger.status import status

    _say_lines(status(options.targets, options.all))


def _cost(options: argparse.Namespace) -> None:
    from pushforward.ledger.costs import costs

    _say_lines(costs(options.targets, options.anew))


def _make(options: argparse.Namespace) -> None:
    from pushforward.ledger.make import make

    make(options.targets)


def _pull(options: argparse.Namespace) -> None:
    from pushforward.ledger.pull import pull

    _say_lines(pull(options.targets, options.allow_missing))


def _verify(options: argparse.Namespace) -> None:
    from pushforward.ledger.verify import verify

    _say_lines(verify(options.targets))


def _unlock(options: argparse.Namespace) -> None:
    from pushforward.ledger.unlock import unlock

    _say_lines(unlock(options.force))


def _say(options: argparse.Namespace) -> None:
    from pushforward.jobs.table import say

    _say_lines([say(Path(options.table).stem)])


def _check(options: argparse.Namespace) -> None:
    from pushforward.specs.load import load
    from pushforward.specs.params import Params

    if options.schema:
        from pushforward.artifacts import write_json

        draft = "https://json-schema.org/draft/2020-12/schema"
        write_json(options.schema, {"$schema": draft, **Params.model_json_schema()})
    if options.counts:
        from pushforward.ledger.counts import write_counts

        write_counts(options.counts)
    load()


def _job(options: argparse.Namespace) -> int:
    from pushforward.ledger.handover import submit

    if (code := submit(["job", options.spec])) is not None:
        return code
    from pushforward.ledger.run import run_file

    run_file(options.spec)
    return 0


def _forkserver(options: argparse.Namespace) -> None:
    from pushforward.ledger.forkserver import end, serve

    arguments = serve(options.listener, options.owner)
    return None if arguments is None else end(lambda: main(arguments))
