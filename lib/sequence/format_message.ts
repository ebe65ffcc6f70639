/**
 * The printf-like formatting of `Message()` (Open-CMSIS-Pack specification, "Debug access functions", Message).
 *
 * @module
 */

const SPECIFIER = /%([-0 +#]*)([0-9]*)(?:\.([0-9]+))?(hh|h|ll|l|L|z|j)?([a-zA-Z%])/g;

/**
 * Puts arguments into a format: `%u %x %X %o %b %d %i %f %s %c %p %%` with flags, width and precision. Integers are
 * 32 bits wide unless `ll` says 64.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatMessage } from "./format_message.ts";
 *
 * assertEquals(formatMessage("ID 0x%08X (%u)%%", [0x2ba0n, 7n]), "ID 0x00002BA0 (7)%");
 * assertEquals(formatMessage("%x %llx", [0x1_0000_0002n, 0x1_0000_0002n]), "2 100000002");
 * ```
 */
export function formatMessage(format: string, args: readonly (bigint | string)[]): string {
  let next = 0;
  return format.replaceAll(SPECIFIER, (whole, flags, width, precision, length, type) => {
    if (type === "%") return "%";
    if (!"diuxXobfcsp".includes(type)) return whole;
    const arg = args[next++];
    if (arg === undefined) return whole;
    const digits = precision === undefined ? undefined : Math.min(Number(precision), 512);
    const wide = length === "ll" || length === "L" || length === "j";
    const text = typeof arg === "string" ? arg.slice(0, digits) : numberText(type, arg, wide, digits);
    const shown = flags.includes("#") && (type === "x" || type === "X") ? `0${type}${text}` : text;
    const size = Math.min(Number(width || 0), 512);
    if (flags.includes("-")) return shown.padEnd(size);
    if (!flags.includes("0") || typeof arg === "string" || type === "c") return shown.padStart(size);
    return shown.startsWith("-") ? `-${shown.slice(1).padStart(size - 1, "0")}` : shown.padStart(size, "0");
  });
}

function numberText(type: string, arg: bigint, wide: boolean, digits: number | undefined): string {
  const bits = wide || type === "p" ? 64 : 32;
  const value = BigInt.asUintN(bits, arg);
  switch (type) {
    case "f":
      return floatOf(value, wide).toFixed(Math.min(digits ?? 6, 100));
    case "c":
      return String.fromCharCode(Number(arg & 0xffffn));
    case "p":
      return `0x${value.toString(16)}`;
    case "d":
    case "i": {
      const signed = BigInt.asIntN(bits, arg);
      return signed < 0n ? `-${(-signed).toString().padStart(digits ?? 0, "0")}` : padded(signed, 10, digits);
    }
    case "x":
      return padded(value, 16, digits);
    case "X":
      return padded(value, 16, digits).toUpperCase();
    case "o":
      return padded(value, 8, digits);
    case "b":
      return padded(value, 2, digits);
    default:
      return padded(value, 10, digits);
  }
}

function padded(value: bigint, radix: number, digits: number | undefined): string {
  return value.toString(radix).padStart(digits ?? 0, "0");
}

/** The floating-point number whose bits these are. */
function floatOf(bits: bigint, wide: boolean): number {
  const view = new DataView(new ArrayBuffer(8));
  if (wide) {
    view.setBigUint64(0, bits);
    return view.getFloat64(0);
  }
  view.setUint32(0, Number(bits));
  return view.getFloat32(0);
}
