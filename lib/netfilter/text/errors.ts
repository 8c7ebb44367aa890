/**
 * Errors of rule text. Beside the place and the problem they know the exit status with which the
 * real tool ends in that case.
 *
 * Kernel: none; iptables 1.8.9, include/xtables.h (enum xtables_exittype).
 */
import { type ErrorCode, type Place, VethworkError } from "../../base/errors.ts";

/** Exit statuses of iptables. */
export const ExitStatus = {
  OTHER_PROBLEM: 1,
  PARAMETER_PROBLEM: 2,
  VERSION_PROBLEM: 3,
  RESOURCE_PROBLEM: 4,
} as const;
export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

/** Rule text that the real tool refuses as well. */
export class RuleError extends VethworkError {
  readonly exitStatus: ExitStatus;
  /** Line ends that the real tool prints behind the problem, beside the one of every message. */
  readonly ending: string;

  /** `problem` may end with line ends of its own. */
  constructor(
    problem: string,
    options: {
      readonly exitStatus?: ExitStatus;
      readonly hint?: string;
      readonly place?: Place | null;
      readonly code?: ErrorCode;
    } = {},
  ) {
    const text = problem.trimEnd();
    super(options.code ?? "VW_RULE_SYNTAX", text, options.hint ?? "", options.place ?? null);
    this.name = "RuleError";
    this.ending = problem.slice(text.length);
    this.exitStatus = options.exitStatus ?? ExitStatus.PARAMETER_PROBLEM;
  }

  override at(place: Place): RuleError {
    if (this.place !== null) return this;
    return new RuleError(`${this.problem}${this.ending}`, {
      exitStatus: this.exitStatus,
      hint: this.hint,
      code: this.code,
      place,
    });
  }
}

/** Refuses the text with the tool's status for wrong parameters. */
export function refuse(problem: string, hint = ""): never {
  throw new RuleError(problem, { hint });
}

/** The kernel's refusal of one step, in the tool's words. */
export function kernelProblem(step: string, errno: string, what: string, hint: string): RuleError {
  return new RuleError(`${step} failed (${errno}): ${what}`, {
    exitStatus: ExitStatus.RESOURCE_PROBLEM,
    hint,
  });
}

/** How the tool calls what was done with a rule. */
export type RuleVerb = "APPEND" | "INSERT" | "REPLACE";

/** The tool's message when something that is named does not exist. */
export function noSuchChain(): RuleError {
  return new RuleError("No chain/target/match by that name.", {
    exitStatus: ExitStatus.OTHER_PROBLEM,
  });
}
