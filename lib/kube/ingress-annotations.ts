/**
 * What the annotations of an Ingress say of its locations.
 *
 * Spec: ingress-nginx 1.13, internal/ingress/annotations (rewrite, redirect, ipallowlist, canary,
 * alias); docs/user-guide/nginx-configuration/annotations.md.
 */
import { type Cidr, parseCidr } from "../base/inet.ts";
import type { StringMap } from "./objects.ts";

const PREFIX = "nginx.ingress.kubernetes.io/";

/** Where a client is sent instead of an answer. */
export interface Redirect {
  readonly status: number;
  readonly location: string;
}

/** What holds for all locations of an Ingress. */
export interface LocationSettings {
  /** What the path is replaced by, with `$1` for its first group; "" for nothing. */
  readonly rewrite: string;
  readonly usesRegex: boolean;
  /** Whether who comes without TLS is sent to `https:`: always, never, or if the host has TLS. */
  readonly toTls: "always" | "never" | "if-host-has";
  readonly redirect: Redirect | null;
  /** Where `/` is sent to; "" for nowhere. */
  readonly appRoot: string;
  /** Who may ask; null: everybody. */
  readonly allowed: readonly Cidr[] | null;
  /** Other hosts that the server answers for. */
  readonly aliases: readonly string[];
}

/** Which requests an Ingress takes from the one whose paths it shares. */
export interface CanaryRule {
  /** Of `weightTotal` requests so many, if no header and no cookie decides. */
  readonly weight: number;
  readonly weightTotal: number;
  readonly header: string;
  readonly headerValue: string;
  readonly headerPattern: string;
  readonly cookie: string;
}

/** What an Ingress without annotations has. */
export const PLAIN_SETTINGS: LocationSettings = {
  rewrite: "",
  usesRegex: false,
  toTls: "if-host-has",
  redirect: null,
  appRoot: "",
  allowed: null,
  aliases: [],
};

/** Reads the annotations of an Ingress. */
export function locationSettings(annotations: StringMap = {}): LocationSettings {
  const text = (name: string): string => annotations[`${PREFIX}${name}`] ?? "";
  const list = (name: string): string[] =>
    text(name)
      .split(/[,\s]+/)
      .filter((each) => each !== "");
  const ranges = [...list("whitelist-source-range"), ...list("allowlist-source-range")];
  const isForced = text("force-ssl-redirect") === "true";
  return {
    rewrite: text("rewrite-target"),
    usesRegex: text("use-regex") === "true",
    toTls: isForced ? "always" : text("ssl-redirect") === "false" ? "never" : "if-host-has",
    redirect: redirectOf(text),
    appRoot: text("app-root"),
    allowed: ranges.length === 0 ? null : ranges.map(rangeOf),
    aliases: list("server-alias").map((host) => host.toLowerCase()),
  };
}

function redirectOf(text: (name: string) => string): Redirect | null {
  const temporal = text("temporal-redirect");
  if (temporal !== "") {
    return { status: Number(text("temporal-redirect-code")) || 302, location: temporal };
  }
  const permanent = text("permanent-redirect");
  if (permanent === "") return null;
  return { status: Number(text("permanent-redirect-code")) || 301, location: permanent };
}

function rangeOf(text: string): Cidr {
  return parseCidr(text.includes("/") ? text : `${text}/32`);
}

/** The rule of a canary; null for other Ingresses. */
export function canaryRule(annotations: StringMap = {}): CanaryRule | null {
  const text = (name: string): string => annotations[`${PREFIX}${name}`] ?? "";
  if (text("canary") !== "true") return null;
  return {
    weight: Number(text("canary-weight")) || 0,
    weightTotal: Number(text("canary-weight-total")) || 100,
    header: text("canary-by-header"),
    headerValue: text("canary-by-header-value"),
    headerPattern: text("canary-by-header-pattern"),
    cookie: text("canary-by-cookie"),
  };
}

/** What a canary is decided by. */
export interface CanaryRequest {
  header(name: string): string | null;
  /** A number from 1 to `bound`. */
  draw(bound: number): number;
}

/** Whether the canary takes a request: by header, then by cookie, then by weight. */
export function takesRequest(rule: CanaryRule, request: CanaryRequest): boolean {
  const { header, headerValue, headerPattern, cookie, weight, weightTotal } = rule;
  const value = header === "" ? null : request.header(header);
  if (value !== null) {
    if (headerValue !== "" && value === headerValue) return true;
    if (headerValue === "" && headerPattern !== "" && matches(headerPattern, value)) return true;
    if (headerValue === "" && headerPattern === "") {
      if (value === "always") return true;
      if (value === "never") return false;
    }
  }
  const kept = cookie === "" ? null : cookieOf(request.header("Cookie") ?? "", cookie);
  if (kept === "always") return true;
  if (kept === "never") return false;
  return request.draw(weightTotal) <= weight;
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}

function cookieOf(field: string, name: string): string | null {
  const pairs = field.split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}
