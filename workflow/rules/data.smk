rule weights:
    input:
        unpack(BRIDGE.inputs("weights")),
    output:
        **BRIDGE.outputs("weights"),
    log:
        "work/log/weights/{network}.log",
    shell:
        JOB + " > {log} 2>&1"


# Here the walk bends back: a data set made of the samples of a conditional GAN.
rule generate:
    input:
        unpack(BRIDGE.inputs("generate")),
    output:
        **BRIDGE.outputs("generate"),
    log:
        "work/log/generate/{dataset}.log",
    priority: 20
    shell:
        JOB + " > {log} 2>&1"


rule prepare:
    input:
        unpack(BRIDGE.inputs("prepare")),
    output:
        **BRIDGE.outputs("prepare"),
    log:
        "work/log/prepare/{dataset}.log",
    priority: 20
    shell:
        JOB + " > {log} 2>&1"


rule embed:
    input:
        unpack(BRIDGE.inputs("embed")),
    output:
        **BRIDGE.outputs("embed"),
    log:
        "work/log/embed/{dataset}.log",
    shell:
        JOB + " > {log} 2>&1"
