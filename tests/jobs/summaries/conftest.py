"""Records as the jobs before a summary write them, from numbers known by hand."""

import math
from dataclasses import asdict

import numpy as np
import pytest

from pushforward.artifacts import write_json
from pushforward.probes.balance import balance
from pushforward.report.tables import from_csv

Z = 1.959964


def cell(value):
    return {"value": value, "status": "ok", "reason": ""}


class Made:
    """A folder of records, and what a summary makes of them."""

    def __init__(self, root):
        self.root = root
        self.outs = {"csv": str(root / "out.csv"), "markdown": str(root / "out.md")}

    def results(self):
        """The tidy frame and the page."""
        return from_csv((self.root / "out.csv").read_text()), self.page

    @property
    def page(self):
        return (self.root / "out.md").read_text()

    def write(self, name, record):
        write_json(self.root / name, record)
        return str(self.root / name)

    def measured(self, name, snapshots):
        """A record of measures: numbers drawn of each class, or LogReg accuracies as (printed, corrected)."""
        entries = [
            {"step": step, "balance": asdict(balance(np.repeat(np.arange(len(own)), own), classes=len(own)))}
            if isinstance(own, list)
            else {"step": step, "printed": {"logreg_acc": cell(own[0])}, "corrected": {"logreg_acc": cell(own[1])}}
            for step, own in enumerate(snapshots)
        ]
        return self.write(name, {"run": "r", "seconds": 7.0, "device": "cpu: here", "snapshots": entries})

    def scored(self, name, pairs, law=None, rate=None):
        """A record of scores: precision, as (printed, corrected) for each snapshot."""
        samples = [
            {"step": step, "set": 0, "printed": {"precision": cell(a)}, "corrected": {"precision": cell(b)}}
            for step, (a, b) in enumerate(pairs)
        ]
        law, rate = law or {"law": "gaussian", "dim": 2}, rate or {"rate": 1.0, "error": 0.0, "draws": 0}
        about = {"run": "r", "seed": 0, "space": "inception", "sampling": "trained", "device": "cpu", "seconds": 1.0}
        return self.write(name, {**about, "law": law, "acceptance": rate, "samples": samples})

    def clusters(self, name, **given):
        """A record of an embedding, its estimates given as (mean, half-width)."""
        estimates = {
            "cluster_accuracy": (98.0, 0.2), "control_accuracy": (95.0, 0.3), "label_accuracy": (96.0, 0.1),
            "agreement": (0.5, 0.02), "silhouette": (0.3, 0.01), "control_silhouette": (0.05, 0.01),
            "border_mass": (4.0, 0.5), "control_border_mass": (16.0, 1.0), "gap": (75.0, 3.0),
        }  # fmt: skip
        facts = {
            "dataset": "mnist", "space": "clip-vit-b32", "points": 600, "clusters": 10, "epsilon": 0.1, "n_train": 500,
            "n_test": 100, "status": "ok", "reason": "", "label_status": "ok", "label_reason": "",
        }  # fmt: skip
        for key, value in given.items():
            (estimates if key in estimates else facts)[key] = value
        numbers = {k: {"mean": mean, "half_width": half, "rounds": [mean] * 5} for k, (mean, half) in estimates.items()}
        return self.write(name, facts | numbers)

    @staticmethod
    def one(frame, **wanted):
        """The one row that has these values."""
        for name, value in wanted.items():
            frame = frame[frame[name] == value]
        assert len(frame) == 1, frame
        return frame.iloc[0]

    @staticmethod
    def wilson(share, n):
        """95 % interval of a share, in percent."""
        middle, wide = share + Z**2 / (2 * n), Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
        return [100 * (middle + sign * wide) / (1 + Z**2 / n) for sign in (-1, 1)]


@pytest.fixture
def made(tmp_path):
    return Made(tmp_path)
