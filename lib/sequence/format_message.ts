/**
 * The printf-like formatting of `Message()`.
 *
 * @module
 */

/**
 * Puts arguments into a format: `%d %i %u %x %X %o %c %s %%`, with flags `-`, `0` and a width.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatMessage } from "./format_message.ts";
 *
 * assertEquals(formatMessage("ID 0x%08X (%u)%%", [0x2ba0n, 7n]), "ID 0x00002BA0 (7)%");
 * assertEquals(formatMessage("%d", [0xffff_ffff_ffff_ffffn]), "-1");
 * ```
 */
export function formatMessage(format: string, args: readonly (bigint | string)[]): string {
  let next = 0;
  return format.replaceAll(/%([-0 +#]*)([0-9]*)(?:hh|h|ll|l|L|z|j)?([a-zA-Z%])/g, (whole, flags, width, type) => {
    if (type === "%") return "%";
    if (!"diuxXocsp".includes(type)) return whole;
    const arg = args[next++];
    if (arg === undefined) return whole;
    const text = textOf(type, arg, flags.includes("#"));
    const size = Number(width || 0);
    if (flags.includes("-")) return text.padEnd(size);
    if (!flags.includes("0") || type === "s" || type === "c") return text.padStart(size);
    return text.startsWith("-") ? `-${text.slice(1).padStart(size - 1, "0")}` : text.padStart(size, "0");
  });
}

function textOf(type: string, arg: bigint | string, prefix: boolean): string {
  if (typeof arg === "string") return arg;
  switch (type) {
    case "d":
    case "i":
      return BigInt.asIntN(64, arg).toString();
    case "x":
      return `${prefix ? "0x" : ""}${arg.toString(16)}`;
    case "X":
      return `${prefix ? "0X" : ""}${arg.toString(16).toUpperCase()}`;
    case "o":
      return arg.toString(8);
    case "p":
      return `0x${arg.toString(16)}`;
    case "c":
      return String.fromCharCode(Number(arg & 0xffffn));
    default:
      return arg.toString();
  }
}
