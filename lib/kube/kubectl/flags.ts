/**
 * The flags of kubectl: which take a value, and what is said of others.
 *
 * Spec: kubectl v1.36; github.com/spf13/pflag (parseLongArg, parseSingleShortArg).
 * Differs: a flag that some command has is no mistake with any other command.
 */

function names(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** Flags that take the next word as their value, unless it stands behind a `=`. */
const WITH_VALUE = names(`
  L address aggregation-rule annotation annotations api-group api-version apiserver-host as as-group
  as-uid as-user-extra audience bound-object-kind bound-object-name bound-object-uid cache-dir
  category cert certificate-authority chunk-size class client-certificate client-key cluster
  cluster-ip clusterip clusterrole cluster-role container containers context copy-to cpu
  cpu-percent current-replicas custom default-backend description detach-keys docker-email
  docker-password docker-server docker-username duration env except external-ip external-name
  field-manager field-selector filename for from from-env-file from-file from-literal
  grace-period group hard image image-pull-policy kernel-memory key keep-annotations kubeconfig
  kuberc kustomize label-columns labels limit-bytes limits load-balancer-ip log-flush-frequency max
  max-log-requests max-unavailable memory min min-available n name namespace node-port
  non-resource-url o output output-version override-type overrides password patch patch-file
  pod-running-timeout pod-selector port preemption-policy profile profile-output protocol
  prune-allowlist raw replicas requests request-timeout resource resource-name resource-version
  resources restart revision role rule schedule scopes selector server serviceaccount
  session-affinity set-image since since-time skip-wait-for-delete-timeout sort-by subresource tail
  target target-port tcp template timeout tls-server-name to-revision token type types user username v
  value verb vmodule c f k l p s
`);

/** Flags that stand for themselves; some may have a value behind a `=`. */
const ALONE = names(`
  A all all-containers all-namespaces all-pods allow-missing-template-keys attach cached cascade
  client command containerd-snapshotter current default delete-emptydir-data disable-compression
  disable-eviction dry-run dump edit enable-service-links expose external-facing follow force
  force-conflicts h help i ignore-daemonsets ignore-errors ignore-not-found
  insecure-skip-tls-verify insecure-skip-tls-verify-backend interactive keep-init-containers
  keep-labels keep-liveness keep-readiness keep-startup leave-stdin-open list local
  match-server-version minify namespaced no-headers no-preserve now openapi-patch output-patch
  output-watch-events overwrite prefix previous privileged prune q quiet R r reconcile record
  recursive remove-extra-permissions remove-extra-subjects replace resolve-images rm same-node
  save-config server-print server-side share-processes show-captures show-events show-kind
  show-labels show-managed-fields show-secret stdin sum t timestamps tty use-protocol-buffers
  validate verify w wait warnings-as-errors watch watch-only windows-line-endings
`);

/** Short flags that take no value in some commands. */
const ALONE_IN: ReadonlyMap<string, readonly string[]> = new Map([["logs", ["f", "p"]]]);

/** A flag with its value. */
type Flag = readonly [name: string, value: string];

/** What is in one word that begins with `-`. */
export interface FlagWord {
  readonly flags: readonly Flag[];
  /** What kubectl says of it; null: nothing. */
  readonly problem: string | null;
}

/** Reads a word that begins with `-`; `next` is the one behind it, for flags that take it. */
export function readFlags(word: string, command: string, next: () => string | undefined): FlagWord {
  return word.startsWith("--") ? longFlag(word.slice(2), next) : shortFlags(word, command, next);
}

function longFlag(text: string, next: () => string | undefined): FlagWord {
  const equals = text.indexOf("=");
  const name = equals === -1 ? text : text.slice(0, equals);
  if (!WITH_VALUE.has(name) && !ALONE.has(name)) return refused(`unknown flag: --${name}`);
  if (equals !== -1) return { flags: [[name, text.slice(equals + 1)]], problem: null };
  if (!WITH_VALUE.has(name)) return { flags: [[name, "true"]], problem: null };
  const value = next();
  if (value === undefined) return refused(`flag needs an argument: --${name}`);
  return { flags: [[name, value]], problem: null };
}

/** Several short flags may stand in one word, the last with its value right behind it. */
function shortFlags(word: string, command: string, next: () => string | undefined): FlagWord {
  const flags: Flag[] = [];
  const alone = ALONE_IN.get(command) ?? [];
  for (let at = 1; at < word.length; at += 1) {
    const name = word.charAt(at);
    const rest = word.slice(at + 1);
    const takesValue = WITH_VALUE.has(name) && !alone.includes(name);
    if (!takesValue && !ALONE.has(name) && !alone.includes(name))
      return refused(`unknown shorthand flag: '${name}' in ${word}`);
    if (rest.startsWith("=")) return { flags: [...flags, [name, rest.slice(1)]], problem: null };
    if (!takesValue) {
      flags.push([name, "true"]);
      continue;
    }
    const value = rest === "" ? next() : rest;
    if (value === undefined) return refused(`flag needs an argument: '${name}' in ${word}`);
    return { flags: [...flags, [name, value]], problem: null };
  }
  return { flags, problem: null };
}

function refused(problem: string): FlagWord {
  return { flags: [], problem };
}
