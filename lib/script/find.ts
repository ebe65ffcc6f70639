/**
 * Which user script belongs to a session.
 *
 * @module
 */
import { join } from "@std/path";
import { UsageError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import { exists } from "../session/files.ts";
import { resolvePath, type Settings } from "../session/settings.ts";

/** File names that are looked for in the project directory; the first that exists wins. */
export const SCRIPT_NAMES: readonly string[] = ["tapir_user.ts", ".tapir_user.ts", "tapir_user.js", ".tapir_user.js"];

/** Names of pyOCD's scripts, so that none is passed over in silence. */
const PYTHON_NAMES: readonly string[] = ["pyocd_user.py", ".pyocd_user.py"];
const ABOUT_PYTHON = "scripts are written in TypeScript or JavaScript";

const log = getLogger("script");

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
    if (await exists(join(projectDir, name))) log.warning(`User script ${name} is not run: ${ABOUT_PYTHON}`);
  }
  return undefined;
}

/** The absolute path of a script the user named; `~` is the home directory. @throws {UsageError} when it is missing */
export async function namedScript(named: string, projectDir: string): Promise<string> {
  const home = /^~[/\\]/.test(named) ? Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") : undefined;
  const path = resolvePath(projectDir, home === undefined ? named : join(home, named.slice(2)));
  if (/\.py$/i.test(path)) {
    throw new UsageError(`Cannot load user script ${path}: ${ABOUT_PYTHON}`, {
      code: "script-python",
      hint: "`tapir script init` writes a starter; docs/scripts.md puts pyOCD's names and Tapir's side by side",
      fields: { file: path },
    });
  }
  if (await exists(path)) return path;
  throw new UsageError(`Cannot load user script ${path}: it does not exist`, {
    code: "script-missing",
    hint: "Write a starter with `tapir script init`",
    fields: { file: path },
  });
}
