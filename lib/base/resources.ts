/**
 * Files that travel with the program: beside the sources in a checkout that was built, inside the standalone program
 * otherwise.
 *
 * @module
 */

/** Where this file stands in a checkout; in the standalone program all code is in one folder, with the files below it. */
const IN_CHECKOUT = "/lib/base/resources.ts";

/**
 * Address of a file that scripts/compile.ts puts into the program, such as `types/tapir.d.ts`. In a checkout it exists
 * only after a build.
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { resourceUrl } from "./resources.ts";
 *
 * assertMatch(resourceUrl("types/tapir.d.ts").pathname, /dist\/build\/types\/tapir\.d\.ts$/);
 * ```
 */
export function resourceUrl(path: string): URL {
  const here = import.meta.url;
  return new URL(here.endsWith(IN_CHECKOUT) ? `../../dist/build/${path}` : path, here);
}
