# Table of contents: the walk goes down this list. `snakemake -n` in demo/, reduced/ or here.
from snakemake.utils import min_version

min_version("9.27")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        [
            job.outs["csv"]
            for rule in ("table", "summary", "theory")
            for job in PLAN.of(rule)
        ],
        [job.outs["pdf"] for job in PLAN.of("figure")],
        [job.name for rule in ("measure", "score", "sheet") for job in PLAN.of(rule)],
