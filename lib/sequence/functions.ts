/**
 * The functions of the sequence language (CMSIS-Pack specification, "Debug access functions"). Names are accepted in
 * any case, because real packs write `sequence("…")`.
 *
 * @module
 */
import { TargetError, TransferError } from "../base/errors.ts";
import { getElement, putElement, type SequenceBuffers } from "./buffers.ts";
import { formatMessage } from "./format_message.ts";
import type { AccessPath, AccessWidth, SequenceHost } from "./host.ts";
import { chain, type Maybe } from "./scope.ts";

/** What a function gets to work with. */
export interface CallContext {
  /** The world. */
  readonly host: SequenceHost;
  /** Present `__dp`, `__ap` and `__apid`. */
  readonly path: AccessPath;
  /** Bit 0 of `__errorcontrol`: transfer faults are ignored and read as 0. */
  readonly ignoreFaults: boolean;
  /** Buffers of the running sequence. */
  readonly buffers: SequenceBuffers;
  /** Whether the block is atomic. */
  readonly atomic: boolean;
  /** Runs another sequence. */
  call(name: string): Promise<void>;
}

/** A value an argument may have. */
export type Argument = bigint | string;

/** Declaration and action of one function. */
export interface SequenceFunction {
  /** Name as the specification writes it. */
  readonly name: string;
  /** Kinds of the arguments. */
  readonly args: readonly ("int" | "string")[];
  /** Further integer arguments may follow. */
  readonly variadic?: boolean;
  /** How many of the last arguments may be missing. */
  readonly optional?: number;
  /** Whether it queues a write that surfaces only at a flush. */
  readonly queues?: boolean;
  /** Does it; the arguments match the declaration. */
  run(context: CallContext, args: readonly Argument[]): Maybe<bigint>;
}

const int = (args: readonly Argument[], index: number): bigint => (args[index] ?? 0n) as bigint;
const text = (args: readonly Argument[], index: number): string => (args[index] ?? "") as string;
const num = (args: readonly Argument[], index: number): number => Number(int(args, index));

/** A read that honours `__errorcontrol`. */
function read(context: CallContext, start: () => Promise<bigint>): Promise<bigint> {
  const value = start();
  return context.ignoreFaults ? value.catch(zeroOnFault) : value;
}

/** A queued write that honours `__errorcontrol`: when faults are ignored, the next write must still be carried out. */
function write(context: CallContext, start: () => void): Maybe<bigint> {
  start();
  return context.ignoreFaults ? context.host.flush().then(() => 0n, zeroOnFault) : 0n;
}

function zeroOnFault(error: unknown): bigint {
  if (error instanceof TransferError) return 0n;
  throw error;
}

function memoryFunctions(): SequenceFunction[] {
  return ([8, 16, 32, 64] as const).flatMap((width: AccessWidth): SequenceFunction[] => [
    {
      name: `Read${width}`,
      args: ["int"],
      run: (c, a) => read(c, () => c.host.readMemory(c.path, width, int(a, 0))),
    },
    {
      name: `Write${width}`,
      args: ["int", "int"],
      queues: true,
      run: (c, a) => write(c, () => c.host.writeMemory(c.path, width, int(a, 0), BigInt.asUintN(width, int(a, 1)))),
    },
  ]);
}

/** Accesses of a buffer function that are on their way at the same time. */
const CHUNK = 1024;

/** Longest DAP_Delay in microseconds: every wait has a bound. */
const MAX_DELAY_US = 60_000_000n;

/** Longest wait of DAP_SWJ_Pins in microseconds, as the specification and CMSIS-DAP say. */
const MAX_PIN_WAIT_US = 3_000_000n;

