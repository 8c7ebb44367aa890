import type { ApiServer } from "../api/server.ts";
import type { Arguments } from "./arguments.ts";
import type { Output } from "./output.ts";

export function get(_server: ApiServer, _args: Arguments, _output: Output): void {}
