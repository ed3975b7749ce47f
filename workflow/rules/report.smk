rule table:
    input:
        unpack(BRIDGE.inputs("table")),
    output:
        **BRIDGE.outputs("table"),
    log:
        "work/log/table/{table}.log",
    shell:
        JOB + " > {log} 2>&1"
