/** What targets have in common that change the packet's header: the kernel takes them in mangle. */
import { type RuleContext, refuseInKernel } from "../extension.ts";

/** Refuses a target in any other table. */
export function requireMangle(name: string, context: RuleContext): void {
  if (context.table !== "mangle") {
    refuseInKernel(context, `${name}: only valid in the mangle table`);
  }
}
