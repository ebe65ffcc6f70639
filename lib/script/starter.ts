/**
 * The script that `tapir script init` writes, and the types beside it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { resourceUrl } from "../base/resources.ts";

/** File name of the types beside a script. */
export const TYPES_NAME = "tapir.d.ts";

/** A user script to start from: everything works as it is and changes nothing. */
export const STARTER = `/// <reference path="./${TYPES_NAME}" />
/**
 * User script for Tapir. Functions with the name of a delegate take steps over; all others are yours.
 * Tapir finds this file by its name in the project directory, or by --script FILE.
 *
 * \`tapir script check\` finds misspelt delegates; docs/scripts.md describes all 23 of them.
 */
import { command, type DelegateContext, hex } from "tapir";

/** Connected, cores are known. What it returns does not matter. */
export function did_connect({ target, log }: DelegateContext<"did_connect">): void {
  log.info(\`Connected to \${target.cores.map((core) => core.name).join(", ")}\`);
}

/** Before every reset. Return true when the reset was done here, anything else lets Tapir do it. */
export function will_reset({ core, resetType, log }: DelegateContext<"will_reset">): boolean {
  log.info(\`Reset "\${resetType}" of \${core.name}\`);
  return false;
}

// The debug port answers, but the chip is locked: return true when it was unlocked here.
// export async function unlock_device({ target }: DelegateContext<"unlock_device">): Promise<boolean> {
//   target.dp.writeAp({ apsel: 1 }, 0x04, 1);
//   await target.dp.flush();
//   return true;
// }

/** A command for \`tapir commander\`: try \`cpuid\`. Arguments are "int", "float" or "string", with ? or ... behind. */
command({ name: "cpuid", help: "Show the CPUID register.", args: {} }, async ({ core, print }) => {
  print(\`\${core.name}: CPUID = \${hex(await core.read32(0xe000ed00))}\`);
});
`;

/**
 * The types of the module `tapir` for editors. A program that was built with them has them inside; a checkout that was
 * never built points to its own sources instead.
 */
export async function typesText(): Promise<string> {
  try {
    return await Deno.readTextFile(resourceUrl("types/tapir.d.ts"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const face = fileURLToPath(new URL("../../mod.ts", import.meta.url));
    return `declare module "tapir" {\n  export * from ${JSON.stringify(face)};\n}\n`;
  }
}
