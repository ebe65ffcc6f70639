/**
 * Code addresses in words: function, file and line, instruction.
 *
 * @module
 */
import { hex, hexBytes } from "../base/bytes.ts";
import { TapirError } from "../base/errors.ts";
import { disassemble } from "../core/disassemble.ts";
import type { SymbolTable } from "../format/symbols.ts";
import type { CommandContext } from "./context.ts";

/**
 * `main+4 : src/main.c:12`, as far as the symbols know; undefined when they know nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SymbolTable } from "../format/symbols.ts";
 * import { describePlace } from "./places.ts";
 *
 * const main = { name: "main", value: 0x08000101, size: 8, type: 2, binding: 1, section: 1 };
 * const symbols = new SymbolTable([main], []);
 * assertEquals(describePlace(symbols, 0x08000104), "main+4");
 * assertEquals(describePlace(symbols, 0x08000000), undefined);
 * ```
 */
export function describePlace(symbols: SymbolTable | undefined, address: number): string | undefined {
  const inside = symbols?.functionAt(address);
  const line = symbols?.lineAt(address);
  const parts = [];
  if (inside !== undefined) parts.push(inside.symbol.name + (inside.offset === 0 ? "" : `+${inside.offset}`));
  if (line !== undefined) parts.push(`${line.file}:${line.line}`);
  return parts.length === 0 ? undefined : parts.join(" : ");
}

/** Lines of disassembled code; `*` marks the instruction at `pc`. */
export async function formatCode(code: Uint8Array, address: number, pc: number | undefined): Promise<string> {
  let out = "";
  for (const { address: at, size, text } of await disassemble(code, address)) {
    const [mnemonic = "", ...operands] = text.split(" ");
    const bytes = hexBytes(code.subarray(at - address, at - address + size));
    const mark = at === pc ? "*" : " ";
    out += `${hex(at)}:${mark} ${bytes.padEnd(10)}${mnemonic.padEnd(8)}${operands.join(" ")}`.trimEnd() + "\n";
  }
  return out;
}

/** The instruction at the program counter of the selected core as one line. @throws {TapirError} unless it is halted */
export async function formatNextInstruction(context: CommandContext): Promise<string> {
  const pc = await context.core.readRegister("pc");
  for (const length of [4, 2]) {
    try {
      const text = await formatCode(await context.core.readBytes(pc, length), pc, pc);
      return text.slice(0, text.indexOf("\n") + 1);
    } catch (error) {
      // The last half-word of a memory has nothing behind it; in lock-up there is no code at all.
      if (!(error instanceof TapirError)) throw error;
    }
  }
  return `${hex(pc)}:* no code can be read here\n`;
}
