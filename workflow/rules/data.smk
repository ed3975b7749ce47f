rule prepare:
    input:
        unpack(BRIDGE.inputs("prepare")),
    output:
        **BRIDGE.outputs("prepare"),
    log:
        "work/log/prepare/{dataset}.log",
    shell:
        JOB + " > {log} 2>&1"
