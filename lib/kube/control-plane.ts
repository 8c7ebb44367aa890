/**
 * A whole control plane on one virtual clock: the API server with its store, the controllers and
 * the scheduler. Kubelets, proxies and clouds plug in as it is in reality: they watch the store and
 * write through the API server.
 */
import { type Cidr, type Ipv4, parseCidr, parseIpv4 } from "../base/inet.ts";
import { NS_PER_MS, type Ns } from "../base/units.ts";
import type { Random } from "../sim/random.ts";
import type { Scheduler } from "../sim/scheduler.ts";
import { ApiServer } from "./api/server.ts";
import { DEFAULT_EPOCH_SECONDS } from "./api/time.ts";
import type { ControllerContext } from "./controllers/controller.ts";
import { CronJobController } from "./controllers/cronjob.ts";
import { DaemonSetController } from "./controllers/daemonset.ts";
import { DeploymentController } from "./controllers/deployment.ts";
import { DisruptionController } from "./controllers/disruption.ts";
import { EndpointsController } from "./controllers/endpoints.ts";
import { EndpointSliceController } from "./controllers/endpointslice.ts";
import { EndpointSliceMirroringController } from "./controllers/endpointslice-mirroring.ts";
import { GarbageCollector } from "./controllers/garbage-collector.ts";
import { JobController } from "./controllers/job.ts";
import { LoadBalancerController } from "./controllers/load-balancer.ts";
import { NamespaceControllers } from "./controllers/namespaces.ts";
import { NodeIpamController } from "./controllers/node-ipam.ts";
import { NodeLifecycleController } from "./controllers/node-lifecycle.ts";
import { NodeMetadataController } from "./controllers/node-metadata.ts";
import { PodGarbageCollector } from "./controllers/pod-gc.ts";
import { ReplicaSetController } from "./controllers/replicaset.ts";
import { ResourceQuotaController } from "./controllers/resource-quota.ts";
import { StatefulSetController } from "./controllers/statefulset.ts";
import { TtlAfterFinishedController } from "./controllers/ttl-after-finished.ts";
import { VolumeBinder } from "./controllers/volume-binder.ts";
import { Informers, isRead } from "./informer.ts";
import { PodScheduler } from "./scheduler/scheduler.ts";
import { Store } from "./store.ts";

/** How long a watch takes to tell of a write. */
export const WATCH_NS: Ns = 2 * NS_PER_MS;

/** What a control plane is set up with. */
export interface ControlPlaneOptions {
  readonly serviceSubnet: Cidr;
  readonly podSubnet: Cidr;
  /** --node-cidr-mask-size. */
  readonly nodeMaskSize: number;
  readonly epochSeconds: number;
  /**
   * The address before the first that is given to a LoadBalancer Service; null: there is nobody who
   * gives them.
   */
  readonly loadBalancers: Ipv4 | null;
}

/** As in kind. */
const DEFAULT_CONTROL_PLANE: ControlPlaneOptions = {
  serviceSubnet: parseCidr("10.96.0.0/16"),
  podSubnet: parseCidr("10.244.0.0/16"),
  nodeMaskSize: 24,
  epochSeconds: DEFAULT_EPOCH_SECONDS,
  // TEST-NET-1.
  loadBalancers: parseIpv4("192.0.2.0"),
};

/** The parts of a control plane that others talk to. */
export interface ControlPlane {
  readonly store: Store;
  readonly server: ApiServer;
}

/** Starts a control plane; everything it does is an event of `scheduler`. */
export function startControlPlane(
  scheduler: Scheduler,
  random: Random,
  options: ControlPlaneOptions = DEFAULT_CONTROL_PLANE,
): ControlPlane {
  const store = new Store();
  const { epochSeconds, serviceSubnet } = options;
  const server = new ApiServer(scheduler, random, store, {
    serviceCidr: serviceSubnet,
    epochSeconds,
  });
  const manager: ControllerContext = {
    scheduler,
    server,
    informers: new Informers(scheduler, store, WATCH_NS),
  };
  new DeploymentController(manager);
  new ReplicaSetController(manager, "ReplicaSet");
  new ReplicaSetController(manager, "ReplicationController");
  new StatefulSetController(manager);
  new DaemonSetController(manager);
  new JobController(manager);
  new CronJobController(manager);
  new TtlAfterFinishedController(manager);
  new DisruptionController(manager);
  new ResourceQuotaController(manager);
  new VolumeBinder(manager);
  new NamespaceControllers(manager);
  new EndpointSliceController(manager);
  new EndpointsController(manager);
  new EndpointSliceMirroringController(manager);
  new GarbageCollector(manager);
  new NodeIpamController(manager, options.podSubnet, options.nodeMaskSize);
  new NodeLifecycleController(manager);
  new NodeMetadataController(manager);
  new PodGarbageCollector(manager);
  if (options.loadBalancers !== null) new LoadBalancerController(manager, options.loadBalancers);
  const read = new Informers(scheduler, store, WATCH_NS, isRead);
  new PodScheduler({ ...manager, informers: read }, random);
  return { store, server };
}
