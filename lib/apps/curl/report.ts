/**
 * What curl knows about a transfer when it is over, and `-w`, which prints it.
 *
 * Spec: curl 7.88.1, src/tool_writeout.c; curl(1), "--write-out".
 */
import { formatIpv4 } from "../../base/inet.ts";
import { NS_PER_US, type Ns } from "../../base/units.ts";

/** The numbers of one transfer. Times count from its start. */
export interface TransferReport {
  readonly url: string;
  readonly method: string;
  readonly scheme: string;
  readonly httpVersion: string;
  readonly status: number;
  readonly contentType: string;
  readonly redirectUrl: string;
  readonly filename: string;
  readonly downloaded: number;
  readonly uploaded: number;
  readonly headerSize: number;
  readonly requestSize: number;
  readonly connects: number;
  readonly retries: number;
  readonly redirects: number;
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  readonly resolvedNs: Ns;
  readonly connectedNs: Ns;
  readonly preTransferNs: Ns;
  readonly firstByteNs: Ns;
  readonly totalNs: Ns;
  readonly exitCode: number;
  readonly error: string;
  readonly urlNumber: number;
}

/** The text of a `-w` format. `%{stderr}` and `%{stdout}` print nothing here. */
export function formatWriteOut(format: string, report: TransferReport): string {
  return format.replace(/%%|%\{([^}]*)\}|\\(.)/g, (whole, name?: string, escaped?: string) => {
    if (name !== undefined) return variable(name, report);
    if (escaped !== undefined) {
      return { n: "\n", r: "\r", t: "\t" }[escaped] ?? whole;
    }
    return "%";
  });
}

/** The names that `%{…}` takes. */
export const WRITE_OUT_NAMES: readonly string[] = [
  "content_type",
  "errormsg",
  "exitcode",
  "filename_effective",
  "http_code",
  "http_connect",
  "http_version",
  "local_ip",
  "local_port",
  "method",
  "num_connects",
  "num_headers",
  "num_redirects",
  "onerror",
  "redirect_url",
  "remote_ip",
  "remote_port",
  "response_code",
  "scheme",
  "size_download",
  "size_header",
  "size_request",
  "size_upload",
  "speed_download",
  "speed_upload",
  "stderr",
  "stdout",
  "time_appconnect",
  "time_connect",
  "time_namelookup",
  "time_pretransfer",
  "time_redirect",
  "time_starttransfer",
  "time_total",
  "url",
  "url_effective",
  "urlnum",
];

function variable(name: string, report: TransferReport): string {
  switch (name) {
    case "http_code":
    case "response_code":
      return String(report.status).padStart(3, "0");
    case "http_connect":
      return "000";
    case "http_version":
      return report.httpVersion;
    case "content_type":
      return report.contentType;
    case "errormsg":
      return report.error;
    case "exitcode":
      return String(report.exitCode);
    case "filename_effective":
      return report.filename;
    case "method":
      return report.method;
    case "scheme":
      return report.scheme.toUpperCase();
    case "redirect_url":
      return report.redirectUrl;
    case "url":
    case "url_effective":
      return report.url;
    case "urlnum":
      return String(report.urlNumber);
    case "local_ip":
      return report.localAddress === 0 ? "" : formatIpv4(report.localAddress);
    case "remote_ip":
      return report.remoteAddress === 0 ? "" : formatIpv4(report.remoteAddress);
    case "local_port":
      return String(report.localPort);
    case "remote_port":
      return String(report.remotePort);
    default:
      return numberVariable(name, report);
  }
}

function numberVariable(name: string, report: TransferReport): string {
  switch (name) {
    case "num_connects":
      return String(report.connects);
    case "num_redirects":
      return String(report.redirects);
    case "size_download":
      return String(report.downloaded);
    case "size_upload":
      return String(report.uploaded);
    case "size_header":
      return String(report.headerSize);
    case "size_request":
      return String(report.requestSize);
    case "speed_download":
      return speed(report.downloaded, report.totalNs);
    case "speed_upload":
      return speed(report.uploaded, report.totalNs);
    case "time_namelookup":
      return seconds(report.resolvedNs);
    case "time_appconnect":
    case "time_redirect":
      return seconds(0);
    case "time_connect":
      return seconds(report.connectedNs);
    case "time_pretransfer":
      return seconds(report.preTransferNs);
    case "time_starttransfer":
      return seconds(report.firstByteNs);
    case "time_total":
      return seconds(report.totalNs);
    default:
      return "";
  }
}

function seconds(ns: Ns): string {
  const us = Math.floor(ns / NS_PER_US);
  return `${Math.floor(us / 1e6)}.${String(us % 1e6).padStart(6, "0")}`;
}

function speed(bytes: number, ns: Ns): string {
  return ns === 0 ? "0" : String(Math.floor((bytes * 1e9) / ns));
}
