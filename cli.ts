/**
 * The `tapir` program.
 *
 * @module
 */
import { main } from "./lib/cli/main.ts";
import { systemStreams } from "./lib/cli/system_streams.ts";

Deno.exit(await main(Deno.args, systemStreams()));
