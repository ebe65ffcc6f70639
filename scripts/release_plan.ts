/**
 * Which programs a release can be made of on this machine, and for which machine a program is.
 *
 * @module
 */
import { viewOf } from "../lib/base/bytes.ts";

/** Every machine a release is made for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

/** One of {@linkcode TARGETS}. */
export type Target = typeof TARGETS[number];

/** What decides about a release. */
export interface ReleaseFacts {
  /** Targets the user named; all of them when empty. */
  readonly named: readonly string[];
  /** Target of this machine. */
  readonly host: string;
  /** Whether dist/tapir is taken as it is. */
  readonly isBuilt: boolean;
  /** DENORT_BIN: the runtime for this machine. */
  readonly hostRuntime?: string | undefined;
  /** Targets that DENORT_DIR has a runtime for; undefined when it is not set. */
  readonly runtimes?: ReadonlyMap<string, string> | undefined;
}

/** What is to become of one target. */
export type ReleaseStep =
  | { readonly target: Target; readonly action: "take-built" }
  /** Without a runtime, Deno gets the one it needs. */
  | { readonly target: Target; readonly action: "build"; readonly runtime: string | undefined }
  | { readonly target: Target; readonly action: "skip"; readonly reason: string };

/**
 * What is to become of each target.
 *
 * @throws {Error} when a name is no target
 */
export function planRelease(facts: ReleaseFacts): ReleaseStep[] {
  const unknown = facts.named.find((name) => !TARGETS.some((target) => target === name));
  if (unknown !== undefined) {
    throw new Error(`Cannot make a release for ${unknown}: the targets are ${TARGETS.join(", ")}`);
  }
  return TARGETS.filter((target) => facts.named.length === 0 || facts.named.includes(target))
    .map((target) => stepFor(target, facts));
}

function stepFor(target: Target, { host, isBuilt, hostRuntime, runtimes }: ReleaseFacts): ReleaseStep {
  const isHost = target === host;
  if (isBuilt) {
    return isHost
      ? { target, action: "take-built" }
      : { target, action: "skip", reason: "the program that was built is for this machine" };
  }
  const runtime = runtimes?.get(target) ?? (isHost ? hostRuntime : undefined);
  if (runtime !== undefined || (runtimes === undefined && hostRuntime === undefined)) {
    return { target, action: "build", runtime };
  }
  return {
    target,
    action: "skip",
    reason: runtimes === undefined ? "DENORT_BIN is for this machine" : `DENORT_DIR has no ${target}/denort`,
  };
}

/** `e_machine` of ELF (offset 18), `cputype` of Mach-O (offset 4), `Machine` of COFF (offset 4 of the header). */
const MACHINES: Readonly<Record<string, Target>> = {
  "elf:3e": "x86_64-unknown-linux-gnu",
  "elf:b7": "aarch64-unknown-linux-gnu",
  "macho:1000007": "x86_64-apple-darwin",
  "macho:100000c": "aarch64-apple-darwin",
  "pe:8664": "x86_64-pc-windows-msvc",
};

/** The target that a program or library is for, from its first bytes (1 KiB is enough); undefined for anything else. */
export function targetOf(bytes: Uint8Array): Target | undefined {
  if (bytes.length < 64) return undefined;
  const view = viewOf(bytes);
  const magic = view.getUint32(0, false);
  if (magic === 0x7f454c46) return MACHINES[`elf:${view.getUint16(18, true).toString(16)}`];
  if (magic === 0xcffaedfe) return MACHINES[`macho:${view.getUint32(4, true).toString(16)}`];
  // MS-DOS header: "MZ", with the place of "PE\0\0" at 0x3c.
  const at = view.getUint32(0x3c, true);
  if (magic >>> 16 !== 0x4d5a || at + 6 > bytes.length || view.getUint32(at, false) !== 0x50450000) return undefined;
  return MACHINES[`pe:${view.getUint16(at + 4, true).toString(16)}`];
}