/** Width and increment from the mode argument of buffer functions: access size in bits plus increment in bit 0. */
export function elementOf(mode: bigint): { readonly width: AccessWidth; readonly increment: boolean } {
  const width = Number(mode & 0x1fen);
  if (width !== 8 && width !== 16 && width !== 32 && width !== 64) {
    throw new TargetError(`Cannot use access mode ${mode}: the access size must be 8, 16, 32 or 64 bits`, {
      code: "sequence-argument",
    });
  }
  return { width, increment: (mode & 1n) !== 0n };
}

async function bufferRead(c: CallContext, a: readonly Argument[]): Promise<bigint> {
  const { width, increment } = elementOf(int(a, 4));
  const size = width / 8;
  checkMultiple("length", int(a, 3), size);
  const bytes = c.buffers.grow(int(a, 0), int(a, 1) + int(a, 3));
  const count = num(a, 3) / size;
  for (let done = 0; done < count; done += CHUNK) {
    const reads = Array.from({ length: Math.min(CHUNK, count - done) }, (_, i) => {
      const address = int(a, 2) + (increment ? BigInt((done + i) * size) : 0n);
      return read(c, () => c.host.readMemory(c.path, width, address));
    });
    const values = await Promise.all(reads);
    values.forEach((value, i) => putElement(bytes, num(a, 1) + (done + i) * size, size, value));
  }
  return 0n;
}

function checkMultiple(what: string, value: bigint, size: number): void {
  if (value % BigInt(size) === 0n) return;
  throw new TargetError(`Cannot use ${what} ${value}: it is not a multiple of the access size of ${size} bytes`, {
    code: "sequence-argument",
  });
}

async function bufferWrite(c: CallContext, a: readonly Argument[]): Promise<bigint> {
  const { width, increment } = elementOf(int(a, 4));
  const size = width / 8;
  checkMultiple("length", int(a, 3), size);
  const held = c.buffers.size(int(a, 0));
  if (held === 0n) throw emptyBuffer(int(a, 0));
  const left = held - int(a, 1);
  const length = Number(left < int(a, 3) ? (left > 0n ? left : 0n) : int(a, 3));
  const count = Math.floor(length / size);
  const bytes = c.buffers.slice(int(a, 0), int(a, 1), BigInt(count * size));
  for (let i = 0; i < count; i++) {
    const address = int(a, 2) + (increment ? BigInt(i * size) : 0n);
    await write(c, () => c.host.writeMemory(c.path, width, address, getElement(bytes, i * size, size)));
  }
  if (!c.ignoreFaults) await c.host.flush();
  return BigInt(count * size);
}

function emptyBuffer(id: bigint): TargetError {
  return new TargetError(`Cannot use buffer ${id}: nothing was put into it`, { code: "sequence-buffer" });
}

function bufferFunctions(): SequenceFunction[] {
  return [
    {
      name: "BufferSet",
      args: ["int", "int", "int", "int", "int"],
      run: (c, a) => c.buffers.set(int(a, 0), int(a, 1), int(a, 2), int(a, 3), int(a, 4)),
    },
    {
      name: "BufferGet",
      args: ["int", "int", "int"],
      run: (c, a) => c.buffers.get(int(a, 0), int(a, 1), int(a, 2)),
    },
    { name: "BufferSize", args: ["int"], run: (c, a) => c.buffers.size(int(a, 0)) },
    { name: "BufferRead", args: ["int", "int", "int", "int", "int"], run: bufferRead },
    { name: "BufferWrite", args: ["int", "int", "int", "int", "int"], run: bufferWrite },
    {
      name: "BufferStreamIn",
      args: ["int", "int", "int", "string", "int", "int"],
      run: async (c, a) => {
        const bytes = await c.host.readFile(text(a, 3), int(a, 2), int(a, 5));
        c.buffers.grow(int(a, 0), int(a, 1) + BigInt(bytes.length)).set(bytes, num(a, 1));
        return BigInt(bytes.length);
      },
    },
    {
      name: "BufferStreamOut",
      args: ["int", "int", "int", "string", "int", "int"],
      run: async (c, a) => {
        const held = c.buffers.size(int(a, 0));
        if (held === 0n) throw emptyBuffer(int(a, 0));
        const left = held > int(a, 1) ? held - int(a, 1) : 0n;
        const length = int(a, 2) < left ? int(a, 2) : left;
        const bytes = c.buffers.slice(int(a, 0), int(a, 1), length).slice();
        await c.host.writeFile(text(a, 3), bytes, (int(a, 4) & 0x10n) !== 0n, int(a, 5));
        return BigInt(bytes.length);
      },
    },
  ];
}

