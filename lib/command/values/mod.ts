/**
 * The values that `show` prints and `set` changes.
 *
 * @module
 */
import { DEBUG_VALUES } from "./debug.ts";
import { PORT_VALUES } from "./ports.ts";
import type { ValueSpec } from "./spec.ts";
import { TARGET_VALUES } from "./target.ts";

/** Every value, in the order of `help`. */
export const VALUES: readonly ValueSpec[] = [...TARGET_VALUES, ...DEBUG_VALUES, ...PORT_VALUES];
