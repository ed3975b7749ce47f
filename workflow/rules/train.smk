# Trainings go first: what is measured on them is short, and fills the cores at the end.
rule oracle:
    input:
        unpack(BRIDGE.inputs("oracle")),
    output:
        **BRIDGE.outputs("oracle"),
    log:
        "work/log/oracle/{oracle}.log",
    priority: 20
    threads: BRIDGE.threads("oracle")
    resources:
        gpu=GPU,
    shell:
        JOB + " > {log} 2>&1"


rule train:
    input:
        unpack(BRIDGE.inputs("train")),
    output:
        **BRIDGE.outputs("train"),
    log:
        "work/log/train/{run}-s{seed}.log",
    priority: 10
    threads: BRIDGE.threads("train")
    resources:
        gpu=GPU,
    shell:
        JOB + " > {log} 2>&1"


# A run by its id: `snakemake train-digits-cnn-d16`.
for run_id in sorted({job.wildcards["run"] for job in PLAN.of("train")}):

    rule:
        name:
            f"train-{run_id}"
        input:
            [job.name for job in PLAN.of("train", run=run_id)],
