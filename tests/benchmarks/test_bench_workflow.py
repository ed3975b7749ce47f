import csv
import os
import subprocess
import sys

import pytest


@pytest.fixture
def bench(load_bench):
    return load_bench("bench_workflow")


def test_seconds_are_those_of_the_command_and_of_what_it_waits_for(bench):
    burn = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    wall, processor = bench.timed("bash", "-c", f'{sys.executable} -c "{burn}"; sleep 0.2')
    assert wall > processor > 0.2  # of 0.3, as the system counts in hundredths
    with pytest.raises(SystemExit, match="ended with 3:\nno good"):
        bench.timed("bash", "-c", "echo no good >&2; exit 3")


def test_processor_seconds_of_another_process(bench):
    before = bench.processor_of(os.getpid())
    subprocess.run([sys.executable, "-c", "sum(range(10**7))"], check=True)
    assert bench.processor_of(os.getpid()) > before


def test_what_was_measured_is_written_and_the_rest_is_kept(bench, tmp_path, monkeypatch, capsys):
    for name, seconds in (("look", [(3.0, 2.0), (5.0, 2.5), (4.0, 2.25)]), ("idle", [])):
        monkeypatch.setattr(bench, name, lambda rounds, seconds=seconds: seconds)
    (tmp_path / "bench_workflow.csv").write_text("case,wall_s\nidle,7.00\nlook,9.00\n")
    bench.main(["--cases", "look", "idle"], tmp_path)
    with (tmp_path / "bench_workflow.csv").open() as file:
        rows = {row["case"]: row for row in csv.DictReader(file)}
    assert (rows["look"]["wall_s"], rows["look"]["wall_min_s"], rows["look"]["processor_s"]) == ("4.00", "3.00", "2.25")
    assert rows["look"]["wanted_under_s"] == "3.0"
    assert rows["idle"]["wall_s"] == "7.00"
    assert "4.00 s, processor 2.25 s, wanted under 3.0 s" in capsys.readouterr().out


def test_a_job_is_run_in_its_folder(bench):
    with bench.job_folder() as folder:
        wall, processor = bench.job(folder)
        assert (folder / bench.JOB).exists()
        assert wall > 0 and processor > 0
