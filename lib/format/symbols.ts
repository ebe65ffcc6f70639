/**
 * Names for addresses and addresses for names, from an ELF file with its debug information.
 *
 * @module
 */
import { debugSection } from "./debug_sections.ts";
import type { ElfFile, ElfSymbol } from "./elf.ts";
import { type LineRange, readLineRanges, type SourceLine } from "./dwarf_line.ts";

/** A symbol as people use it: functions without the Thumb bit. */
export interface NamedAddress {
  /** Name. */
  readonly name: string;
  /** Byte address. */
  readonly address: number;
  /** Bytes, 0 when unknown. */
  readonly size: number;
  /** Whether it is a function. */
  readonly isFunction: boolean;
}

/** The function that holds an address. */
export interface FunctionPlace {
  /** The function. */
  readonly symbol: NamedAddress;
  /** Bytes from its start. */
  readonly offset: number;
}

/** A function with the byte address that it cannot reach. */
interface BoundedFunction extends NamedAddress {
  readonly limit: number;
}

const STT_FUNC = 2;
const STT_SECTION = 3;
const STT_FILE = 4;
/** SHF_EXECINSTR. */
const EXECUTABLE = 4;
/** Names that mark code and data for disassemblers (IHI 0044, 5.5.5) rather than naming anything. */
const MAPPING = /^\$[adt](\.|$)/;

/**
 * The symbols and source lines of one program.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SymbolTable } from "./symbols.ts";
 *
 * const main = { name: "main", value: 0x08000101, size: 8, type: 2, binding: 1, section: 1 };
 * const table = new SymbolTable([main], []);
 * assertEquals(table.find("main")?.address, 0x08000100);
 * assertEquals(table.functionAt(0x08000106)?.offset, 6);
 * ```
 */
export class SymbolTable {
  readonly #byName = new Map<string, NamedAddress>();
  readonly #functions: readonly BoundedFunction[];
  readonly #lines: readonly LineRange[];

  /** Takes symbols in file order, line ranges sorted by address, and where the section of a number ends. */
  constructor(
    symbols: readonly ElfSymbol[],
    lines: readonly LineRange[],
    sectionEnd: (index: number) => number = () => Infinity,
  ) {
    const functions: BoundedFunction[] = [];
    const globals = new Set<string>();
    for (const symbol of symbols) {
      const isNothing = symbol.section === 0 || symbol.type === STT_SECTION || symbol.type === STT_FILE;
      if (isNothing || MAPPING.test(symbol.name)) continue;
      const isFunction = symbol.type === STT_FUNC;
      const address = isFunction ? (symbol.value & ~1) >>> 0 : symbol.value;
      const named = { name: symbol.name, address, size: symbol.size, isFunction };
      if (isFunction) functions.push({ ...named, limit: sectionEnd(symbol.section) });
      // Of several with one name, a global one is what the user means; of local ones, the first.
      const isGlobal = symbol.binding !== 0;
      if (!this.#byName.has(symbol.name) || (isGlobal && !globals.has(symbol.name))) {
        this.#byName.set(symbol.name, named);
      }
      if (isGlobal) globals.add(symbol.name);
    }
    this.#functions = functions.sort((a, b) => a.address - b.address || a.size - b.size);
    this.#lines = lines;
  }

  /** Reads the symbols and source lines of an ELF file. @throws {FormatError} when they are damaged */
  static async fromElf(elf: ElfFile): Promise<SymbolTable> {
    const line = await debugSection(elf, "line");
    const [lineStrings, strings] = line === undefined
      ? []
      : await Promise.all([debugSection(elf, "line_str"), debugSection(elf, "str")]);
    const ranges = line === undefined ? [] : readLineRanges({
      line,
      ...(lineStrings === undefined ? {} : { lineStrings }),
      ...(strings === undefined ? {} : { strings }),
    }, elf.fileName);
    const symbols = elf.symbols();
    const endOf = (index: number): number => {
      const section = elf.sections[index];
      return section === undefined ? Infinity : section.address + section.size;
    };
    return new SymbolTable(symbols, presentRanges(ranges, elf, symbols), endOf);
  }

  /** Every name, in the order of the file. */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** The symbol of this name, or undefined. */
  find(name: string): NamedAddress | undefined {
    return this.#byName.get(name);
  }

  /** The function that holds an address; one of unknown size reaches to the next, or to the end of its section. */
  functionAt(address: number): FunctionPlace | undefined {
    const symbol = lastAtOrBelow(this.#functions, address, (each) => each.address);
    if (symbol === undefined) return undefined;
    const offset = address - symbol.address;
    const isInside = symbol.size > 0 ? offset < symbol.size : address < symbol.limit;
    return isInside ? { symbol, offset } : undefined;
  }

  /** The source line that the code at an address was made from. */
  lineAt(address: number): SourceLine | undefined {
    const range = lastAtOrBelow(this.#lines, address, (each) => each.start);
    return range !== undefined && address < range.end ? range : undefined;
  }
}

/**
 * Ranges without those of functions that the linker left out. Their addresses are small leftovers of relocation that may
 * lie inside real code, so that a range counts when its sequence begins at a symbol, or when no such range lies there.
 */
function presentRanges(ranges: readonly LineRange[], elf: ElfFile, symbols: readonly ElfSymbol[]): LineRange[] {
  const code = elf.sections.filter((section) => (section.flags & EXECUTABLE) !== 0 && section.size > 0);
  const starts = new Set(symbols.filter(({ section }) => section !== 0).map(({ value }) => (value & ~1) >>> 0));
  const inCode = ranges.filter(({ start, end }) =>
    code.some(({ address, size }) => start >= address && end <= address + size)
  );
  const known = inCode.filter(({ sequence }) => starts.has(sequence));
  const isFree = ({ start, end }: LineRange): boolean => {
    const before = lastAtOrBelow(known, end - 1, (each) => each.start);
    return before === undefined || before.end <= start;
  };
  return inCode.filter((range) => starts.has(range.sequence) || isFree(range));
}

/** The last entry of a sorted list whose key is not above `key`. */
function lastAtOrBelow<T>(sorted: readonly T[], key: number, keyOf: (entry: T) => number): T | undefined {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyOf(sorted[middle]!) <= key) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}
