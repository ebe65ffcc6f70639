/**
 * Real files that tests use when they are there.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Folder of shared data beside the checkout. */
const SHARED = new URL("../../../shared/data/", import.meta.url);

/** Path of a shared file or folder, and whether it is there; tests that need an absent one are ignored. */
export function sharedData(path: string): { readonly path: string; readonly missing: boolean } {
  const url = new URL(path, SHARED);
  try {
    Deno.statSync(url);
    return { path: fileURLToPath(url), missing: false };
  } catch {
    return { path: fileURLToPath(url), missing: true };
  }
}

/** The end of a test's name that says why it was ignored. */
export function why(missing: boolean, what: string): string {
  return missing ? ` (ignored: ../shared/data/${what} is absent)` : "";
}
