rule reference:
    input:
        unpack(BRIDGE.inputs("reference")),
    output:
        **BRIDGE.outputs("reference"),
    log:
        "work/log/reference/{dataset}.log",
    threads: BRIDGE.threads("reference")
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


for run_id in sorted({job.wildcards["run"] for job in PLAN.of("measure")}):

    rule:
        name:
            f"measure-{run_id}"
        input:
            [job.name for job in PLAN.of("measure", run=run_id)],
