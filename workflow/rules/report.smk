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


rule summary:
    input:
        unpack(BRIDGE.inputs("summary")),
    output:
        **BRIDGE.outputs("summary"),
    log:
        "work/log/summary/{summary}.log",
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
