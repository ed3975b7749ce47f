def tabulated_runs():
    """Runs of the tables that this version can make, each once."""
    tables = (job for job in PLAN.of("table") if not job.refusal)
    return dict.fromkeys(
        row["run"]
        for job in tables
        for row in job.params["rows"].values()
        if row["run"]
    )


rule table:
    input:
        unpack(BRIDGE.inputs("table")),
    output:
        **BRIDGE.outputs("table"),
    log:
        "work/log/table/{table}.log",
    shell:
        JOB + " > {log} 2>&1"


rule figure:
    input:
        unpack(BRIDGE.inputs("figure")),
    output:
        **BRIDGE.outputs("figure"),
    log:
        "work/log/figure/{figure}.log",
    shell:
        JOB + " > {log} 2>&1"


rule theory:
    input:
        unpack(BRIDGE.inputs("theory")),
    output:
        **BRIDGE.outputs("theory"),
    log:
        "work/log/theory.log",
    shell:
        JOB + " > {log} 2>&1"