function portFunctions(): SequenceFunction[] {
  return [
    { name: "ReadAP", args: ["int"], run: (c, a) => read(c, () => c.host.readAp(c.path, int(a, 0))) },
    {
      name: "WriteAP",
      args: ["int", "int"],
      queues: true,
      run: (c, a) => write(c, () => c.host.writeAp(c.path, int(a, 0), int(a, 1))),
    },
    { name: "ReadAccessAP", args: ["int"], run: (c, a) => read(c, () => c.host.readAccessAp(c.path, int(a, 0))) },
    {
      name: "WriteAccessAP",
      args: ["int", "int"],
      queues: true,
      run: (c, a) => write(c, () => c.host.writeAccessAp(c.path, int(a, 0), int(a, 1))),
    },
    { name: "ReadDP", args: ["int"], run: (c, a) => read(c, () => c.host.readDp(c.path, int(a, 0))) },
    {
      name: "WriteDP",
      args: ["int", "int"],
      queues: true,
      run: (c, a) => write(c, () => c.host.writeDp(c.path, int(a, 0), int(a, 1))),
    },
  ];
}

const done = (): bigint => 0n;

/** Commands of the debug unit; what is queued before them goes first. */
function dapFunctions(): SequenceFunction[] {
  const after = <T>(c: CallContext, act: () => Promise<T>): Promise<T> =>
    c.host.flush().catch((error) => {
      if (!c.ignoreFaults || !(error instanceof TransferError)) throw error;
    }).then(act);
  // In an atomic block the host queues them between accesses; elsewhere failures of those come out first.
  const inTurn = <T>(c: CallContext, act: () => Promise<T>): Promise<T> => c.atomic ? act() : after(c, act);
  return [
    {
      name: "DAP_Delay",
      args: ["int"],
      run: (c, a) => {
        if (int(a, 0) > MAX_DELAY_US) {
          throw new TargetError(`Cannot wait ${int(a, 0)} microseconds: ${MAX_DELAY_US} is the limit`, {
            code: "sequence-argument",
          });
        }
        return inTurn(c, () => c.host.delay(num(a, 0))).then(done);
      },
    },
    {
      name: "DAP_WriteABORT",
      args: ["int"],
      run: (c, a) => after(c, () => c.host.writeAbort(c.path, num(a, 0) >>> 0)).then(done),
    },
    {
      name: "DAP_SWJ_Pins",
      args: ["int", "int", "int"],
      run: (c, a) => {
        const waitUs = int(a, 2) < MAX_PIN_WAIT_US ? int(a, 2) : MAX_PIN_WAIT_US;
        const [output, select] = [Number(int(a, 0) & 0xffn), Number(int(a, 1) & 0xffn)];
        return inTurn(c, () => c.host.swjPins(output, select, Number(waitUs))).then(BigInt);
      },
    },
    { name: "DAP_SWJ_Clock", args: ["int"], run: (c, a) => after(c, () => c.host.swjClock(num(a, 0))).then(done) },
    {
      name: "DAP_SWJ_Sequence",
      args: ["int", "int"],
      queues: true,
      run: (c, a) => {
        checkBits(int(a, 0));
        c.host.swjSequence(num(a, 0), int(a, 1));
        return 0n;
      },
    },
    {
      name: "DAP_JTAG_Sequence",
      args: ["int", "int", "int"],
      run: (c, a) => {
        checkBits(int(a, 0));
        return after(c, () => c.host.jtagSequence(num(a, 0), int(a, 1) !== 0n, int(a, 2)));
      },
    },
  ];
}

