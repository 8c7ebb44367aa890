/**
 * `env`, `printenv` and `nohup`.
 *
 * Spec: GNU coreutils 9.1, env(1), printenv(1).
 */
import { type Command, immediate, notModelled } from "../command.ts";

/** `env [-i] [NAME=VALUE]… [COMMAND…]`. */
export const env: Command = {
  name: "env",
  parse(args, parseNested) {
    const left = [...args];
    const isEmpty = left[0] === "-i" || left[0] === "-";
    if (isEmpty) left.shift();
    if (left[0]?.startsWith("-") === true) throw notModelled("env", left[0], "env knows -i");
    const added: [string, string][] = [];
    for (let word = left[0]; word?.includes("=") === true; word = left[0]) {
      const at = word.indexOf("=");
      added.push([word.slice(0, at), word.slice(at + 1)]);
      left.shift();
    }
    const body = left.length === 0 ? null : parseNested(left);
    return function* (context) {
      const environment = new Map([...(isEmpty ? [] : context.environment), ...added]);
      if (body !== null) return yield* body({ ...context, environment });
      for (const [name, value] of environment) context.io.stdout(`${name}=${value}\n`);
      return 0;
    };
  },
};

/** `printenv [NAME…]`. */
export const printenv: Command = {
  name: "printenv",
  parse: (args) =>
    immediate(({ environment, io }) => {
      if (args.length === 0) {
        for (const [name, value] of environment) io.stdout(`${name}=${value}\n`);
        return 0;
      }
      const values = args.map((name) => environment.get(name));
      for (const value of values) if (value !== undefined) io.stdout(`${value}\n`);
      return values.includes(undefined) ? 1 : 0;
    }),
};
