rule reference:
    input:
        unpack(BRIDGE.inputs("reference")),
    output:
        **BRIDGE.outputs("reference"),
    log:
        "work/log/reference/{dataset}-{space}.log",
    threads: BRIDGE.threads("reference")
    resources:
        gpu=GPU,
    shell:
        JOB + " > {log} 2>&1"


rule measure:
    input:
        unpack(BRIDGE.inputs("measure")),
    output:
        **BRIDGE.outputs("measure"),
    log:
        "work/log/measure/{run}-s{seed}.log",
    threads: BRIDGE.threads("measure")
    resources:
        gpu=GPU,
    shell:
        JOB + " > {log} 2>&1"


rule score:
    input:
        unpack(BRIDGE.inputs("score")),
    output:
        **BRIDGE.outputs("score"),
    log:
        "work/log/score/{run}-s{seed}-{space}-{sampling}.log",
    threads: BRIDGE.threads("score")
    resources:
        gpu=GPU,
    shell:
        JOB + " > {log} 2>&1"


rule sheet:
    input:
        unpack(BRIDGE.inputs("sheet")),
    output:
        **BRIDGE.outputs("sheet"),
    log:
        "work/log/sheet/{run}.log",
    shell:
        JOB + " > {log} 2>&1"


# The real side of a data set's metrics in all feature spaces: `snakemake reference-digits`.
for name in sorted({job.wildcards["dataset"] for job in PLAN.of("reference")}):

    rule:
        name:
            f"reference-{name}"
        input:
            [job.name for job in PLAN.of("reference", dataset=name)],


# All numbers of a run: `snakemake measure-digits-cnn-d16`.
for run_id in sorted({job.wildcards["run"] for job in PLAN.of("measure")}):

    rule:
        name:
            f"measure-{run_id}"
        input:
            [
                job.name
                for rule in ("measure", "score")
                for job in PLAN.of(rule, run=run_id)
            ],
