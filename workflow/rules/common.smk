# Read the parameters, make the plan, and let the ledger answer for freshness.
from snakemake.utils import validate
from snakemake_interface_executor_plugins.settings import ExecMode

from pushforward.ledger import devices
from pushforward.ledger.snakemake import Bridge, read_params

BRIDGE = Bridge(
    read_params(),
    active=workflow.exec_mode == ExecMode.DEFAULT,
    # What -F and -R ask for is known only after this file was read.
    forced=lambda: (
        bool(workflow.dag_settings.forceall),
        frozenset(map(str, workflow.dag_settings.forcerun)),
    ),
)
PLAN = BRIDGE.plan
config.update(BRIDGE.config)
validate(
    config,
    str(Path(workflow.basedir) / "workflow/schemas/params.schema.json"),
    set_default=False,
)
# Of the jobs that want a GPU as many run at a time as there are here; each takes its own when it starts.
GPUS = len(devices.present())
if (
    GPUS
    and workflow.resource_settings.nodes is None
    and "gpu" not in workflow.global_resources
):
    workflow.register_resource("gpu", GPUS)
GPU = min(1, GPUS)
# Without `exec` a signal to the whole job ends its shell at once, and who waits for that kills a training while it saves.
JOB = f"exec {sys.executable} -m pushforward job {{input.spec}}"


wildcard_constraints:
    dataset="[a-z0-9][a-z0-9_-]*",
    oracle="[a-z0-9][a-z0-9_-]*",
    run="[a-z0-9][a-z0-9_-]*",
    seed="[0-9]+",
    space="[a-z0-9-]+",
    sampling="[a-z0-9_]+",
    network="[A-Za-z0-9._-]+",
    summary="|".join(job.wildcards["summary"] for job in PLAN.of("summary")),
    table="(v1_)?table[0-9]+",
    figure="figure[0-9]+",


# Jobs of one run share one import of torch.
onstart:
    BRIDGE.begin(workflow.local_exec)


# On a node of a cluster there are no hooks. Only a group has several jobs.
if workflow.exec_mode == ExecMode.REMOTE:
    BRIDGE.begin_on_node(
        several=workflow.local_exec and workflow.group_settings.local_groupid != "local"
    )
