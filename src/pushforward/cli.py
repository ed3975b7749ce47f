"""The door: `python -m pushforward ...`. Imports that cost time are made where they are needed."""

import argparse
import logging
import os
import sys
from pathlib import Path

from pushforward.errors import PushforwardError

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
                raise PushforwardError(f"{options.directory} is no folder.")
            os.chdir(options.directory)
        return options.act(options) or 0
    except PushforwardError as error:
        print(f"pushforward: {error}", file=sys.stderr)
        return error.exit_code
    except MemoryError as error:
        print(f"pushforward: out of memory ({error}). Fewer points or a smaller batch need less.", file=sys.stderr)
        return 5
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pushforward", description="The latent geometry of push-forward models.")
    parser.add_argument("-d", "--directory", help="folder of the scale: demo, reduced (default: here)")
    commands = parser.add_subparsers(required=True, metavar="command")

    job = commands.add_parser("job", help="run one job from its spec file (what the Snakemake rules call)")
    job.add_argument("spec")
    job.set_defaults(act=_job)

    server = commands.add_parser("forkserver")  # started by Snakemake, see ledger.forkserver
    server.add_argument("listener", type=int)
    server.add_argument("owner", type=int)
    server.set_defaults(act=_forkserver)

    make = commands.add_parser("make", help="make targets one after the other, without Snakemake")
    make.add_argument("target", nargs="+", help="a file, or the id of a run")
    make.set_defaults(act=_make)

    listing = commands.add_parser("list", help="tables, figures and runs of this scale, with their state")
    listing.set_defaults(act=_list)

    say = commands.add_parser("say", help="print what a table says")
    say.add_argument("table")
    say.set_defaults(act=_say)

    check = commands.add_parser("check", help="check params.yaml; write its schema with --schema")
    check.add_argument("--schema", metavar="FILE")
    check.set_defaults(act=_check)
    return parser


def _job(options: argparse.Namespace) -> int | None:
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


def _make(options: argparse.Namespace) -> None:
    from pushforward.ledger.make import make

    make(options.target)


def _list(options: argparse.Namespace) -> None:
    from pushforward.ledger.make import overview

    print("\n".join(overview()))


def _say(options: argparse.Namespace) -> None:
    from pushforward.jobs.table import say

    print(say(options.table))


def _check(options: argparse.Namespace) -> None:
    from pushforward.specs.load import load
    from pushforward.specs.params import Params

    if options.schema:
        from pushforward.artifacts import write_json

        draft = "https://json-schema.org/draft/2020-12/schema"
        write_json(options.schema, {"$schema": draft, **Params.model_json_schema()})
    load()
