rule oracle:
    input:
        unpack(BRIDGE.inputs("oracle")),
    output:
        **BRIDGE.outputs("oracle"),
    log:
        "work/log/oracle/{oracle}.log",
    threads: BRIDGE.threads("oracle")
    shell:
        JOB + " > {log} 2>&1"


rule train:
    input:
        unpack(BRIDGE.inputs("train")),
    output:
        **BRIDGE.outputs("train"),
    log:
        "work/log/train/{run}-s{seed}.log",
    threads: BRIDGE.threads("train")
    shell:
        JOB + " > {log} 2>&1"
