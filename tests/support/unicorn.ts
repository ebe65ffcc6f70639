/**
 * The Unicorn CPU emulator through FFI, as an independent witness for the simulated cores. Tests only.
 *
 * @module
 */

const PATHS = ["libunicorn.so.2", "/usr/lib/x86_64-linux-gnu/libunicorn.so.2", "libunicorn.2.dylib"];

const SYMBOLS = {
  uc_open: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  uc_close: { parameters: ["pointer"], result: "i32" },
  uc_mem_map: { parameters: ["pointer", "u64", "usize", "u32"], result: "i32" },
  uc_mem_write: { parameters: ["pointer", "u64", "buffer", "usize"], result: "i32" },
  uc_mem_read: { parameters: ["pointer", "u64", "buffer", "usize"], result: "i32" },
  uc_reg_write: { parameters: ["pointer", "i32", "buffer"], result: "i32" },
  uc_reg_read: { parameters: ["pointer", "i32", "buffer"], result: "i32" },
  uc_emu_start: { parameters: ["pointer", "u64", "u64", "u64", "usize"], result: "i32" },
  uc_ctl: { parameters: ["pointer", "i32", "i32"], result: "i32" },
} as const;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>;

const ARCH_ARM = 1;
const MODE_MCLASS = 0x20 | 0x10;
/** `UC_CTL_CPU_MODEL` with its "write" and "one argument" bits. */
const CTL_SET_CPU_MODEL = 7 | (1 << 26) | (1 << 30);

/** CPU models of Unicorn's `uc_cpu_arm`. */
export const UNICORN_CPU = { "cortex-m0": 7, "cortex-m4f": 9 } as const;

/** Register numbers of Unicorn's `uc_arm_reg`. */
export const UNICORN_REGISTER = {
  fpscr: 6,
  lr: 10,
  pc: 11,
  sp: 12,
  r0: 66,
  s0: 79,
  xpsr: 120,
  apsrWithGe: 129,
} as const;

/** Opens the library, or says why it cannot. */
export function openUnicorn(): Library | string {
  for (const path of PATHS) {
    try {
      return Deno.dlopen(path, SYMBOLS);
    } catch {
      // The next name may be the right one for this system.
    }
  }
  return "libunicorn2 is not installed";
}

/** One emulated core. */
export class Unicorn {
  #library: Library;
  #handle: Deno.PointerValue;
  #word = new Uint32Array(1);

  /** Makes a core of the given model. */
  constructor(library: Library, model: number) {
    this.#library = library;
    const out = new BigUint64Array(1);
    this.#check(library.symbols.uc_open(ARCH_ARM, MODE_MCLASS, new Uint8Array(out.buffer)), "open");
    this.#handle = Deno.UnsafePointer.create(out[0]!);
    this.#check(library.symbols.uc_ctl(this.#handle, CTL_SET_CPU_MODEL, model), "set the CPU model");
  }

  #check(code: number, what: string): void {
    if (code !== 0) throw new Error(`Cannot ${what} in Unicorn: error ${code}`);
  }

  /** Maps `size` bytes of read-write-execute memory. */
  map(address: number, size: number): void {
    this.#check(this.#library.symbols.uc_mem_map(this.#handle, BigInt(address), BigInt(size), 7), "map memory");
  }

  /** Writes memory. */
  writeMemory(address: number, bytes: Uint8Array<ArrayBuffer>): void {
    const code = this.#library.symbols.uc_mem_write(this.#handle, BigInt(address), bytes, BigInt(bytes.length));
    this.#check(code, "write memory");
  }

  /** Reads memory into `bytes`. */
  readMemory(address: number, bytes: Uint8Array<ArrayBuffer>): void {
    const code = this.#library.symbols.uc_mem_read(this.#handle, BigInt(address), bytes, BigInt(bytes.length));
    this.#check(code, "read memory");
  }

  /** Writes a register by Unicorn's number. */
  writeRegister(register: number, value: number): void {
    this.#word[0] = value;
    this.#check(this.#library.symbols.uc_reg_write(this.#handle, register, this.#word), "write a register");
  }

  /** Reads a register by Unicorn's number, unsigned. */
  readRegister(register: number): number {
    this.#check(this.#library.symbols.uc_reg_read(this.#handle, register, this.#word), "read a register");
    return this.#word[0]!;
  }

  /** Runs Thumb code from `begin` until `end` is reached; 0 when all went well, Unicorn's error number otherwise. */
  run(begin: number, end: number, count: number): number {
    return this.#library.symbols.uc_emu_start(this.#handle, BigInt(begin | 1), BigInt(end), 0n, BigInt(count));
  }

  /** Frees the core. */
  close(): void {
    this.#library.symbols.uc_close(this.#handle);
  }
}