function checkBits(count: bigint): void {
  if (count >= 1n && count <= 64n) return;
  throw new TargetError(`Cannot shift ${count} bits at once: 1 to 64 are allowed`, {
    code: "sequence-argument",
    hint: "Longer sequences are several calls in one atomic block",
  });
}

/** Type 2 is an error and ends the sequence. */
function message(c: CallContext, a: readonly Argument[]): bigint {
  const text = formatMessage(a[1] as string, a.slice(2));
  const level = int(a, 0) === 0n ? "info" : int(a, 0) === 1n ? "warning" : "error";
  c.host.message(level, text);
  if (level !== "error" || c.ignoreFaults) return 0n;
  throw new TargetError(`The chip's description says: ${text}`, { code: "sequence-message" });
}

function hostFunctions(): SequenceFunction[] {
  return [
    { name: "Sequence", args: ["string"], run: (c, a) => c.call(text(a, 0)).then(done) },
    {
      name: "Query",
      args: ["int", "string", "int"],
      run: (c, a) => c.host.query(num(a, 0), text(a, 1), int(a, 2)),
    },
    { name: "QueryValue", args: ["string", "int"], run: (c, a) => c.host.queryValue(text(a, 0), int(a, 1)) },
    {
      name: "Message",
      args: ["int", "string"],
      variadic: true,
      run: message,
    },
    { name: "LoadDebugInfo", args: ["string"], run: (c, a) => c.host.loadDebugInfo(text(a, 0)) },
    {
      name: "FilePathExists",
      args: ["string", "int"],
      optional: 1,
      run: (c, a) => c.host.fileExists(text(a, 0), int(a, 1)).then((exists) => exists ? 0n : 1n),
    },
    ...[false, true].map((python): SequenceFunction => ({
      name: python ? "RunPythonScript" : "RunApplication",
      args: ["string", "string", "string", "int"],
      run: (c, a) =>
        c.host.flush().then(() =>
          c.host.runApplication({
            path: text(a, 0),
            args: text(a, 1),
            directory: text(a, 2),
            timeoutUs: int(a, 3),
            python,
          })
        ),
    })),
    {
      name: "FlashWriteBuffer",
      args: ["int", "int", "int", "int"],
      run: (c, a) => c.host.flashWriteBuffer(c.path, int(a, 0), int(a, 1), int(a, 2), int(a, 3)),
    },
    {
      name: "FlashLoadAlgorithm",
      args: ["string", "int", "int"],
      run: (c, a) => c.host.flashLoadAlgorithm(text(a, 0), int(a, 1), int(a, 2)),
    },
  ];
}

let table: ReadonlyMap<string, SequenceFunction> | undefined;

/**
 * The functions by lower-cased name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sequenceFunctions } from "./functions.ts";
 *
 * assertEquals(sequenceFunctions().size, 37);
 * assertEquals(sequenceFunctions().get("dap_swj_pins")?.args.length, 3);
 * ```
 */
export function sequenceFunctions(): ReadonlyMap<string, SequenceFunction> {
  table ??= new Map(
    [...memoryFunctions(), ...portFunctions(), ...dapFunctions(), ...hostFunctions(), ...bufferFunctions()].map((f) => [
      f.name.toLowerCase(),
      f,
    ]),
  );
  return table;
}

/** Whether `count` arguments suit a function. */
export function takesArguments(fn: SequenceFunction, count: number): boolean {
  return count >= fn.args.length - (fn.optional ?? 0) && (fn.variadic === true || count <= fn.args.length);
}

/** Joins a list of values that may be on their way, without waiting when none is. */
export function all(values: readonly Maybe<Argument>[]): Maybe<Argument[]> {
  return values.some((value) => value instanceof Promise)
    ? Promise.all(values)
    : chain(values as readonly Argument[], (v) => [...v]);
}
