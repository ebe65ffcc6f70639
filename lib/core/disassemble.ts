/**
 * Thumb instructions as text. The only file that knows the disassembler package, which is loaded on first use.
 *
 * @module
 */

/** One instruction. */
export interface Instruction {
  /** Byte address. */
  readonly address: number;
  /** Length in bytes: 2 or 4. */
  readonly size: 2 | 4;
  /** Mnemonic and operands, such as `movs r0, #1`; `.short 0xde01` where nothing decodes. */
  readonly text: string;
}

interface Decoder {
  disasm(bytes: Uint8Array, address: number): { address: number; size: number; mnemonic: string; op_str: string }[];
}

interface Capstone {
  readonly ARCH_ARM: number;
  readonly MODE_THUMB: number;
  readonly MODE_MCLASS: number;
  readonly MODE_V8: number;
  readonly Capstone: new (architecture: number, mode: number) => Decoder;
}

let loading: Promise<Decoder> | undefined;

/**
 * Disassembles Thumb code of M-profile cores. A last half-word that begins an instruction of four bytes is left out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { disassemble } from "./disassemble.ts";
 *
 * const lines = await disassemble(Uint8Array.of(0x01, 0x20, 0x70, 0x47), 0x08000100);
 * assertEquals(lines, [
 *   { address: 0x08000100, size: 2, text: "movs r0, #1" },
 *   { address: 0x08000102, size: 2, text: "bx lr" },
 * ]);
 * ```
 */
export async function disassemble(code: Uint8Array, address: number): Promise<Instruction[]> {
  const decoder = await (loading ??= load());
  const out: Instruction[] = [];
  let at = 0;
  while (at + 2 <= code.length) {
    const half = code[at]! | (code[at + 1]! << 8);
    const size = half >>> 11 >= 0b11101 ? 4 : 2;
    if (at + size > code.length) break;
    out.push({ address: address + at, size, text: decode(decoder, code.subarray(at, at + size), address + at) });
    at += size;
  }
  return out;
}

/** One at a time: the package stops at the first word that does not decode, and data between code is common. */
function decode(decoder: Decoder, bytes: Uint8Array, address: number): string {
  const found = failsafe(() => decoder.disasm(bytes, address))[0];
  if (found && found.size === bytes.length) return `${found.mnemonic} ${found.op_str}`.trim();
  const halves = Array.from({ length: bytes.length / 2 }, (_, n) => bytes[n * 2]! | (bytes[n * 2 + 1]! << 8));
  return `.short ${halves.map((half) => `0x${half.toString(16).padStart(4, "0")}`).join(", ")}`;
}

/** The package throws where nothing decodes instead of returning nothing. */
function failsafe<T>(decodeAll: () => T[]): T[] {
  try {
    return decodeAll();
  } catch {
    return [];
  }
}

async function load(): Promise<Decoder> {
  const { default: create } = await import("capstone") as unknown as { default: () => Promise<Capstone> };
  const capstone = await create();
  return new capstone.Capstone(capstone.ARCH_ARM, capstone.MODE_THUMB | capstone.MODE_MCLASS | capstone.MODE_V8);
}
