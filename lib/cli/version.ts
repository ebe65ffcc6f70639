/**
 * The version of the program.
 *
 * @module
 */

/** Version of Tapir, the same as in deno.json. */
export const VERSION = "0.1.0";
