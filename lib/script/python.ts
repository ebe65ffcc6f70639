/**
 * What to say about a user script of pyOCD, which is Python.
 *
 * @module
 */
import { UsageError } from "../base/errors.ts";
import { isDelegateName } from "./check.ts";
import { DELEGATES } from "./services.ts";

/**
 * The error for a Python script: what its functions become in TypeScript. Nothing of it is run.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { pythonScriptError } from "./python.ts";
 *
 * const { hint } = pythonScriptError("pyocd_user.py", "def will_reset(core, reset_type):\n    return False\n");
 * assertStringIncludes(hint ?? "", "def will_reset becomes export function will_reset({ core, resetType })");
 * ```
 */
export function pythonScriptError(path: string, text: string): UsageError {
  const lines = topLevelFunctions(text).flatMap(({ name, isCommand }) => {
    if (isDelegateName(name)) {
      const parameter = DELEGATES[name].length === 0 ? "" : `{ ${DELEGATES[name].join(", ")} }`;
      return [`def ${name} becomes export function ${name}(${parameter})`];
    }
    return isCommand ? [`@command def ${name} becomes command({ name: "${name}", … }, …)`] : [];
  });
  return new UsageError(`Cannot load user script ${path}: it is Python, and user scripts are TypeScript now`, {
    code: "script-python",
    hint: ["`tapir script init` writes a starter; docs/scripts.md says what pyOCD's names became", ...lines].join(
      "\n  ",
    ),
    fields: { file: path },
  });
}

/** Functions that stand at the margin, and whether the line before makes them a command. */
function topLevelFunctions(text: string): { readonly name: string; readonly isCommand: boolean }[] {
  const found = text.matchAll(/^(@command\b[^\n]*\n(?:[ \t@)][^\n]*\n|\n)*)?(?:async[ \t]+)?def[ \t]+([A-Za-z_]\w*)/gm);
  return [...found].map(([, decorator, name]) => ({ name: name!, isCommand: decorator !== undefined }));
}
