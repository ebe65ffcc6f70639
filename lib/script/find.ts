/**
 * Which user script belongs to a session.
 *
 * @module
 */
import { join } from "@std/path";
import { UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { exists, readUserFile } from "../session/files.ts";
import { resolvePath, type Settings } from "../session/settings.ts";
import { pythonScriptError } from "./python.ts";

const log = getLogger("script");

/** File names that are looked for in the project directory; the first that exists wins. */
export const SCRIPT_NAMES: readonly string[] = ["tapir_user.ts", ".tapir_user.ts", "tapir_user.js", ".tapir_user.js"];

/** What pyOCD looks for in the same place. */
const PYTHON_NAMES: readonly string[] = ["pyocd_user.py", ".pyocd_user.py"];

/**
 * The script that the option `user_script` names, else the first of {@linkcode SCRIPT_NAMES} in the project directory.
 *
 * @returns its absolute path, or undefined when there is none
 * @throws {UsageError} when the named file does not exist
 */
export async function findScript({ options, projectDir }: Pick<Settings, "options" | "projectDir">): Promise<
  string | undefined
> {
  const named = options.get("user_script");
  if (named !== undefined && named !== "") return await namedScript(named, projectDir);
  for (const name of SCRIPT_NAMES) {
    const path = join(projectDir, name);
    if (await exists(path)) return path;
  }
  for (const name of PYTHON_NAMES) {
    const path = join(projectDir, name);
    if (await exists(path)) log.warning(`${path} is not run: user scripts are TypeScript now; see docs/scripts.md`);
  }
  return undefined;
}

/**
 * The absolute path of a script the user named; `~` is the home directory.
 *
 * @throws {UsageError} when it is missing, or written in Python
 */
export async function namedScript(named: string, projectDir: string): Promise<string> {
  const home = /^~[/\\]/.test(named) ? Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") : undefined;
  const path = resolvePath(projectDir, home === undefined ? named : join(home, named.slice(2)));
  if (/\.py$/i.test(path) && await exists(path)) {
    throw pythonScriptError(path, new TextDecoder().decode(await readUserFile(path)));
  }
  if (await exists(path)) return path;
  throw new UsageError(`Cannot load user script ${path}: it does not exist`, {
    code: "script-missing",
    hint: "Write a starter with `tapir script init`",
    fields: { file: path },
  });
}
