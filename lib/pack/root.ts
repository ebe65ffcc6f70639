/**
 * Where packs are kept: the pack root that the CMSIS-Toolbox and other tools use too.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { UsageError } from "../base/errors.ts";

/** What decides about the pack root. */
export interface RootFacts {
  /** What the user asked for. */
  readonly wanted?: string | undefined;
  /** A variable of the environment. */
  readonly env: (name: string) => string | undefined;
  /** Whether this is Windows. */
  readonly isWindows: boolean;
  /** `packs-cache` of the checkout that the program runs from. */
  readonly checkout?: string | undefined;
}

/**
 * The pack root: what was asked for, else `CMSIS_PACK_ROOT`, else `packs-cache/` of a checkout, else the place that
 * the CMSIS-Toolbox uses by default.
 *
 * @throws {UsageError} when nothing tells
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { resolvePackRoot } from "./root.ts";
 *
 * const env = (name: string) => ({ HOME: "/home/me" } as Record<string, string>)[name];
 * assertEquals(resolvePackRoot({ env, isWindows: false }), "/home/me/.cache/arm/packs");
 * ```
 */
export function resolvePackRoot({ wanted, env, isWindows, checkout }: RootFacts): string {
  const named = [wanted, env("CMSIS_PACK_ROOT"), checkout].find((path) => path !== undefined && path !== "");
  if (named !== undefined) return trimmed(expandHome(named, env));
  return defaultRoot(env, isWindows);
}

/**
 * The pack root that files of the CMSIS-Toolbox mean by `${CMSIS_PACK_ROOT}`: never the one of a checkout.
 *
 * @throws {UsageError} when nothing tells
 */
export function toolboxPackRoot({ env, isWindows }: Pick<RootFacts, "env" | "isWindows">): string {
  const named = env("CMSIS_PACK_ROOT");
  return named ? trimmed(expandHome(named, env)) : defaultRoot(env, isWindows);
}

function defaultRoot(env: RootFacts["env"], isWindows: boolean): string {
  const base = isWindows ? env("LOCALAPPDATA") : env("XDG_CACHE_HOME") || (env("HOME") && `${env("HOME")}/.cache`);
  if (base) return isWindows ? `${trimmed(base)}\\Arm\\Packs` : `${trimmed(base)}/arm/packs`;
  throw new UsageError("Cannot tell where packs are kept: there is no home directory", {
    code: "no-pack-root",
    hint: "Set the environment variable CMSIS_PACK_ROOT to a directory",
  });
}

function expandHome(path: string, env: RootFacts["env"]): string {
  const home = env("HOME") ?? env("USERPROFILE");
  return home !== undefined && /^~(?=$|[\\/])/.test(path) ? home + path.slice(1) : path;
}

function trimmed(path: string): string {
  return path.length > 1 ? path.replace(/[\\/]+$/, "") : path;
}

/** `packs-cache/` of the checkout this module was loaded from; undefined in a compiled program. */
export function checkoutRoot(): string | undefined {
  if (Deno.build.standalone || !import.meta.url.startsWith("file:")) return undefined;
  const path = fileURLToPath(new URL("../../packs-cache", import.meta.url));
  try {
    return Deno.statSync(path).isDirectory ? path : undefined;
  } catch {
    return undefined;
  }
}

/** The pack root of this run; `wanted` goes before the environment. @throws {UsageError} when nothing tells */
export function packRoot(
  wanted?: string,
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string {
  return resolvePackRoot({ wanted, env, isWindows: Deno.build.os === "windows", checkout: checkoutRoot() });
}
