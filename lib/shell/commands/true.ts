/** `true` and `false`. */
import { type Command, immediate } from "../command.ts";

/** Succeeds. */
export const trueCommand: Command = { name: "true", parse: () => immediate(() => 0) };

/** Fails. */
export const falseCommand: Command = { name: "false", parse: () => immediate(() => 1) };
